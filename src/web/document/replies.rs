//! The replies of an operation: what it answers, and what it refuses with.

use serde_json::{Value, json};

use super::operation::Operation;
use super::ordered::Ordered;
use super::shape::{Of, Shape, shape};
use super::signature::{Answer, Content};
use crate::domain::Scope;
use crate::web::error::ApiError;

shape! {
    /// An error: a sentence for people, and a type for programs.
    pub static ERROR = "Error" {
        /// One sentence for a person.
        errors: Of::List(&Of::Text("You need to be logged in to do that.")),
        /// The type of the error.
        error_type: Of::Text("not_logged_in"),
        /// What a program may want to know besides.
        extras: Of::Maybe(&Of::Shape(&EXTRAS)),
    }
}

shape! {
    /// What a program may want to know of an error. Each member is there where it is known.
    static EXTRAS = "ErrorExtras" {
        /// Which member of a list was refused, counted from 0.
        index: Of::Maybe(&Of::Integer(17)),
        /// The spendable score as it is.
        score: Of::Maybe(&Of::Integer(30)),
        /// The scope that the key lacks.
        scope: Of::Maybe(&Of::Word(&SCOPES)),
        /// Where changes are made, since this server only reads.
        writes_at: Of::Maybe(&Of::Text("https://points.example")),
        /// After how many seconds one more request is taken.
        wait_seconds: Of::Maybe(&Of::Integer(37)),
        /// The same for people.
        time_left: Of::Maybe(&Of::Text("37 seconds")),
    }
}

/// The names of all scopes.
pub const SCOPES: [&str; Scope::ALL.len()] = {
    let mut names = [""; Scope::ALL.len()];
    let mut index = 0;
    // A `for` loop can't run in a constant yet.
    while index < names.len() {
        names[index] = Scope::ALL[index].name();
        index += 1;
    }
    names
};

/// The errors of the front door, which any request may meet: the names of their replies, and one of each.
pub fn of_any_request() -> [(&'static str, ApiError); 3] {
    [
        ("RequestTimeout", ApiError::RequestTimeout),
        ("UriTooLong", ApiError::HeadTooLarge { status: 414 }),
        ("HeadTooLarge", ApiError::HeadTooLarge { status: 431 }),
    ]
}

/// All replies of an operation, by status.
pub fn of(operation: &Operation) -> Ordered {
    let mut replies: Vec<(u16, Ordered)> =
        operation.signature.answers.iter().map(|answer| (answer.status, of_answer(operation, answer))).collect();
    let errors = operation.errors();
    for group in errors.chunk_by(|one, other| one.status() == other.status()) {
        if let Some(first) = group.first() {
            let status = first.status().code;
            // What the readiness check answers is no error of the API.
            if replies.iter().all(|(known, _)| *known != status) {
                replies.push((status, of_errors(group)));
            }
        }
    }
    for (name, error) in of_any_request() {
        let reference = json!({"$ref": format!("#/components/responses/{name}")});
        replies.push((error.status().code, reference.into()));
    }
    replies.sort_by_key(|(status, _)| *status);
    Ordered::of(replies.into_iter().map(|(status, reply)| (status.to_string(), reply)))
}

fn of_answer(operation: &Operation, answer: &Answer) -> Ordered {
    let mut headers = always();
    for (name, about) in &answer.headers {
        headers = headers.with(*name, json!({"description": about, "schema": {"type": "string"}}));
    }
    let reply = Ordered::object().with("description", answer.about).with("headers", headers);
    let content = match &answer.content {
        Content::Nothing => return reply,
        Content::Json(of) => {
            let media =
                Ordered::object().with("schema", of.schema()).with("example", operation.example(answer.status, of));
            Ordered::object().with("application/json", media)
        }
        Content::Other(kind, example) => {
            Ordered::object().with(*kind, json!({"schema": {"type": "string"}, "example": example}))
        }
    };
    reply.with("content", content)
}

/// The reply of errors that have one status.
pub fn of_errors(errors: &[ApiError]) -> Ordered {
    let told = errors.iter().map(|error| format!("* `{}`: {}", error.error_type(), error.sentence()));
    let told: Vec<String> = told.collect();
    let mut headers = always();
    if errors.iter().any(|error| error.retry_after().is_some()) {
        headers = headers.with("Retry-After", json!({"$ref": "#/components/headers/Retry-After"}));
    }
    let mut examples = Ordered::object();
    for (index, error) in errors.iter().enumerate() {
        let name = match errors.iter().filter(|other| other.error_type() == error.error_type()).count() {
            1 => error.error_type().to_owned(),
            _ => format!("{}_{}", error.error_type(), index + 1),
        };
        let value: Value = serde_json::from_slice(&error.json()).unwrap_or_default();
        examples = examples.with(name, Ordered::object().with("value", value));
    }
    let media = Ordered::object().with("schema", Of::Shape(&ERROR).schema()).with("examples", examples);
    Ordered::object()
        .with("description", told.join("\n"))
        .with("headers", headers)
        .with("content", Ordered::object().with("application/json", media))
}

/// The headers of every reply.
fn always() -> Ordered {
    Ordered::object().with("X-Request-Id", json!({"$ref": "#/components/headers/X-Request-Id"}))
}

/// The shapes of errors.
pub fn shapes() -> Vec<&'static Shape> {
    Of::Shape(&ERROR).shapes()
}
