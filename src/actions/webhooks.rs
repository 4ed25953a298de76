//! What another program tells of its users and of what they do, and the secret that it signs with.
//!
//! Whoever takes in what is sent has checked the signature, and has made typed news of it. All that one delivery tells is
//! stored in one transaction, or nothing of it.

use std::net::IpAddr;

use super::deeds::Counter;
use super::{Actions, Actor, Refusal, audit};
use crate::domain::{Author, KeyRef, Scope, Source, Told, UserId, Username, WebhookSecret, fallback_username};
use crate::store::directory::{self, Put, UserChange};
use crate::store::{StoreError, Write, webhooks};

/// The longest name of what a delivery is about that is kept, in characters.
const EVENT_CHARACTERS_MAX: usize = 60;

/// What a delivery tells.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Who sent it.
    pub source: Source,
    /// What it is about, by the source's own name for it; empty: it does not say.
    pub event: String,
    /// The client's address.
    pub address: IpAddr,
    /// What it tells of deeds.
    pub told: Vec<Told>,
    /// What it tells of a user.
    pub person: Option<(UserId, UserChange)>,
    /// What of it is left out, and why, each in words for people.
    pub left_out: Vec<String>,
}

impl Actions {
    /// The secret that was made for a source, if one was.
    ///
    /// # Errors
    /// The database failed.
    pub fn webhook_secret(&self, source: Source) -> Result<Option<WebhookSecret>, StoreError> {
        self.store.look_up(|connection| webhooks::secret(connection, source))
    }

    /// Makes a secret for a source. The one before, if there was one, no longer works.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub async fn make_webhook_secret(&self, actor: &Actor, source: Source) -> Result<(), Refusal> {
        actor.require(Scope::Boards)?;
        let secret = WebhookSecret::random().map_err(Refusal::NoRandomNumbers)?;
        let by = actor.author();
        let keep = move |write: &Write<'_>| {
            let is_first = webhooks::secret(write.connection, source)?.is_none();
            webhooks::keep_secret(write, source, &secret)?;
            audit::webhook_secret_made(write, &by, source, is_first)
        };
        Ok(self.store.write(keep).await?)
    }

    /// Takes in a delivery: gives points, takes them back, keeps the directory in step, all in one transaction. Returns
    /// what became of it, in words for people.
    ///
    /// # Errors
    /// The database failed, and nothing of the delivery is stored.
    pub async fn take_in(&self, delivered: Delivered) -> Result<String, StoreError> {
        let clock = self.clock.clone();
        self.store
            .write(move |write| {
                let Delivered { source, event, address, told, person, left_out } = delivered;
                let by = Author { username: source.username(), key: KeyRef::Webhook, address: Some(address) };
                let counter = Counter { write, clock: &clock, source, by: &by };
                let mut outcome = Vec::new();
                for told in &told {
                    outcome.push(format!("{}: {}", told.key.as_str(), counter.take_in(told)?));
                }
                if let Some((id, change)) = person {
                    outcome.push(keep_in_step(write, &by, id, change)?);
                }
                outcome.extend(left_out);
                let outcome = outcome.join("; ");
                webhooks::record(write, source, &cut(&event), &outcome)?;
                Ok(outcome)
            })
            .await
    }

    /// Writes down that a delivery came well signed and was refused all the same.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_refused_delivery(&self, source: Source, event: &str, why: String) -> Result<(), StoreError> {
        let event = cut(event);
        self.store.write(move |write| webhooks::record(write, source, &event, &why)).await
    }
}

/// The name of what a delivery is about, as far as it is kept.
fn cut(event: &str) -> String {
    event.chars().take(EVENT_CHARACTERS_MAX).collect()
}

/// Makes or changes a user as a source says. Numbers are what the source knows its users by, so a name that another user
/// has here is out of date there: that user is called by number from now on.
fn keep_in_step(write: &Write<'_>, by: &Author, id: UserId, change: UserChange) -> Result<String, StoreError> {
    let put = |id, change| audit::of_user(write, by, id, || directory::put_user(write, id, change));
    let mut freed = None;
    if let Some(username) = &change.username
        && let Some(holder) = directory::id_of(write.connection, username)?.filter(|holder| *holder != id)
        && let Ok(by_number) = fallback_username(holder).parse::<Username>()
        && put(holder, UserChange { username: Some(by_number), ..UserChange::default() })? == Put::Done
    {
        freed = Some(holder);
    }
    let without_name = UserChange { username: None, ..change.clone() };
    let only_suspension = UserChange { suspended: change.suspended, ..UserChange::default() };
    // Of somebody who has no name and gets none, only that a suspension is over can be taken in.
    let unnamed = |why: &str| {
        Ok::<_, StoreError>(match put(id, only_suspension)? {
            Put::Done => format!("user {id}: suspended no longer; the rest is ignored, since {why}"),
            Put::NameTaken | Put::NameMissing => format!("user {id}: ignored, {why}"),
        })
    };
    Ok(match (put(id, change)?, freed) {
        (Put::Done, None) => format!("user {id}: in step"),
        (Put::Done, Some(holder)) => format!("user {id}: in step, and user {holder} gave up the name"),
        (Put::NameTaken, _) => match put(id, without_name)? {
            Put::Done => format!("user {id}: in step but for the name, which can't be taken"),
            Put::NameTaken | Put::NameMissing => unnamed("the name can't be taken")?,
        },
        (Put::NameMissing, _) => unnamed("there is no name that can be taken")?,
    })
}
