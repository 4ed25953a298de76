//! Forms that were sent after their session had ended, kept for a while so that nothing of what was typed is lost.
//!
//! They are in memory only. Each is kept for one username and is shown to nobody who signs in under another.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::{Username, random_token};

/// How long a form is kept.
const LASTS: Duration = Duration::from_secs(60 * 60);

/// How many forms are kept at most. Anybody may send one, so one more takes the place of the oldest.
const FORMS_MAX: usize = 200;

/// How many bytes all of them have at most.
const BYTES_MAX: usize = 8 << 20;

/// A form that was sent by somebody who was not signed in any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptForm {
    /// Whose form it is.
    pub username: Username,
    /// The path that it was sent to.
    pub path: String,
    /// What was typed, by the names of the fields.
    pub fields: Vec<(String, String)>,
}

/// The forms that are kept.
#[derive(Default)]
pub struct KeptForms(Mutex<HashMap<String, (Instant, KeptForm)>>);

impl KeptForm {
    fn bytes(&self) -> usize {
        self.path.len() + self.fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
    }
}

impl KeptForms {
    fn held(&self) -> MutexGuard<'_, HashMap<String, (Instant, KeptForm)>> {
        // Nothing panics while it holds the lock. And if it did, the map would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a form. Returns the token with which it is found again.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub fn keep(&self, form: KeptForm) -> Result<String, getrandom::Error> {
        let token = random_token()?;
        let mut held = self.held();
        held.retain(|_, (since, _)| since.elapsed() < LASTS);
        held.insert(token.clone(), (Instant::now(), form));
        let mut bytes: usize = held.values().map(|(_, form)| form.bytes()).sum();
        while held.len() > FORMS_MAX || bytes > BYTES_MAX {
            let oldest = held.iter().min_by_key(|(_, (since, _))| *since).map(|(token, _)| token.clone());
            let Some((_, gone)) = oldest.and_then(|oldest| held.remove(&oldest)) else { break };
            bytes -= gone.bytes();
        }
        Ok(token)
    }

    /// The form of a token, for the one whose form it is. If somebody else asks, it is forgotten.
    pub fn find(&self, token: &str, username: &Username) -> Option<KeptForm> {
        let mut held = self.held();
        let (since, form) = held.get(token)?;
        if since.elapsed() < LASTS && form.username == *username {
            return Some(form.clone());
        }
        held.remove(token);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> KeptForm {
        KeptForm {
            username: "ana".parse().expect("a username"),
            path: "/admin/award".to_owned(),
            fields: vec![("description".to_owned(), text.to_owned())],
        }
    }

    #[test]
    fn a_form_is_shown_to_nobody_else_and_is_gone_then() {
        let forms = KeptForms::default();
        let (ana, bob) = ("ANA".parse().expect("a username"), "bob".parse().expect("a username"));
        let token = forms.keep(form("typed")).expect("random numbers");
        assert_eq!(forms.find(&token, &ana), Some(form("typed")));
        assert_eq!(forms.find(&token, &ana), Some(form("typed")), "a page may be loaded again");
        assert_eq!((forms.find("other", &ana), forms.find(&token, &bob)), (None, None));
        assert_eq!(forms.find(&token, &ana), None);
    }

    #[test]
    fn the_oldest_make_room() {
        let forms = KeptForms::default();
        let tokens: Vec<String> =
            (0..FORMS_MAX + 1).map(|number| forms.keep(form(&number.to_string())).expect("random numbers")).collect();
        let ana = "ana".parse().expect("a username");
        assert_eq!(forms.find(&tokens[0], &ana), None);
        assert!(forms.find(&tokens[1], &ana).is_some());
        for _ in 0..9 {
            forms.keep(form(&"x".repeat(1 << 20))).expect("random numbers");
        }
        assert!(forms.held().len() <= 8 && forms.find(&tokens[FORMS_MAX], &ana).is_none());
    }
}
