//! A ranking as its readers have it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::chunked::Keyed;
use super::eligible::Eligible;
use super::entry::{Entry, NextPlace};
use super::shape::{Shape, first_with};
use super::sheet::{Placed, Sheet};
use crate::domain::{Ranking, UserId};

/// All ranked users over a window, for all boards with this window and the same groups. What it says never changes.
///
/// It is made of the sheet of the window and of who is eligible, and costs nothing until somebody reads it. Then the
/// places are counted, once for all readers.
#[derive(Debug)]
pub struct Ranked {
    ranking: Ranking,
    eligible: Arc<Eligible>,
    days: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    sheet: Arc<Sheet>,
    /// `None` until somebody reads it.
    shape: Option<Arc<Shape>>,
    /// The shape of the ranking before, of which the next one takes over what is the same. It is not kept for longer if
    /// nobody reads: it holds an old sheet, and each ranking would come to hold another one.
    seed: Option<Arc<Shape>>,
}

impl Ranked {
    /// The eligible users of a sheet. `before` is the ranking that it follows, if any.
    pub(super) fn new(ranking: Ranking, eligible: Arc<Eligible>, sheet: Arc<Sheet>, before: Option<&Ranked>) -> Ranked {
        let before = before.filter(|before| Arc::ptr_eq(&before.eligible, &eligible));
        let seed = before.and_then(|before| before.state().shape.clone()).filter(|shape| shape.helps_the_next());
        let state = Mutex::new(State { sheet, shape: None, seed });
        Ranked { ranking, eligible, days: AtomicU64::new(0), state }
    }

    /// Puts another sheet under the ranking, in which the eligible users are the same with the same scores. Otherwise a
    /// ranking of few, which seldom changes, would keep an old sheet of all in memory.
    pub(super) fn rest_on(&self, sheet: &Arc<Sheet>) {
        let mut state = self.state();
        if !Arc::ptr_eq(&state.sheet, sheet) {
            let seed = state.shape.take().filter(|shape| shape.helps_the_next());
            *state = State { sheet: Arc::clone(sheet), shape: None, seed };
        }
    }

    /// Whether this is the sheet under the ranking.
    pub(super) fn rests_on(&self, sheet: &Arc<Sheet>) -> bool {
        Arc::ptr_eq(&self.state().sheet, sheet)
    }

    /// Notes that somebody's points of single days may be others now, though no sum is.
    pub(super) fn note_days(&self) {
        self.days.fetch_add(1, Ordering::SeqCst);
    }

    /// Another number whenever the points that ranked users have on single days may be others, in the window or before it.
    /// Code that keeps such points together with a view has to read them again then. The number has to be asked for
    /// before they are read.
    pub fn days(&self) -> u64 {
        self.days.load(Ordering::SeqCst)
    }

    /// Who is eligible.
    pub(super) fn eligible(&self) -> &Arc<Eligible> {
        &self.eligible
    }

    /// Who stands where. It is counted when somebody first asks.
    pub(super) fn shape(&self) -> Arc<Shape> {
        let mut state = self.state();
        if let Some(shape) = &state.shape {
            return Arc::clone(shape);
        }
        // Whoever else reads it now waits for this, which is quicker than to do the same.
        let seed = state.seed.take();
        let shape = Shape::of(Arc::clone(&state.sheet), Arc::clone(&self.eligible), seed.as_deref());
        let shape = Arc::new(shape);
        state.shape = Some(Arc::clone(&shape));
        shape
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many users are ranked.
    pub fn len(&self) -> usize {
        self.shape().len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a user is ranked.
    pub fn holds(&self, user_id: UserId) -> bool {
        self.shape().score(user_id).is_some()
    }

    /// How many stand before a user; `None` if the user is not ranked.
    pub fn index(&self, user_id: UserId) -> Option<usize> {
        let shape = self.shape();
        Some(shape.index(&Placed::new(user_id, shape.score(user_id)?).key()))
    }

    /// A user's entry.
    pub fn get(&self, user_id: UserId) -> Option<Entry> {
        let shape = self.shape();
        let index = shape.index(&Placed::new(user_id, shape.score(user_id)?).key());
        shape.entries(self.ranking, index, 1).pop()
    }

    /// What a user lacks to the next better place; `None` if nobody stands better, or the user is not ranked.
    pub fn next_place(&self, user_id: UserId) -> Option<NextPlace> {
        let shape = self.shape();
        let own = shape.score(user_id)?;
        let place = |score: i64| Placed::new(user_id, score).key();
        // Whoever has as many points as somebody else shares the place, unless each has a place of their own.
        let is_shared = self.ranking != Ranking::RowNumber;
        let before = shape.index(&if is_shared { first_with(own) } else { place(own) });
        let ahead = shape.entries(self.ranking, before.checked_sub(1)?, 1).pop()?;
        if is_shared {
            return Some(NextPlace { points: ahead.score - own, position: ahead.position });
        }
        // Of two with the same score the one with the smaller id stands first.
        let score = ahead.score + i64::from(ahead.user_id < user_id);
        let position = u32::try_from(shape.index(&place(score)) + 1).unwrap_or(u32::MAX);
        Some(NextPlace { points: score - own, position })
    }

    /// All entries, best first.
    pub fn entries(&self) -> Vec<Entry> {
        self.page(0, usize::MAX)
    }

    /// At most `limit` entries, best first, without the first `offset`.
    pub fn page(&self, offset: usize, limit: usize) -> Vec<Entry> {
        self.shape().entries(self.ranking, offset, limit)
    }

    /// A user's entry with up to `radius` entries on each side; nothing if the user is not ranked.
    pub fn around(&self, user_id: UserId, radius: usize) -> Vec<Entry> {
        let shape = self.shape();
        let Some(score) = shape.score(user_id) else { return Vec::new() };
        let index = shape.index(&Placed::new(user_id, score).key());
        let first = index.saturating_sub(radius);
        shape.entries(self.ranking, first, (index - first).saturating_add(radius).saturating_add(1))
    }

    /// How many bytes it takes with its sheet, which it shares with all rankings of its window.
    pub fn bytes(&self) -> usize {
        let sheet = self.state().sheet.bytes();
        sheet + self.shape().bytes()
    }

    /// How many bytes it takes by itself.
    pub(super) fn own_bytes(&self) -> usize {
        self.eligible.bytes() + self.state().shape.as_ref().map_or(0, |shape| shape.bytes())
    }
}

#[cfg(test)]
mod tests;
