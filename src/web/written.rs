//! A value of a JSON body, as it was written.
//!
//! The text is kept, and is read when a route asks for the value. So a number that is meant as a text stays as it was
//! written (`1.50`), and a body takes no more memory than its own length, whatever it holds.

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A value as it was written.
#[derive(Debug, Clone)]
pub(super) enum Written<'w> {
    /// `null`
    Null,
    /// A text, without its quotes.
    Text(String),
    /// A number, digit by digit.
    Number(&'w str),
    /// `true` or `false`.
    Flag(bool),
    /// An array.
    List(&'w RawValue),
    /// An object. No parameter is an object.
    Object,
}

impl Written<'_> {
    /// Finds out what a value is.
    pub(super) fn of(value: &RawValue) -> Written<'_> {
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str(text).map_or(Written::Object, Written::Text),
            Some(b'n') => Written::Null,
            Some(b't') => Written::Flag(true),
            Some(b'f') => Written::Flag(false),
            Some(b'[') => Written::List(value),
            Some(b'{') | None => Written::Object,
            Some(_) => Written::Number(text),
        }
    }

    /// The members of an array.
    pub(super) fn members(list: &RawValue) -> Vec<&RawValue> {
        serde_json::from_str(list.get()).unwrap_or_default()
    }

    /// The members of an array; `None` if there are more than `count_max`. No memory is taken for those that are too
    /// many.
    pub(super) fn members_at_most(list: &RawValue, count_max: usize) -> Option<Vec<&RawValue>> {
        let mut deserializer = serde_json::Deserializer::from_str(list.get());
        deserializer.deserialize_seq(Members(count_max)).ok()
    }
}

/// Reads an array of at most so many members.
struct Members(usize);

impl<'de> Visitor<'de> for Members {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(text, "at most {} members", self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = sequence.next_element()? {
            if members.len() == self.0 {
                return Err(A::Error::invalid_length(self.0 + 1, &self));
            }
            members.push(member);
        }
        Ok(members)
    }
}

/// Whether a value is valid JSON at every depth. Making a [`RawValue`] only finds its end: it does not check the
/// escapes in texts, the sizes of numbers and the depth.
pub(super) fn check(value: &RawValue) -> serde_json::Result<()> {
    serde_json::from_str::<Checked>(value.get()).map(|_| ())
}

/// A value that is only checked. Nothing of it is kept.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Checked, D::Error> {
        deserializer.deserialize_any(Checked)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Checked;

    fn expecting(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        text.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_str<E>(self, _: &str) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Checked, A::Error> {
        while members.next_element::<Checked>()?.is_some() {}
        Ok(Checked)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Checked, A::Error> {
        while entries.next_entry::<Checked, Checked>()?.is_some() {}
        Ok(Checked)
    }
}
