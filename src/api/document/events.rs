//! What the document says of score events.

use crate::api::score_events::{self, Events, Revisions};
use crate::api::score_events_csv::{self, Csv};
use crate::domain::{EventDate, EventId, Points, ScoreEvent, UserId};
use crate::web::document::{Answer, Answers, Content, Of, Operation, Shaped, Signature, operation, shape};
use crate::web::error::ApiError;
use crate::web::kinds::Parameter;

shape! {
    /// One award or deduction of points.
    pub static EVENT = "Event" {
        /// Its number.
        id: Of::Kind(EventId::KIND),
        /// Whose points these are.
        user_id: Of::Kind(UserId::KIND),
        /// The day they are for.
        date: Of::Kind(EventDate::KIND),
        /// How many; below 0 for a deduction.
        points: Of::Kind(Points::KIND),
        /// What they are for.
        description: Of::Nullable(&Of::Text("Karaoke night")),
        /// When it was stored.
        created_at: Of::Timestamp,
        /// When it was changed last.
        updated_at: Of::Timestamp,
    }
}

shape! {
    /// A list of events.
    static EVENTS = "Events" {
        /// The events, in the order asked for.
        events: Of::List(&Of::Shape(&EVENT)),
    }
}

shape! {
    /// One step in the history of an event.
    static REVISION = "Revision" {
        /// When it was done.
        at: Of::Timestamp,
        /// The acting username.
        by: Of::Text("system"),
        /// What was done.
        action: Of::Word(&["create", "update", "delete"]),
        /// The points from then on.
        points: Of::Kind(Points::KIND),
        /// What they were for from then on.
        description: Of::Nullable(&Of::Text("Karaoke night")),
    }
}

shape! {
    /// What became of an event.
    static REVISIONS = "Revisions" {
        /// Its steps, oldest first.
        revisions: Of::List(&Of::Shape(&REVISION)),
    }
}

impl Shaped for ScoreEvent {
    const OF: Of = Of::Shape(&EVENT);
}

impl Shaped for Events {
    const OF: Of = Of::Shape(&EVENTS);
}

impl Shaped for Revisions {
    const OF: Of = Of::Shape(&REVISIONS);
}

impl Answers for Csv {
    fn describe(signature: &mut Signature) {
        const EXAMPLE: &str = "id,user_id,username,date,points,description,created_at,updated_at,created_by\n\
            6,13,ann,2023-04-14,15,Karaoke night,2023-04-15T09:30:00.000Z,2023-04-15T09:30:00.000Z,system\n";
        let answer = Answer {
            status: 200,
            about: "The table, sent while it is read.",
            content: Content::Other("text/csv", EXAMPLE),
            headers: Vec::new(),
        };
        signature.answers.push(answer.with_header("Content-Disposition", "The name of the file: score_events.csv."));
    }
}

/// The operations.
pub fn operations() -> Vec<Operation> {
    let poor = || ApiError::InsufficientPoints { score: 30 };
    vec![
        operation!(score_events::list, "list_events", "List events")
            .details("In the order of their ids, up to 100 at a time; follow the Link header to the rest.")
            .sample("user_id=13&from_date=2023-04-01&limit=20")
            .refuses([ApiError::UnknownUser]),
        operation!(score_events::create, "create_event", "Store an event")
            .details(
                "It counts in its user's score at once; one that is dated in the future, from that day on. Points of 0 and more need \
                 the scope events:award, points below 0 events:deduct. With minimum_score it is a redemption: stored only if the \
                 user's spendable score is at least that much afterwards.",
            )
            .sample(r#"{"user_id": 13, "date": "2023-04-14", "points": 15, "description": "Karaoke night"}"#)
            .refuses([poor(), ApiError::IdempotencyKeyReused, ApiError::UnknownUser]),
        operation!(score_events::update, "update_event", "Correct an event")
            .details("Sets the points, and the description if it is sent. User and date never change.")
            .sample(r#"{"id": 6, "points": 25, "description": "Keynote"}"#)
            .refuses([poor(), ApiError::NotFound]),
        operation!(score_events::create_all, "create_events", "Store many events at once")
            .details(
                "All or none, up to 10,000, decided in order. An error names the event: events[17].date in the sentence of a 400, \
                 the index in the extras of others. The scopes are those that each event needs by itself.",
            )
            .sample(
                r#"{"events": [{"user_id": 13, "date": "2023-04-14", "points": 15}, {"user_id": 14, "date": "2023-04-14", "points": 5}]}"#,
            )
            .answered(
                r#"{"events": [
                {"id": 7, "user_id": 13, "date": "2023-04-14", "points": 15, "description": null,
                "created_at": "2023-04-15T09:30:00.000Z", "updated_at": "2023-04-15T09:30:00.000Z"},
                {"id": 8, "user_id": 14, "date": "2023-04-14", "points": 5, "description": null,
                "created_at": "2023-04-15T09:30:00.000Z", "updated_at": "2023-04-15T09:30:00.000Z"}]}"#,
            )
            .refuses([poor().within("events", 17), ApiError::IdempotencyKeyReused, ApiError::UnknownUser]),
        operation!(score_events_csv::export, "export_events", "All events as a table")
            .details("The filters are those of the list; limit is passed over. A cell that a spreadsheet would run begins with an apostrophe.")
            .sample("user_id=13")
            .refuses([ApiError::UnknownUser]),
        operation!(score_events::show, "get_event", "Show an event"),
        operation!(score_events::history, "get_event_history", "Show what became of an event")
            .details("Also after its deletion."),
        operation!(score_events::delete, "delete_event", "Take an event back")
            .details("It no longer counts or lists; its history stays. minimum_score may also come in a body.")
            .refuses([poor()]),
    ]
}
