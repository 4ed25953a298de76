//! API keys: the key itself, which the caller holds, and what the server keeps of it.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How many random bytes a new key or token has. Each byte is written as two hexadecimal digits.
const RANDOM_BYTES: usize = 32;

/// A text that nobody can guess: 64 hexadecimal digits, out of the operating system's random numbers.
///
/// # Errors
/// The operating system gives no random numbers.
pub fn random_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A key as a caller sends it. It is never stored. It is shown once to the person who made it, and never printed
/// otherwise.
#[derive(Clone)]
pub struct PlainKey(String);

impl PlainKey {
    /// How many characters of a key are kept, so that people can tell keys apart and a key's row can be found. They
    /// give away 32 of the 256 bits.
    const PREFIX_CHARACTERS: usize = 8;

    /// A new key of 64 hexadecimal digits, out of the operating system's random numbers.
    ///
    /// # Errors
    /// The operating system gives no random numbers.
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

    /// The first characters of the key. They are stored beside the digest.
    pub fn prefix(&self) -> String {
        self.0.chars().take(PlainKey::PREFIX_CHARACTERS).collect()
    }

    /// The digest of the key, which is stored in its place.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainKey(…)")
    }
}

/// Which key somebody acts with. What the key allows is looked up again for each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRef {
    /// The key that is set in the configuration.
    Configured,
    /// A stored key, by its number.
    Stored(i64),
    /// No key: a command that runs on the machine itself needs none.
    CommandLine,
}

impl KeyRef {
    /// The number of the stored key, if it is one.
    pub fn stored(self) -> Option<i64> {
        match self {
            KeyRef::Stored(id) => Some(id),
            KeyRef::Configured | KeyRef::CommandLine => None,
        }
    }
}

/// The SHA-256 of a key. A key is random, so a fast digest without salt hides it well.
#[derive(Clone, Copy, Debug)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The digest, as it is stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both digests are of the same key. The comparison takes the same time wherever the digests differ.
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.ct_eq(other).into()
    }
}
