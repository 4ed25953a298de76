//! The forum that tells this server what its people do: the secret that it signs with, and what was refused lately.
//!
//! What the forum sends is read in `api`, and shown in `pages`. Both find here what they share.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::domain::{Source, Timestamp, WebhookSecret};

/// The forum, as a source of deeds.
pub const FORUM: Source = Source::named("discourse");

/// Where the forum sends what it tells.
pub const HOOK: &str = "/webhooks/discourse";

/// How many refusals are remembered.
const REFUSED_MAX: usize = 20;

/// The longest name of what a delivery is about that is remembered, in characters.
const EVENT_CHARACTERS_MAX: usize = 60;

/// What a server knows of its forum beside the file.
#[derive(Debug, Default)]
pub struct Forum {
    /// The secret of the settings. If there is one, one that was made in the administration does not count.
    pub configured: Option<WebhookSecret>,
    /// What was refused because it was not well signed, the newest last. It is in memory only, since anybody can send it.
    refused: Mutex<VecDeque<Refused>>,
}

/// A delivery that was refused because it was not well signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// When it came.
    pub at: Timestamp,
    /// Where it came from.
    pub address: IpAddr,
    /// What it said that it is about; empty: it did not say.
    pub event: String,
    /// Why it was refused, in words for people.
    pub why: &'static str,
}

impl Forum {
    /// A forum whose secret may be configured.
    pub fn new(configured: Option<WebhookSecret>) -> Forum {
        Forum { configured, refused: Mutex::default() }
    }

    /// Remembers a delivery that is refused. The oldest is forgotten if there are too many.
    pub fn note_refused(&self, mut refused: Refused) {
        refused.event = refused.event.chars().take(EVENT_CHARACTERS_MAX).collect();
        let mut all = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(refused);
        if all.len() > REFUSED_MAX {
            all.pop_front();
        }
    }

    /// What was refused lately, the newest first.
    pub fn refused(&self) -> Vec<Refused> {
        let all = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().rev().cloned().collect()
    }
}
