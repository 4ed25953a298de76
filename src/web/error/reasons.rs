//! Which error the faults of the store and the refusals of actions become.

use super::ApiError;
use crate::actions::Refusal;
use crate::store::StoreError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        match &error {
            // The store has already logged that the file is gone, and once is enough. That a server only reads is no fault.
            StoreError::TakenAway(_) | StoreError::MadeElsewhere(_) => {}
            fault => log::error!("a request met a fault of the database: {fault}"),
        }
        match error {
            StoreError::MadeElsewhere(writes_at) => ApiError::ReadOnly { writes_at },
            StoreError::OutcomeUnknown => ApiError::OutcomeUnknown,
            StoreError::Panicked => ApiError::Internal,
            _ => ApiError::Unavailable,
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        match refusal {
            Refusal::InvalidAccess | Refusal::WrongKey => ApiError::InvalidAccess,
            Refusal::UsernameNeeded => ApiError::UsernameNeeded,
            Refusal::NotFromHere => ApiError::NotFromHere,
            Refusal::NotPermitted(scope) => ApiError::NotPermitted(scope),
            Refusal::OfAnotherUsername => ApiError::OfAnotherUsername,
            Refusal::Key(refusal) => ApiError::Key(refusal),
            Refusal::Unknown => ApiError::NotFound,
            Refusal::InsufficientPoints { score } => ApiError::InsufficientPoints { score },
            Refusal::NumberTaken => ApiError::NumberTaken,
            Refusal::Missing(name) => ApiError::Missing(name),
            Refusal::TooManyMembers => ApiError::invalid("user_ids", "at most 100,000 members"),
            Refusal::NameTaken => ApiError::NameTaken,
            Refusal::LeaderboardProtected => ApiError::LeaderboardProtected,
            Refusal::IdempotencyKeyReused => ApiError::IdempotencyKeyReused,
            Refusal::Limited { wait } => {
                let wait_seconds = u64::try_from(wait.num_milliseconds()).unwrap_or(0).div_ceil(1000).max(1);
                ApiError::RateLimit { wait_seconds }
            }
            Refusal::NoRandomNumbers(error) => {
                log::error!("no random numbers: {error}");
                ApiError::Internal
            }
            Refusal::Within { list, index, refusal } => ApiError::from(*refusal).within(list, index),
            Refusal::Store(error) => error.into(),
        }
    }
}
