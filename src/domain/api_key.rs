//! API keys: what the caller holds, and what is kept of it.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Random bytes of a new key or token: twice as many hexadecimal digits.
const RANDOM_BYTES: usize = 32;

/// A text that nobody can guess: 64 hexadecimal digits, out of the operating system's random numbers.
///
/// # Errors
/// The operating system has none.
pub fn random_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A key as a caller sends it. It is never stored and never printed, save once to who made it.
#[derive(Clone)]
pub struct PlainKey(String);

impl PlainKey {
    /// How many characters of a key are kept, for display and for finding its row. Of the 256 bits this gives away 32.
    const PREFIX_CHARACTERS: usize = 8;

    /// A new key of 64 hexadecimal digits, out of the operating system's random numbers.
    ///
    /// # Errors
    /// The operating system has none.
    pub fn generate() -> Result<PlainKey, getrandom::Error> {
        random_token().map(PlainKey)
    }

    /// The key that a caller sent, whatever it is.
    pub fn received(text: &str) -> PlainKey {
        PlainKey(text.to_owned())
    }

    /// The key itself, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The characters that it begins with.
    pub fn prefix(&self) -> String {
        self.0.chars().take(PlainKey::PREFIX_CHARACTERS).collect()
    }

    /// What is kept of it.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainKey(…)")
    }
}

/// Which key was shown. What it allows is asked anew with each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRef {
    /// The one that is configured.
    Configured,
    /// A stored one, by its number.
    Stored(i64),
    /// None: a command on the machine itself, which needs no key.
    CommandLine,
}

/// The SHA-256 of a key. A key is random, so a fast digest without salt hides it well.
#[derive(Clone, Copy, Debug)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The digest, as it is stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both digests are of the same key; takes the same time wherever they differ.
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.ct_eq(other).into()
    }
}
