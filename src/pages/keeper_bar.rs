//! What a public page shows above its content to somebody who is signed in: who that is, and what may be done for the person
//! whom the page is about.

use super::format;
use crate::actions::Actor;
use crate::domain::{Scope, UserId};

/// The bar of a keeper. A page that has one is for this keeper alone and is kept by nobody.
#[derive(Debug, Clone)]
pub struct KeeperBar {
    /// Who is signed in.
    pub username: String,
    /// What may be done, each with its address.
    pub links: Vec<(&'static str, String)>,
}

impl KeeperBar {
    /// The bar for somebody who is signed in, on a page about a person, or about nobody in particular. It leads only to what
    /// the key opens, and to nothing that changes something if this server only reads.
    pub fn new(actor: &Actor, person: Option<UserId>, only_reads: bool) -> KeeperBar {
        let may = |scope| actor.permissions.holds(scope) && !(only_reads && Scope::CHANGING.contains(&scope));
        let links = person.map(|id| {
            [
                ("Award", may(Scope::EventsAward), format!("/admin/award?user_id={id}")),
                ("Redeem", may(Scope::EventsDeduct), format!("/admin/award?kind=redeem&user_id={id}")),
                ("Edit", may(Scope::Users) && may(Scope::EventsRead), format!("/admin/people/users/{id}")),
                ("Events", may(Scope::EventsRead), format!("/admin/events?user_id={id}")),
            ]
        });
        KeeperBar {
            username: format::plain(actor.username.as_str()).into_owned(),
            links: links
                .into_iter()
                .flatten()
                .filter(|(_, may, _)| *may)
                .map(|(label, _, address)| (label, address))
                .collect(),
        }
    }
}
