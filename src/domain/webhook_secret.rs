//! The secret with which another program signs what it sends.

use std::fmt;
use std::str::FromStr;

use super::api_key::random_token;
use super::unacceptable::Unacceptable;
use super::unseen::is_unseen;

/// A secret: 1 to 255 characters that can all be seen, with no blanks before or after them. It has to be kept as it is, since signatures are made with it; it is
/// never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// What is accepted.
    pub const ACCEPTED: &'static str = "a secret of 1 to 255 characters that can all be seen";

    /// Makes a secret that nobody can guess.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub fn random() -> Result<WebhookSecret, getrandom::Error> {
        random_token().map(WebhookSecret)
    }

    /// The secret itself, to sign with it or to show it to somebody who may see it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebhookSecret {
    type Err = Unacceptable;

    fn from_str(text: &str) -> Result<WebhookSecret, Unacceptable> {
        let is_seen = text.trim() == text && !text.contains(is_unseen);
        if is_seen && (1..=255).contains(&text.chars().count()) {
            Ok(WebhookSecret(text.to_owned()))
        } else {
            Err(Unacceptable { accepted: WebhookSecret::ACCEPTED })
        }
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}
