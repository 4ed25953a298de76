//! The sheets of all windows in use, and what has changed in them since the views were last brought up.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::sheet::Sheet;
use super::totals::{Sum, Totals};
use super::window::{Window, steps, sum_windows};
use crate::domain::{EventDate, UserId};
use crate::store::window_sums::{self, UserScore};
use crate::store::{Committed, Reader, StoreError};

/// How many windows are summed in one walk over the scores. While they are, they take more memory than later.
const AT_ONCE_MAX: usize = 24;

/// A window in use.
pub(super) struct Followed {
    /// The sums. Readers may have them too; then a change makes another sheet, which shares nearly all with theirs.
    pub sheet: Arc<Sheet>,
    /// Users who have other scores or other names since all views were last brought up. Nobody is taken out.
    pub touched: Vec<UserId>,
    /// The window that it was made from since then, if any. It is only known until either of them changes.
    pub origin: Option<Origin>,
}

/// The window that another window was made from.
pub(super) struct Origin {
    pub window: Window,
    /// All others have the same scores in both, and had the same when the views of that window were last brought up.
    pub differing: Vec<UserId>,
}

impl Followed {
    fn new(sheet: Sheet) -> Followed {
        Followed { sheet: Arc::new(sheet), touched: Vec::new(), origin: None }
    }

    fn add(&mut self, added: &BTreeMap<UserId, Sum>) {
        let changes = self.sheet.after(added);
        self.touched.extend(Arc::make_mut(&mut self.sheet).set(&changes));
    }

    /// Takes over the sums that were read from the file.
    fn become_those(&mut self, totals: &Totals) {
        let changes = self.sheet.until(totals);
        if !changes.is_empty() {
            self.touched.extend(Arc::make_mut(&mut self.sheet).set(&changes));
        }
    }
}

/// All windows in use. Boards that have the same window share its sheet.
#[derive(Default)]
pub(super) struct Windows {
    followed: HashMap<Window, Followed>,
    active: Vec<UserId>,
}

impl Windows {
    /// A window, if it is in use.
    pub fn get(&self, window: &Window) -> Option<&Followed> {
        self.followed.get(window)
    }

    /// Users whose score on any day has changed since all views were last brought up, even if it is in no window.
    pub fn active(&self) -> &[UserId] {
        &self.active
    }

    /// Forgets all windows.
    pub fn clear(&mut self) {
        *self = Windows::default();
    }

    /// Forgets windows that are not in use.
    pub fn retain(&mut self, in_use: impl Fn(&Window) -> bool) {
        self.followed.retain(|window, _| in_use(window));
    }

    /// Notes that all views show what is here.
    pub fn settle(&mut self) {
        self.active.clear();
        for followed in self.followed.values_mut() {
            followed.touched.clear();
        }
        self.forget_origins();
    }

    fn forget_origins(&mut self) {
        self.followed.values_mut().for_each(|followed| followed.origin = None);
    }

    /// Notes that users have other names or other pictures.
    pub fn relabel(&mut self, users: &[UserId]) {
        for followed in self.followed.values_mut() {
            followed.touched.extend(users.iter().filter(|id| followed.sheet.sum(**id).is_some()));
        }
    }

    /// Adds what transactions have changed.
    pub fn apply(&mut self, facts: &[Arc<Committed>]) {
        // A refresh that failed leaves some, and does not know of the days that only one of the two windows has.
        self.forget_origins();
        let mut added: HashMap<Window, BTreeMap<UserId, Sum>> = HashMap::new();
        for change in facts.iter().flat_map(|committed| &committed.scores) {
            self.active.push(change.user_id);
            for &window in self.followed.keys().filter(|(first, last)| (*first..=*last).contains(&change.date)) {
                let sum = Sum { score: change.score, days: change.days };
                added.entry(window).or_default().entry(change.user_id).or_default().add(sum);
            }
        }
        for (window, added) in added {
            if let Some(followed) = self.followed.get_mut(&window) {
                followed.add(&added);
            }
        }
    }

