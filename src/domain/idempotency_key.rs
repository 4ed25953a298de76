//! The key that a client sends with a request, so that the request is carried out only once even if it is sent again.

use super::unacceptable::Unacceptable;

/// A key of the client's choice: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The longest key, in bytes.
    pub const BYTES_MAX: usize = 255;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = Unacceptable;

    fn try_from(text: String) -> Result<IdempotencyKey, Unacceptable> {
        let fits = (1..=IdempotencyKey::BYTES_MAX).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(IdempotencyKey(text))
        } else {
            Err(Unacceptable { accepted: "an idempotency key of 1 to 255 visible ASCII characters" })
        }
    }
}
