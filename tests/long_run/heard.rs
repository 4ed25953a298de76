//! What a client has asked for and what it heard, with the time of each answer.

use std::sync::Mutex;
use std::time::SystemTime;

use crate::power::cuts::Known;
use crate::power::ledger::{Change, Ledger};

/// The book of one client. Others may look into it while the client goes on.
#[derive(Default)]
pub struct Heard(Mutex<Pages>);

#[derive(Default)]
struct Pages {
    changes: Vec<Change>,
    done: Vec<(String, SystemTime)>,
}

impl Heard {
    fn pages(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.0.lock().expect("nobody panics while it writes")
    }

    /// Notes a change before it is asked for.
    pub fn asks(&self, change: Change) {
        self.pages().changes.push(change);
    }

    /// The last change was answered: it is done.
    pub fn is_done(&self) {
        let mut pages = self.pages();
        let id = pages.changes.last().expect("a change was asked for").id.clone();
        pages.done.push((id, SystemTime::now()));
    }

    /// The last change was answered: it is refused, and its events are not there.
    pub fn is_refused(&self) {
        let refuse = |change: &mut Change| change.parts.iter_mut().for_each(|(_, state)| *state = None);
        self.pages().changes.last_mut().into_iter().for_each(refuse);
        self.is_done();
    }
}

/// The books of all clients.
pub struct Books(pub Vec<Heard>);

impl Books {
    /// The ids of what was answered before a moment.
    pub fn known_at(&self, moment: SystemTime) -> Known {
        let mut known = Known::new();
        for heard in &self.0 {
            let pages = heard.pages();
            known.extend(pages.done.iter().filter(|(_, at)| *at < moment).map(|(id, _)| id.clone()));
        }
        known
    }

    /// All that was asked for until now.
    pub fn ledger(&self) -> Ledger {
        Ledger(self.0.iter().flat_map(|heard| heard.pages().changes.clone()).collect())
    }

    /// How many changes were asked for, and how many of them were answered.
    pub fn counts(&self) -> (usize, usize) {
        self.0
            .iter()
            .map(|heard| heard.pages())
            .fold((0, 0), |(asked, done), pages| (asked + pages.changes.len(), done + pages.done.len()))
    }
}