    /// Reads all windows anew, and forgets those that are not named. What is as before stays as it is. Where it fails, some
    /// are read and none is forgotten, and who has other scores in these is still told.
    pub fn read_all(&mut self, connection: &Reader, windows: &[Window]) -> Result<(), StoreError> {
        self.forget_origins();
        for windows in windows.chunks(AT_ONCE_MAX) {
            for (window, totals) in windows.iter().zip(sum_windows(connection, windows)?) {
                match self.followed.entry(*window) {
                    Entry::Occupied(mut followed) => followed.get_mut().become_those(&totals),
                    Entry::Vacant(place) => {
                        place.insert(Followed::new(Sheet::of(&totals)));
                    }
                }
            }
        }
        let named: HashSet<&Window> = windows.iter().collect();
        self.retain(|window| named.contains(window));
        Ok(())
    }

    /// Reads the windows that are not in use yet, or the first of them if they are many. Returns whether that was all. The
    /// snapshot has to hold the same transactions as the windows here.
    pub fn read_missing(&mut self, connection: &Reader, windows: &[Window]) -> Result<bool, StoreError> {
        let mut days = Days { connection, read: HashMap::new() };
        let mut missing: Vec<Window> = Vec::new();
        for window in windows {
            if !self.followed.contains_key(window) && !self.slide(&mut days, *window)? {
                missing.push(*window);
            }
        }
        let is_all = missing.len() <= AT_ONCE_MAX;
        missing.truncate(AT_ONCE_MAX);
        let sheets = sum_windows(connection, &missing)?.into_iter().map(|totals| Followed::new(Sheet::of(&totals)));
        self.followed.extend(missing.iter().copied().zip(sheets));
        Ok(is_all)
    }

    /// Makes a window from one that is a few days away: adds the days that enter and subtracts the days that leave.
    /// Both share what is the same in them. Returns `false` if there is no window so near.
    fn slide(&mut self, days: &mut Days<'_>, window: Window) -> Result<bool, StoreError> {
        let near = self.followed.keys().filter_map(|near| Some((*near, steps(*near, window)?)));
        let Some((near, steps)) = near.min_by_key(|(near, steps)| (steps.len(), *near)) else { return Ok(false) };
        let mut added: BTreeMap<UserId, Sum> = BTreeMap::new();
        for (dates, sign) in steps {
            for score in days.read(dates)? {
                let sum = Sum { score: score.score * i64::from(sign), days: sign };
                added.entry(score.user_id).or_default().add(sum);
            }
        }
        let from = &self.followed[&near];
        let mut differing = from.touched.clone();
        let mut slid = Followed::new(Sheet::clone(&from.sheet));
        slid.add(&added);
        differing.append(&mut slid.touched);
        slid.origin = Some(Origin { window: near, differing });
        self.followed.insert(window, slid);
        Ok(true)
    }

    /// How many bytes each window takes, at most.
    pub fn bytes(&self) -> impl Iterator<Item = (Window, usize)> + '_ {
        self.followed.iter().map(|(window, followed)| (*window, followed.sheet.bytes_at_most()))
    }
}

/// The scores of days that enter or leave windows. At midnight many windows need the same.
struct Days<'c> {
    connection: &'c Reader,
    read: HashMap<RangeInclusive<EventDate>, Vec<UserScore>>,
}

impl Days<'_> {
    fn read(&mut self, dates: RangeInclusive<EventDate>) -> Result<&[UserScore], StoreError> {
        if !self.read.contains_key(&dates) {
            let mut scores = Vec::new();
            window_sums::walk(self.connection, &dates, |score| scores.push(score))?;
            self.read.insert(dates.clone(), scores);
        }
        Ok(&self.read[&dates])
    }
}

#[cfg(test)]
mod tests;
