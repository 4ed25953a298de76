//! The one mapping from what went wrong to what the wire says.
//!
//! There is a variant for each thing that a caller may do something about. What can only be fixed at the server is
//! logged here and answered as [`ApiError::Unavailable`], so that internals never reach a caller.

mod caught;
mod reasons;
#[cfg(test)]
mod tests;
mod wire;

use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::request::Request;
use rocket::response::{Responder, Response};

pub use self::caught::{Caught, catch};
use self::wire::{Body, Extras, IndexedExtras, invalid, missing, time_left};
use super::trace::Trace;
use super::{key_refusal, reply};
use crate::actions::KeyRefusal;
use crate::domain::{Scope, ServerAddress};

/// The longest body that is taken, in bytes.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// 403: no key where one is needed.
    NotLoggedIn,
    /// 403: a key that is unknown, revoked or expired, or not for that username.
    InvalidAccess,
    /// 403: a good key for all users, without a username.
    UsernameNeeded,
    /// 403: a key that lacks the scope that is needed.
    NotPermitted(Scope),
    /// 403: a key that is not for the network that the request comes from.
    NotFromHere,
    /// 403: a key for one username that would change what belongs to another.
    OfAnotherUsername,
    /// 404: no such path, method or thing.
    NotFound,
    /// 400: a required parameter is missing, null or blank.
    Missing(&'static str),
    /// 400: a parameter is not what it has to be.
    Invalid {
        /// Its name; `body` where the body as a whole can't be read.
        name: &'static str,
        /// What would be accepted, for a person: words that can follow "Enter".
        accepted: &'static str,
    },
    /// 413: the body is longer than is taken.
    PayloadTooLarge {
        /// How many bytes are taken.
        bytes_max: usize,
    },
    /// 408: the request did not come in time.
    RequestTimeout,
    /// 400: plain HTTP was spoken where TLS is.
    TlsNeeded,
    /// 431, or 414 if it is the address alone: the head of the request is longer than is taken.
    HeadTooLarge {
        /// Which of both.
        status: u16,
    },
    /// 503: there is no memory left for another body.
    Crowded,
    /// 422: a redemption of more points than there are.
    InsufficientPoints {
        /// The spendable score.
        score: i64,
    },
    /// 422: a key that can't be made as it was asked for, or can't be replaced.
    Key(KeyRefusal),
    /// 422: the idempotency key stands for another request.
    IdempotencyKeyReused,
    /// 422: another board or user has that name.
    NameTaken,
    /// 422: another user or group has that number.
    NumberTaken,
    /// 422: the name is kept for other use.
    NameReserved,
    /// 422: the first board can't be deleted.
    LeaderboardProtected,
    /// 422: a first day after the last.
    DatesReversed,
    /// 422: nobody has this username.
    UnknownUser,
    /// 422: a user can't be merged with itself.
    SameUser,
    /// The error of one record of a list, for which the whole list was refused.
    Within {
        /// The parameter that is the list.
        list: &'static str,
        /// Which record it is, counted from 0.
        index: usize,
        /// What is wrong with it.
        error: Box<ApiError>,
    },
    /// 429: too many requests of a kind.
    RateLimit {
        /// Seconds until one more is taken; at least 1.
        wait_seconds: u64,
    },
    /// 503: the database can't be used right now.
    Unavailable,
    /// 503: the disk failed at the commit, or a change of many transactions broke off: nobody can tell what is stored.
    OutcomeUnknown,
    /// 503: this server only reads.
    ReadOnly {
        /// Where changes are made.
        writes_at: ServerAddress,
    },
    /// 500: a defect of scorekeeper.
    Internal,
}

impl ApiError {
    /// Seconds after which a caller may try again when the database was unavailable.
    const RETRY_SECONDS: u64 = 1;

    /// A parameter that is not what it has to be; `accepted` says what would be, in words that can follow "Enter".
    pub const fn invalid(name: &'static str, accepted: &'static str) -> ApiError {
        ApiError::Invalid { name, accepted }
    }

    /// A body that can't be read as a whole.
    pub const fn unreadable_body() -> ApiError {
        ApiError::invalid("body", "a JSON object or a form")
    }

    /// More parameters than are taken.
    pub const fn too_many_parameters() -> ApiError {
        ApiError::invalid("body", "at most 1,000 parameters")
    }

    /// The error of a whole list because of one of its records.
    pub fn within(self, list: &'static str, index: usize) -> ApiError {
        ApiError::Within { list, index, error: Box::new(self) }
    }

