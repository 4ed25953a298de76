//! What is said of a text that is not a value of its type.

/// The text is not a value of the type that it was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not acceptable: {accepted} is expected")]
pub struct Unacceptable {
    /// The form that would be accepted, for a person.
    pub accepted: &'static str,
}
