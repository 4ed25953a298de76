//! Every user's sum over each window of days in use.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::window::{Window, steps, sum_windows};
use super::{Sum, Totals};
use crate::domain::UserId;
use crate::store::{Committed, Reader, StoreError, window_sums};

/// The sums of all windows in use. Boards that have the same window share them.
#[derive(Default)]
pub(super) struct Sums(HashMap<Window, Totals>);

impl Sums {
    /// The sums over a window.
    pub fn get(&self, window: &Window) -> Option<&Totals> {
        self.0.get(window)
    }

    /// Forgets all sums.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Forgets windows that are not in use.
    pub fn retain(&mut self, in_use: impl Fn(&Window) -> bool) {
        self.0.retain(|window, _| in_use(window));
    }

    /// Adds what transactions have changed. `changed` is called for each window, with the users whose sums over it have
    /// changed.
    pub fn apply(&mut self, facts: &[Arc<Committed>], mut changed: impl FnMut(Window, &BTreeMap<UserId, Sum>)) {
        let mut changes: HashMap<Window, BTreeMap<UserId, Sum>> = HashMap::new();
        for change in facts.iter().flat_map(|committed| &committed.scores) {
            for &window in self.0.keys().filter(|(first, last)| (*first..=*last).contains(&change.date)) {
                let sum = Sum { score: change.score, days: change.days };
                changes.entry(window).or_default().entry(change.user_id).or_default().add(sum);
            }
        }
        for (window, changes) in changes {
            if let Some(totals) = self.0.get_mut(&window) {
                totals.apply(&changes);
                changed(window, &changes);
            }
        }
    }

    /// Sums the windows that are not held yet. The snapshot has to hold the same transactions as the sums here.
    pub fn read_missing(
        &mut self,
        connection: &Reader,
        windows: impl Iterator<Item = Window>,
    ) -> Result<(), StoreError> {
        let mut missing: Vec<Window> = Vec::new();
        for window in windows {
            if !self.0.contains_key(&window) && !missing.contains(&window) && !self.slide(connection, window)? {
                missing.push(window);
            }
        }
        let read = sum_windows(connection, &missing)?;
        self.0.extend(missing.into_iter().zip(read));
        Ok(())
    }

    /// Makes the sums of a window from those of a window that is a few days away: adds the days that enter and
    /// subtracts the days that leave. Returns `false` if there is no window so near.
    fn slide(&mut self, connection: &Reader, window: Window) -> Result<bool, StoreError> {
        let near = self.0.keys().find_map(|&near| Some((near, steps(near, window)?)));
        let Some((near, steps)) = near else { return Ok(false) };
        let mut changes: BTreeMap<UserId, Sum> = BTreeMap::new();
        for (dates, sign) in steps {
            window_sums::walk(connection, &dates, |score| {
                let sum = Sum { score: score.score * i64::from(sign), days: sign };
                changes.entry(score.user_id).or_default().add(sum);
            })?;
        }
        let mut totals = self.0[&near].clone();
        totals.apply(&changes);
        self.0.insert(window, totals);
        Ok(true)
    }
}
