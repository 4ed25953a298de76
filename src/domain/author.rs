//! Who makes a change, as it is recorded with the change.

use std::net::IpAddr;

use super::api_key::KeyRef;
use super::username::Username;

/// Who makes a change: the acting name, the key, and where from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The acting username.
    pub username: Username,
    /// The key that the change is made with.
    pub key: KeyRef,
    /// The client's address; `None`: the change is made on the machine itself.
    pub address: Option<IpAddr>,
}
