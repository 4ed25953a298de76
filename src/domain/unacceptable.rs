//! The error for a text that is not a value of the type that it was read as.

/// The text is not a value of the type that it was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not acceptable: {accepted} is expected")]
pub struct Unacceptable {
    /// The form that would be accepted, in words for a person.
    pub accepted: &'static str,
}
