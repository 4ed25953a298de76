//! What the document of the API says of each resource, beyond what routes and the signatures of handlers tell: sentences, the
//! shapes of replies, a request that is taken, what is refused by a rule. One file for what belongs together.

mod events;
mod leaderboards;
mod people;
mod rules;
mod scores;
mod server;
#[cfg(test)]
mod tests;

use crate::web::document::{Document, Section};

/// The document of the whole API.
pub fn document() -> Document {
    Document::new(vec![
        Section {
            name: "Events",
            about: "One event is one award or deduction of points.",
            operations: events::operations(),
        },
        Section {
            name: "Scores",
            about: "What the events of a user add up to, and how scores are rebuilt.",
            operations: scores::operations(),
        },
        Section {
            name: "Leaderboards",
            about: "Who leads, and how leaderboards are set up.",
            operations: leaderboards::operations(),
        },
        Section {
            name: "Users and groups",
            about: "A directory of names, optional: whom it lacks is shown as user-13.",
            operations: people::operations(),
        },
        Section {
            name: "Rules",
            about: "What gives points by itself in a forum that runs Discourse.",
            operations: rules::operations(),
        },
        Section { name: "The server", about: "How it is, and what was done to it.", operations: server::operations() },
    ])
}
