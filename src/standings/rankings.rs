//! The rankings that are kept up to date, and which views show them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::catalog::Effect;
use super::eligible::{Eligible, Groups};
use super::windows::Followed;
use super::{Catalog, Ranked, StandingsKey, View, Window};
use crate::domain::{Leaderboard, Ranking, UserId};

/// What boards have in common that share a ranking: the days that count, and the groups that decide who is ranked.
pub(super) type Common = (Window, Groups);

/// All rankings that are kept up to date.
pub(super) struct Rankings {
    ranking: Ranking,
    /// Who is eligible, for the groups of all boards in use.
    eligible: HashMap<Groups, Arc<Eligible>>,
    shared: HashMap<Common, Shared>,
    shown: HashMap<StandingsKey, Shown>,
    /// How many editions there were.
    editions: u64,
    /// How often anybody may have got another name, without it being known who.
    relabelled: u64,
    /// How often all scores were read anew.
    reread: u64,
}

/// A ranking that is kept up to date.
struct Shared {
    ranked: Arc<Ranked>,
    /// Another number whenever its views have to be others: somebody has another score or another name.
    edition: u64,
    /// How many of those whom [`Followed::touched`] names it has taken in.
    taken: usize,
    /// How many of [`Source::active`] it has taken in.
    active: usize,
    /// See [`Rankings::relabelled`] and [`Rankings::reread`].
    relabelled: u64,
    reread: u64,
}

/// What a view shows.
struct Shown {
    common: Common,
    board: Arc<Leaderboard>,
    edition: u64,
}

/// What a view is made of.
pub(super) struct Source<'s> {
    pub board: &'s Arc<Leaderboard>,
    pub window: Window,
    /// The sums over that window.
    pub followed: &'s Followed,
    /// Users whose score on any day has changed since all views were last brought up.
    pub active: &'s [UserId],
    pub catalog: &'s Arc<Catalog>,
}

impl Rankings {
    /// No rankings yet. In all of them, equal scores will share positions as `ranking` says.
    pub fn new(ranking: Ranking) -> Rankings {
        let (eligible, shared, shown) = (HashMap::new(), HashMap::new(), HashMap::new());
        Rankings { ranking, eligible, shared, shown, editions: 0, relabelled: 0, reread: 0 }
    }

    /// Forgets all rankings.
    pub fn clear(&mut self) {
        *self = Rankings { editions: self.editions, ..Rankings::new(self.ranking) };
    }

    /// Forgets what belongs to a key.
    pub fn remove(&mut self, key: StandingsKey) {
        self.shown.remove(&key);
    }

    /// Forgets what belongs to keys that are not wanted, and the rankings that nothing belongs to any more. Returns the
    /// windows that are in use.
    pub fn retain(&mut self, wanted: impl Fn(&StandingsKey) -> bool) -> HashSet<Window> {
        self.shown.retain(|key, _| wanted(key));
        let used: HashSet<&Common> = self.shown.values().map(|shown| &shown.common).collect();
        self.shared.retain(|common, _| used.contains(common));
        let groups: HashSet<&Groups> = used.iter().map(|common| &common.1).collect();
        self.eligible.retain(|eligible, _| groups.contains(eligible));
        used.into_iter().map(|common| common.0).collect()
    }

    /// Forgets the rankings of windows that are not held any more.
    pub fn forget_without(&mut self, is_held: impl Fn(&Window) -> bool) {
        self.shared.retain(|common, _| is_held(&common.0));
    }

    /// What belongs to a key, and how many bytes that takes beside the window.
    pub fn held(&self, key: &StandingsKey) -> Option<(&Common, usize)> {
        let common = &self.shown.get(key)?.common;
        Some((common, self.shared.get(common)?.ranked.own_bytes()))
    }

    /// Notes that all views show what the windows hold, which forget whom they name as touched.
    pub fn settle(&mut self) {
        for shared in self.shared.values_mut() {
            (shared.taken, shared.active) = (0, 0);
        }
    }

    /// Notes what has changed in the catalog, which already holds the changes. Who has another name is told to the windows.
    pub fn note_directory(&mut self, effects: &[Effect], catalog: &Catalog) {
        if effects.contains(&Effect::Eligibility) {
            self.find_eligible(catalog);
        }
    }

    /// Notes that the catalog has been read anew, and whether it has changed.
    pub fn note_all_read(&mut self, is_other: bool, catalog: &Catalog) {
        self.reread += 1;
        if is_other {
            self.relabelled += 1;
            self.find_eligible(catalog);
        }
    }

