//! Usernames: the names under which users act.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::score_event::UserId;
use super::unacceptable::Unacceptable;
use super::unseen::is_unseen;

/// The name of a user: 1 to 60 characters that can all be seen, with no blanks before or after them. Two names that
/// differ only in upper and lower case are the same.
#[derive(Debug, Clone)]
pub struct Username(String);

impl Username {
    /// The longest name, in characters (Discourse's own limit for `max_username_length`).
    pub const CHARACTERS_MAX: usize = 60;

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name that the database holds already. It was good when it was stored, even if the rules have changed.
    pub(crate) fn stored(text: String) -> Username {
        Username(text)
    }

    /// The user whom the name is reserved for. A user without a name is shown under a name like `user-13`, which stands for
    /// that user wherever names do, and no other user may take it. `None`: the name is not of this form.
    pub fn reserved_for(&self) -> Option<UserId> {
        let folded = self.folded();
        let number = folded.strip_prefix("user-")?;
        // No user is shown with a number that is written in another way, for example with a zero before it.
        let id = number.parse::<i64>().ok().filter(|id| id.to_string() == number)?;
        UserId::try_from(id).ok()
    }

    /// The name in lower case. Names are compared in this form.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Username) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Username {}

impl FromStr for Username {
    type Err = Unacceptable;

    fn from_str(text: &str) -> Result<Username, Unacceptable> {
        let text = text.trim();
        // This character stands where something was that is no character, as in a header that is not UTF-8.
        let is_whole = !text.contains(char::REPLACEMENT_CHARACTER);
        if (1..=Username::CHARACTERS_MAX).contains(&text.chars().count()) && !text.contains(is_unseen) && is_whole {
            Ok(Username(text.to_owned()))
        } else {
            Err(Unacceptable { accepted: "a username of 1 to 60 characters that can all be seen" })
        }
    }
}

impl Serialize for Username {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
