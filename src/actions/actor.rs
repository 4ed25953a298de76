//! Who acts, and what they may do.

use std::net::IpAddr;

use super::Refusal;
use crate::domain::{Author, EventDate, KeyRef, Networks, Permissions, Scope, Timestamp, Username};

/// Who asks for a change: the name that is recorded with it, the key that it is asked with, and what that key allows.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The acting username.
    pub username: Username,
    /// The key that came with the request.
    pub key: KeyRef,
    /// The key whose remembered answers the actor gets: the first of those that took each other's place, up to `key`.
    pub first_key: KeyRef,
    /// What the key allows.
    pub permissions: Permissions,
    /// Where the key may be used from.
    pub networks: Networks,
    /// Whether the key is for this one username only.
    pub one_username: bool,
    /// The last day on which the key works, if it ends.
    pub expires_on: Option<EventDate>,
    /// The moment from which the key no longer works, if another took its place.
    pub ends_at: Option<Timestamp>,
    /// The address of the client; `None`: a command on the machine itself.
    pub address: Option<IpAddr>,
}

impl Actor {
    /// The actor of a command that is run on the machine. Whoever runs it can open the file itself, so the actor may do
    /// anything.
    pub fn of_command_line(username: Username) -> Actor {
        Actor::unlimited(username, KeyRef::CommandLine, None)
    }

    /// An actor whose key may do anything, from anywhere, without an end.
    pub(super) fn unlimited(username: Username, key: KeyRef, address: Option<IpAddr>) -> Actor {
        Actor {
            username,
            key,
            first_key: key,
            permissions: Permissions::ALL,
            networks: Networks::default(),
            one_username: false,
            expires_on: None,
            ends_at: None,
            address,
        }
    }

    /// How the actor is recorded with a change.
    pub fn author(&self) -> Author {
        Author { username: self.username.clone(), key: self.key, address: self.address }
    }

    /// Passes if the actor holds the scope. This is the only place where permissions are checked.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] names the scope that is missing.
    pub fn require(&self, scope: Scope) -> Result<(), Refusal> {
        self.require_any(&[scope])
    }

    /// Passes if the actor holds at least one of the scopes.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] names the first of them.
    pub fn require_any(&self, scopes: &[Scope]) -> Result<(), Refusal> {
        match scopes.first() {
            Some(first) if !self.permissions.holds_any(scopes) => Err(Refusal::NotPermitted(*first)),
            _ => Ok(()),
        }
    }

    /// Passes if the actor may store an event of some number of points.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`].
    pub fn may_store(&self) -> Result<(), Refusal> {
        self.require_any(&[Scope::EventsAward, Scope::EventsDeduct])
    }

    /// Whether the actor may change anything at all.
    pub fn may_change(&self) -> bool {
        self.permissions.holds_any(&Scope::CHANGING)
    }
}
