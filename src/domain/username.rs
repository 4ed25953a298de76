//! Who acts.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::unacceptable::Unacceptable;

/// The name of a user: 1 to 60 characters, none of them a control character, no blanks around. Two names are the same
/// whatever their case.
#[derive(Debug, Clone)]
pub struct Username(String);

impl Username {
    /// The longest name, in characters (Discourse's own limit for `max_username_length`).
    pub const CHARACTERS_MAX: usize = 60;

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which names are compared.
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
        if (1..=Username::CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
            Ok(Username(text.to_owned()))
        } else {
            Err(Unacceptable { accepted: "a username of 1 to 60 characters" })
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
