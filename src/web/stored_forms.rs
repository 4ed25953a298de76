//! What the forms of the administration have stored lately, so that a browser can take it back, or store nearly the same
//! again. It is kept in memory only, as sessions are: a restart forgets both.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::{Award, EventId, UserId};

/// How many forms are kept for all sessions together. One more forgets the oldest. Most take some hundred bytes, and those
/// with the longest description some 40 KB.
const KEPT_MAX: usize = 1000;

/// What one form has stored.
#[derive(Debug, Clone)]
pub struct StoredForm {
    /// The first event. The others have the ids that follow it.
    pub first: EventId,
    /// How many events there are.
    pub count: usize,
    /// Whose points they are; the first of them where there are several people.
    pub user_id: UserId,
    /// How many people got points.
    pub people: usize,
    /// What each of them got; `None` where not all got the same.
    pub each: Option<Arc<Award>>,
    /// Whether it was taken back.
    pub undone: bool,
}

impl StoredForm {
    /// The ids of its events.
    pub fn ids(&self) -> RangeInclusive<i64> {
        self.first.0..=self.first.0.saturating_add_unsigned(self.count as u64).saturating_sub(1)
    }
}

/// The forms of all sessions, the newest last. Each belongs to the session of which it is kept the token for forms.
#[derive(Debug, Default)]
pub struct StoredForms(Mutex<VecDeque<(String, StoredForm)>>);

impl StoredForms {
    fn held(&self) -> MutexGuard<'_, VecDeque<(String, StoredForm)>> {
        // Nothing panics while it holds the lock. And if it did, the list would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a form of a session has stored. A form that is sent twice stores once, and is noted once.
    pub fn note(&self, session: &str, form: StoredForm) {
        let mut held = self.held();
        if held.iter().any(|(owner, kept)| owner == session && kept.first == form.first) {
            return;
        }
        if held.len() >= KEPT_MAX {
            held.pop_front();
        }
        held.push_back((session.to_owned(), form));
    }

    /// What a form of that session has stored, by its first event.
    pub fn find(&self, session: &str, first: EventId) -> Option<StoredForm> {
        let held = self.held();
        held.iter().find(|(owner, kept)| owner == session && kept.first == first).map(|(_, kept)| kept.clone())
    }

    /// Notes that it was taken back.
    pub fn undone(&self, session: &str, first: EventId) {
        let mut held = self.held();
        let found = held.iter_mut().find(|(owner, kept)| owner == session && kept.first == first);
        if let Some((_, kept)) = found {
            kept.undone = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(first: i64, count: usize) -> StoredForm {
        let user_id = UserId::try_from(13).expect("a user id");
        StoredForm { first: EventId(first), count, user_id, people: count, each: None, undone: false }
    }

    #[test]
    fn a_form_belongs_to_its_session_and_is_noted_once() {
        let forms = StoredForms::default();
        forms.note("a", form(1, 2));
        forms.undone("b", EventId(1));
        forms.undone("a", EventId(1));
        forms.note("a", form(1, 2));
        assert!(forms.find("a", EventId(1)).is_some_and(|kept| kept.undone && kept.ids() == (1..=2)));
        assert!(forms.find("b", EventId(1)).is_none() && forms.find("a", EventId(2)).is_none());
    }

    #[test]
    fn one_form_too_many_forgets_the_oldest() {
        let forms = StoredForms::default();
        (0..=KEPT_MAX as i64).for_each(|first| forms.note("a", form(first, 1)));
        assert!(forms.find("a", EventId(0)).is_none() && forms.find("a", EventId(1)).is_some());
        assert_eq!(forms.held().len(), KEPT_MAX);
    }
}