    /// The status of the reply.
    pub fn status(&self) -> Status {
        match self {
            ApiError::NotLoggedIn
            | ApiError::InvalidAccess
            | ApiError::UsernameNeeded
            | ApiError::NotPermitted(_)
            | ApiError::NotFromHere
            | ApiError::OfAnotherUsername => Status::Forbidden,
            ApiError::NotFound => Status::NotFound,
            ApiError::Missing(_) | ApiError::Invalid { .. } | ApiError::TlsNeeded => Status::BadRequest,
            ApiError::PayloadTooLarge { .. } => Status::PayloadTooLarge,
            ApiError::RequestTimeout => Status::RequestTimeout,
            ApiError::HeadTooLarge { status } => Status::new(*status),
            ApiError::InsufficientPoints { .. }
            | ApiError::Key(_)
            | ApiError::IdempotencyKeyReused
            | ApiError::NameTaken
            | ApiError::NumberTaken
            | ApiError::NameReserved
            | ApiError::LeaderboardProtected
            | ApiError::DatesReversed
            | ApiError::UnknownUser
            | ApiError::SameUser => Status::UnprocessableEntity,
            ApiError::Within { error, .. } => error.status(),
            ApiError::RateLimit { .. } => Status::TooManyRequests,
            ApiError::Unavailable | ApiError::OutcomeUnknown | ApiError::Crowded | ApiError::ReadOnly { .. } => {
                Status::ServiceUnavailable
            }
            ApiError::Internal => Status::InternalServerError,
        }
    }

