//! Tests of the mapping itself: which faults of the store are whose, and how a wait is told.

use super::*;
use crate::store::StoreError;

#[test]
fn a_defect_asks_nobody_to_try_again() {
    assert_eq!(ApiError::from(StoreError::Panicked).status(), Status::InternalServerError);
    assert_eq!(ApiError::from(StoreError::Closed).status(), Status::ServiceUnavailable);
}

#[test]
fn spans_are_rounded_up() {
    for (seconds, text) in [
        (1, "1 second"),
        (37, "37 seconds"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (3599, "60 minutes"),
        (3600, "1 hour"),
        (86_400, "24 hours"),
    ] {
        assert_eq!(time_left(seconds), text);
    }
}
