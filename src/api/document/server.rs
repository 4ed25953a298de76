//! What the document says of the server itself: its log, its health, and the document.

use rocket::http::Status;

use crate::api::audit::{self, Entries};
use crate::api::health::{self, Health};
use crate::api::metrics::{self, MetricsText};
use crate::api::openapi::{self, OpenApi};
use crate::web::document::{Answer, Answers, Content, Of, Operation, Shaped, Signature, operation, shape};
use crate::web::error::ApiError;
use crate::web::reply::Json;

shape! {
    /// What was done to a key, a leaderboard, a group, a user, a rule, or the scores.
    static ENTRY = "LogEntry" {
        /// Its number; a later entry has a higher one.
        id: Of::Integer(7),
        /// When it was done.
        at: Of::Timestamp,
        /// The acting username.
        by: Of::Text("ana"),
        /// The number of the API key; null for the configured key and on the command line.
        key: Of::Nullable(&Of::Integer(3)),
        /// The client's address; null on the command line.
        address: Of::Nullable(&Of::Text("203.0.113.9")),
        /// What was done, as board.update.
        action: Of::Text("board.update"),
        /// What it was done to.
        subject: Of::Text("board 2"),
        /// What was changed, as it was before; null: there was nothing.
        before: Of::Nullable(&Of::Text("name \"Spring\", no last day")),
        /// What was changed, as it is now; null: there is nothing any more.
        after: Of::Nullable(&Of::Text("name \"Spring 2023\", last day 2023-06-30")),
    }
}

shape! {
    /// A page of the log of administration.
    static ENTRIES = "LogEntries" {
        /// What was done, newest first.
        entries: Of::List(&Of::Shape(&ENTRY)),
    }
}

shape! {
    /// All is well.
    static WELL = "Health" {
        /// Always `ok`.
        status: Of::Word(&["ok"]),
    }
}

shape! {
    /// Something is wrong.
    static UNWELL = "Unwell" {
        /// Always `unavailable`.
        status: Of::Word(&["unavailable"]),
        /// What is wrong.
        reason: Of::Text("the database can't be written"),
    }
}

impl Shaped for Entries {
    const OF: Of = Of::Shape(&ENTRIES);
}

impl Shaped for Health {
    const OF: Of = Of::Shape(&WELL);
}

/// Health that may be bad.
impl Answers for (Status, Json<Health>) {
    fn describe(signature: &mut Signature) {
        signature.answers.push(Answer::json(Of::Shape(&WELL)).with_status(200, "All is well."));
        signature.answers.push(Answer::json(Of::Shape(&UNWELL)).with_status(503, "Something is wrong."));
    }
}

impl Answers for MetricsText {
    fn describe(signature: &mut Signature) {
        const EXAMPLE: &str = "# TYPE scorekeeper_events_stored_total counter\nscorekeeper_events_stored_total 3\n…\n";
        let content = Content::Other("text/plain", EXAMPLE);
        signature.answers.push(Answer { status: 200, about: "The counts.", content, headers: Vec::new() });
    }
}

impl Answers for OpenApi {
    fn describe(signature: &mut Signature) {
        const TAG: &str =
            "The name of this document. Sent back as If-None-Match, it asks whether the document is still right.";
        let content = Content::Other("application/json", "{\"openapi\":\"3.1.0\",…}");
        let answer = Answer { status: 200, about: "The document.", content, headers: Vec::new() };
        signature.answers.push(answer.with_header("ETag", TAG));
        signature.answers.push(Answer {
            status: 304,
            about: "What the caller has is still right, by If-None-Match.",
            content: Content::Nothing,
            headers: vec![("ETag", TAG)],
        });
    }
}

/// The operations.
pub fn operations() -> Vec<Operation> {
    vec![
        operation!(audit::list, "list_log", "List what was done in the administration")
            .details("Changes of keys, leaderboards, groups, users and rules, and recalculations, newest first. after is an id: the list goes on with what was done before it.")
            .sample("kind=board&limit=20"),
        operation!(health::live, "get_liveness", "Tell whether the process serves").without_database(),
        operation!(health::ready, "get_readiness", "Tell whether the server can do its work")
            .details("It can read, its writer commits, its threads are alive.")
            .without_database(),
        operation!(metrics::show, "get_metrics", "What the server counts, for Prometheus")
            .details("Needs no API-Username. With the setting metrics_address it is on a port of its own, without a key, and here a 404.")
            .refuses([ApiError::NotFound])
            .without_database(),
        operation!(openapi::show, "get_document", "This document").at("/openapi.json").without_database(),
    ]
}