    /// The type of the error, for programs.
    pub fn error_type(&self) -> &'static str {
        match self {
            ApiError::NotLoggedIn => "not_logged_in",
            ApiError::InvalidAccess
            | ApiError::UsernameNeeded
            | ApiError::NotPermitted(_)
            | ApiError::NotFromHere
            | ApiError::OfAnotherUsername => "invalid_access",
            ApiError::NotFound => "not_found",
            ApiError::Missing(_) | ApiError::Invalid { .. } => "invalid_parameters",
            ApiError::PayloadTooLarge { .. } => "payload_too_large",
            ApiError::RequestTimeout => "request_timeout",
            ApiError::TlsNeeded => "tls_needed",
            ApiError::HeadTooLarge { .. } => "head_too_large",
            ApiError::InsufficientPoints { .. } => "insufficient_points",
            ApiError::Key(refusal) => key_refusal::error_type(refusal),
            ApiError::IdempotencyKeyReused => "idempotency_key_reused",
            ApiError::NameTaken => "name_taken",
            ApiError::NumberTaken => "number_taken",
            ApiError::NameReserved => "name_reserved",
            ApiError::LeaderboardProtected => "leaderboard_protected",
            ApiError::DatesReversed => "dates_reversed",
            ApiError::UnknownUser => "unknown_user",
            ApiError::SameUser => "same_user",
            ApiError::Within { error, .. } => error.error_type(),
            ApiError::RateLimit { .. } => "rate_limit",
            ApiError::Unavailable | ApiError::Crowded => "unavailable",
            ApiError::OutcomeUnknown => "outcome_unknown",
            ApiError::ReadOnly { .. } => "read_only",
            ApiError::Internal => "internal",
        }
    }

    /// The error in one sentence for a person.
    pub fn sentence(&self) -> String {
        match self {
            ApiError::NotLoggedIn => "You need to be logged in to do that.".to_owned(),
            ApiError::InvalidAccess | ApiError::UsernameNeeded => {
                "You are not permitted to view the requested resource. \
                 The API username or key is invalid."
                    .to_owned()
            }
            ApiError::NotPermitted(_) | ApiError::NotFromHere | ApiError::OfAnotherUsername => {
                "You are not permitted to view the requested resource.".to_owned()
            }
            ApiError::NotFound => "The requested URL or resource could not be found.".to_owned(),
            ApiError::Missing(name) => missing(name),
            ApiError::Invalid { name, .. } => invalid(name),
            ApiError::PayloadTooLarge { bytes_max } => {
                format!("The request body is too large: at most {bytes_max} bytes are taken.")
            }
            ApiError::TlsNeeded => "This port speaks TLS: use an address that begins with https://.".to_owned(),
            ApiError::RequestTimeout => "The request did not come in time; nothing was stored.".to_owned(),
            ApiError::HeadTooLarge { .. } => {
                "The head of the request is too large: at most 100 headers and 64 KiB are taken.".to_owned()
            }
            ApiError::Crowded => {
                "Too much is being received right now; nothing was stored. Please try again.".to_owned()
            }
            ApiError::InsufficientPoints { score } => format!("Not enough points: the spendable score is {score}."),
            ApiError::Key(refusal) => key_refusal::sentence(refusal),
            ApiError::IdempotencyKeyReused => "This Idempotency-Key was used before with other parameters.".to_owned(),
            ApiError::NameTaken => "This name is taken.".to_owned(),
            ApiError::NumberTaken => "This number is taken.".to_owned(),
            ApiError::NameReserved => "This name is reserved.".to_owned(),
            ApiError::LeaderboardProtected => "The first leaderboard can't be deleted.".to_owned(),
            ApiError::DatesReversed => "from_date has to be on or before to_date.".to_owned(),
            ApiError::UnknownUser => "Nobody in the directory has this username.".to_owned(),
            ApiError::SameUser => "A user can't be merged with itself.".to_owned(),
            ApiError::Within { list, index, error } => match **error {
                ApiError::Missing(name) => missing(&format!("{list}[{index}].{name}")),
                ApiError::Invalid { name: "", .. } => invalid(&format!("{list}[{index}]")),
                ApiError::Invalid { name, .. } => invalid(&format!("{list}[{index}].{name}")),
                ref error => error.sentence(),
            },
            ApiError::RateLimit { wait_seconds } => format!(
                "You have performed this action too many times. Please try again in {}.",
                time_left(*wait_seconds)
            ),
            ApiError::Unavailable => {
                "The database is unavailable right now; nothing was stored. Please try again.".to_owned()
            }
            ApiError::OutcomeUnknown => {
                "This may be stored, in part or not at all, since the database failed meanwhile: \
                 repeat it with the same Idempotency-Key."
                    .to_owned()
            }
            ApiError::ReadOnly { writes_at } => format!("This server only reads; changes are made at {writes_at}"),
            ApiError::Internal => "Something went wrong in the server; this is a defect.".to_owned(),
        }
    }

    /// The error as JSON.
    pub fn json(&self) -> Vec<u8> {
        serde_json::to_vec(&self.body()).expect("plain data has a JSON form")
    }

    fn body(&self) -> Body {
        Body { errors: [self.sentence()], error_type: self.error_type(), extras: self.indexed_extras() }
    }

    fn extras(&self) -> Option<Extras> {
        match self {
            ApiError::InsufficientPoints { score } => Some(Extras::Score { score: *score }),
            ApiError::NotPermitted(scope) => Some(Extras::Scope { scope: scope.name() }),
            ApiError::ReadOnly { writes_at } => Some(Extras::WritesAt { writes_at: writes_at.to_string() }),
            ApiError::Within { error, .. } => error.extras(),
            ApiError::RateLimit { wait_seconds } => {
                Some(Extras::Wait { wait_seconds: *wait_seconds, time_left: time_left(*wait_seconds) })
            }
            _ => None,
        }
    }

    fn indexed_extras(&self) -> Option<IndexedExtras> {
        let index = match self {
            // The sentence of a wrong parameter names the record already.
            ApiError::Within { index, .. } if self.status() != Status::BadRequest => Some(*index),
            _ => None,
        };
        let extras = self.extras();
        (index.is_some() || extras.is_some()).then_some(IndexedExtras { index, extras })
    }

    /// Seconds after which a caller may try again, where that is known.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            ApiError::RateLimit { wait_seconds } => Some(*wait_seconds),
            ApiError::Unavailable | ApiError::OutcomeUnknown | ApiError::Crowded => Some(ApiError::RETRY_SECONDS),
            _ => None,
        }
    }

    /// Ends a guard with this error, and keeps it for the catcher, since Rocket tells the catcher only the status.
    pub fn refuse<S, F>(self, request: &Request<'_>) -> Outcome<S, (Status, ApiError), F> {
        request.local_cache(|| Some(self.clone()));
        Outcome::Error((self.status(), self))
    }
}

impl<'r> Responder<'r, 'static> for ApiError {
    fn respond_to(self, request: &'r Request<'_>) -> rocket::response::Result<'static> {
        Trace::of(request).refused_as(self.error_type());
        let mut response: Response<'static> = reply::json(self.status(), &self.body());
        if let Some(seconds) = self.retry_after() {
            response.set_raw_header("Retry-After", seconds.to_string());
        }
        Ok(response)
    }
}
