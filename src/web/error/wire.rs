//! What an error looks like on the wire.

use serde::Serialize;

/// The body of a reply that is an error.
#[derive(Serialize)]
pub(super) struct Body {
    pub errors: [String; 1],
    pub error_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extras: Option<IndexedExtras>,
}

/// What a program may want to know of an error in addition to its type, and which record of a list it is about.
#[derive(Serialize)]
pub(super) struct IndexedExtras {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    #[serde(flatten)]
    pub extras: Option<Extras>,
}

/// What a program may want to know of an error in addition to its type.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Extras {
    Score { score: i64 },
    Scope { scope: &'static str },
    WritesAt { writes_at: String },
    Wait { wait_seconds: u64, time_left: String },
}

/// A length of time for a person, rounded up: "37 seconds", "5 minutes", "3 hours".
pub(super) fn time_left(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3600), "hour"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// The sentence of a parameter that is missing.
pub(super) fn missing(name: &str) -> String {
    format!("param is missing or the value is empty: {name}")
}

/// The sentence of a parameter that is not what it has to be.
pub(super) fn invalid(name: &str) -> String {
    format!("You supplied invalid parameters to the request: {name}")
}