    fn find_eligible(&mut self, catalog: &Catalog) {
        for (groups, eligible) in &mut self.eligible {
            let now = catalog.eligible(groups);
            if **eligible != now {
                *eligible = Arc::new(now);
            }
        }
    }

    /// Brings what belongs to a key up to date. Returns a new view of it, or `None` if the view stays the same.
    pub fn bring_up(&mut self, key: StandingsKey, source: &Source<'_>) -> Option<View> {
        let common = (source.window, Groups::of(source.board));
        let (ranked, edition) = self.bring_up_shared(&common, source);
        let before = self.shown.get_mut(&key);
        if let Some(shown) = before.filter(|shown| shown.edition == edition && shown.board == *source.board) {
            // On another day it may be another window that shows the same.
            shown.common = common;
            return None;
        }
        let board = Arc::clone(source.board);
        self.shown.insert(key, Shown { common, board: Arc::clone(&board), edition });
        Some(View::new(board, key.period, ranked, Arc::clone(source.catalog)))
    }

    /// Brings up a ranking, once for all boards that share it. Returns it with its edition.
    fn bring_up_shared(&mut self, common: &Common, source: &Source<'_>) -> (Arc<Ranked>, u64) {
        let Source { followed, active, catalog, .. } = *source;
        let eligible = self.eligible.entry(common.1.clone()).or_insert_with(|| Arc::new(catalog.eligible(&common.1)));
        let mut editions = self.editions;
        let mut another = || {
            editions += 1;
            editions
        };
        let shared = match self.shared.get_mut(common) {
            Some(shared) => {
                let before = Arc::clone(shared.ranked.eligible());
                let others = !Arc::ptr_eq(&before, eligible)
                    && eligible.differs_from(&before, |id| followed.sheet.sum(id).is_some());
                let mut touched = followed.touched[shared.taken..].iter();
                let is_touched = touched.any(|id| eligible.holds(*id) || before.holds(*id));
                if others || is_touched || shared.relabelled != self.relabelled {
                    shared.edition = another();
                }
                if others || (is_touched && !shared.ranked.rests_on(&followed.sheet)) {
                    let (eligible, sheet) = (Arc::clone(eligible), Arc::clone(&followed.sheet));
                    shared.ranked = Arc::new(Ranked::new(self.ranking, eligible, sheet, Some(&shared.ranked)));
                } else {
                    shared.ranked.rest_on(&followed.sheet);
                    let mut active = active[shared.active..].iter();
                    let is_ranked = |id: &UserId| eligible.holds(*id) && followed.sheet.sum(*id).is_some();
                    if shared.reread != self.reread || active.any(is_ranked) {
                        shared.ranked.note_days();
                    }
                }
                shared.taken = followed.touched.len();
                shared.active = active.len();
                (shared.relabelled, shared.reread) = (self.relabelled, self.reread);
                shared
            }
            None => {
                let origin = followed.origin.as_ref().and_then(|origin| {
                    let shared = self.shared.get(&(origin.window, common.1.clone()))?;
                    let is_same = Arc::ptr_eq(shared.ranked.eligible(), eligible)
                        && !origin.differing.iter().chain(&followed.touched).any(|id| eligible.holds(*id));
                    Some((shared, is_same && shared.relabelled == self.relabelled))
                });
                let ranked = |before: Option<&Ranked>| {
                    let (eligible, sheet) = (Arc::clone(eligible), Arc::clone(&followed.sheet));
                    Arc::new(Ranked::new(self.ranking, eligible, sheet, before))
                };
                let (edition, ranked) = match origin {
                    // The views stay, and so does the ranking that they show.
                    Some((shared, true)) => {
                        shared.ranked.rest_on(&followed.sheet);
                        (shared.edition, Arc::clone(&shared.ranked))
                    }
                    Some((shared, false)) => (another(), ranked(Some(&shared.ranked))),
                    None => (another(), ranked(None)),
                };
                // A ranking that two windows share may have been read before the latest changes of days.
                ranked.note_days();
                let (taken, active) = (followed.touched.len(), active.len());
                let (relabelled, reread) = (self.relabelled, self.reread);
                let shared = Shared { ranked, edition, taken, active, relabelled, reread };
                self.shared.entry(common.clone()).insert_entry(shared).into_mut()
            }
        };
        // A ranking of all is counted now, so that a reader who waits for a single score finds it.
        if shared.ranked.eligible().is_everybody() {
            shared.ranked.shape();
        }
        self.editions = editions;
        (Arc::clone(&shared.ranked), shared.edition)
    }
}
