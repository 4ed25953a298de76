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
///
/// A key that is made here begins with `sk_`. Then come 37 letters and digits that nobody can guess, and six more that are
/// the checksum of all before them. So a key with a slip of the hand is known without a look into the file, and programs
/// that search for secrets know a key where they find one.
#[derive(Clone)]
pub struct PlainKey(String);

/// How a key that is made here begins.
const MARK: &str = "sk_";

/// The digits of a key: those of numbers to the base 62, in the order of their values.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How many digits of a key are random. They hold 220 bits.
const RANDOM_DIGITS: usize = 37;

/// How many digits the checksum has. They can write any number of 32 bits.
const CHECK_DIGITS: usize = 6;

/// The checksum of the text before it: its CRC-32, as zlib and PNG compute it, as a number to the base 62 with leading
/// zeros.
fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [0; CHECK_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[rest as usize % DIGITS.len()];
        rest /= DIGITS.len() as u32;
    }
    digits.map(char::from).iter().collect()
}

impl PlainKey {
    /// How many characters of a key are kept, so that people can tell keys apart and a key's row can be found. Five of
    /// them are random; they give away 30 of the 220 bits.
    const PREFIX_CHARACTERS: usize = 8;

    /// A new key, out of the operating system's random numbers.
    ///
    /// # Errors
    /// The operating system gives no random numbers.
    pub fn generate() -> Result<PlainKey, getrandom::Error> {
        // Each digit has to be as likely as any other, so bytes beyond the last multiple of 62 are not used.
        const BYTES: u8 = u8::MAX - u8::MAX % 62;
        let mut key = MARK.to_owned();
        while key.len() < MARK.len() + RANDOM_DIGITS {
            let mut bytes = [0; RANDOM_DIGITS];
            getrandom::fill(&mut bytes)?;
            let missing = MARK.len() + RANDOM_DIGITS - key.len();
            let digits =
                bytes.iter().filter(|byte| **byte < BYTES).map(|byte| DIGITS[usize::from(*byte) % DIGITS.len()]);
            key.extend(digits.take(missing).map(char::from));
        }
        key.push_str(&checksum(&key));
        Ok(PlainKey(key))
    }

    /// The key that a caller sent, whatever it is.
    pub fn received(text: &str) -> PlainKey {
        PlainKey(text.to_owned())
    }

    /// Whether the key begins as those that are made here, and is none: a character of it is missing, too many or wrong.
    pub fn is_misspelt(&self) -> bool {
        const LENGTH: usize = MARK.len() + RANDOM_DIGITS + CHECK_DIGITS;
        let is_whole = || {
            self.0.len() == LENGTH
                && self.0[MARK.len()..].bytes().all(|byte| byte.is_ascii_alphanumeric())
                && self.0[LENGTH - CHECK_DIGITS..] == checksum(&self.0[..LENGTH - CHECK_DIGITS])
        };
        self.0.starts_with(MARK) && !is_whole()
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
    /// No key: another program tells something, and its signature was checked.
    Webhook,
}

impl KeyRef {
    /// The number of the stored key, if it is one.
    pub fn stored(self) -> Option<i64> {
        match self {
            KeyRef::Stored(id) => Some(id),
            KeyRef::Configured | KeyRef::CommandLine | KeyRef::Webhook => None,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_checksum_is_the_crc_32_of_the_bytes_before_it() {
        // The CRC-32 of "123456789" is 0xCBF43926 by its definition.
        assert_eq!(checksum("123456789"), written(0xCBF4_3926));
        assert_eq!(written(0), "000000");
        assert_eq!(written(61), "00000z");
        assert_eq!(written(62), "000010");
        assert_eq!(written(u32::MAX), "4gfFC3");
    }

    /// A number to the base 62 by powers, from the highest.
    fn written(number: u32) -> String {
        let powers = (0..CHECK_DIGITS as u32).rev().map(|power| 62u64.pow(power));
        powers.map(|power| char::from(DIGITS[(u64::from(number) / power % 62) as usize])).collect()
    }

    #[test]
    fn new_keys_are_of_the_form_and_use_every_digit() {
        let keys: Vec<_> = (0..200).map(|_| PlainKey::generate().expect("random numbers")).collect();
        for key in &keys {
            assert!(key.0.starts_with("sk_") && key.0.len() == 46 && !key.is_misspelt(), "{}", key.0);
        }
        let digits: BTreeSet<char> = keys.iter().flat_map(|key| key.0[3..40].chars()).collect();
        assert_eq!(digits.len(), 62);
        assert_eq!(keys.iter().map(|key| &key.0).collect::<BTreeSet<_>>().len(), keys.len());
    }

    #[test]
    fn a_key_of_another_form_is_not_misspelt() {
        let earlier = "0123456789abcdef".repeat(4);
        for key in ["", "s", "sk-", "SK_", "configured", earlier.as_str(), " sk_"] {
            assert!(!PlainKey::received(key).is_misspelt(), "{key}");
        }
        for key in ["sk_", "sk_1", "sk_ä", &format!("sk_{}", "0".repeat(43)), &format!("sk_{}ä", "0".repeat(41))] {
            assert!(PlainKey::received(key).is_misspelt(), "{key}");
        }
    }

    fn any_key() -> impl Strategy<Value = String> {
        "sk_[0-9A-Za-z]{37}".prop_map(|text| format!("{text}{}", checksum(&text)))
    }

    fn is_misspelt(bytes: Vec<u8>) -> bool {
        PlainKey::received(&String::from_utf8(bytes).expect("ASCII")).is_misspelt()
    }

    proptest! {
        #[test]
        fn a_key_with_one_other_character_is_misspelt(key in any_key(), place in 3usize..46, other in 0x21u8..0x7f) {
            prop_assert!(!is_misspelt(key.clone().into()));
            let mut bytes = key.into_bytes();
            prop_assume!(bytes[place] != other);
            bytes[place] = other;
            prop_assert!(is_misspelt(bytes));
        }

        #[test]
        fn a_key_with_two_characters_exchanged_is_misspelt(key in any_key(), one in 3usize..46, other in 3usize..46) {
            let mut bytes = key.into_bytes();
            prop_assume!(bytes[one] != bytes[other]);
            bytes.swap(one, other);
            prop_assert!(is_misspelt(bytes));
        }

        #[test]
        fn a_key_with_a_character_more_or_less_is_misspelt(key in any_key(), place in 3usize..46, more in 0x21u8..0x7f) {
            let mut longer = key.clone().into_bytes();
            longer.insert(place, more);
            prop_assert!(is_misspelt(longer));
            let mut shorter = key.into_bytes();
            shorter.remove(place);
            prop_assert!(is_misspelt(shorter));
        }

        #[test]
        fn any_text_can_be_received(text in ".{0,60}") {
            let _ = PlainKey::received(&format!("sk_{text}")).is_misspelt();
        }
    }
}
