//! JSON Lines: an object in each line.

use std::fmt;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::fault::{Fault, Unreadable};
use super::lines::Lines;

/// Reads records. One line is held at a time.
pub(super) struct JsonRecords<R> {
    lines: Lines<R>,
    written: Vec<u8>,
}

impl<R: BufRead> JsonRecords<R> {
    pub fn new(source: R) -> JsonRecords<R> {
        JsonRecords { lines: Lines::new(source), written: Vec::new() }
    }

    /// Reads the next line that is not blank. `false`: there are no more.
    pub fn next(&mut self) -> Result<bool, Unreadable> {
        loop {
            self.written.clear();
            let line = self.lines.number() + 1;
            if !self.lines.read(&mut self.written).map_err(|error| error.at(line))? {
                return Ok(false);
            }
            if line == 1 && self.written.starts_with(b"\xef\xbb\xbf") {
                self.written.drain(..3);
            }
            if !self.written.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }
}

impl<R> JsonRecords<R> {
    /// The number of the last line.
    pub fn line(&self) -> u64 {
        self.lines.number()
    }

    /// The last line as it was written, with its end.
    pub fn written(&self) -> &[u8] {
        &self.written
    }

    /// The members of the last line's object that have these names, in the order of the names.
    pub fn members(&self, names: &'static [&'static str]) -> Result<Vec<Option<&RawValue>>, Fault> {
        let text = std::str::from_utf8(&self.written).map_err(|_| Fault::of_line("it is not UTF-8"))?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let members = Members(names).deserialize(&mut deserializer).and_then(|members| {
            deserializer.end()?;
            Ok(members)
        });
        members.map_err(|error| {
            // The place that serde_json adds counts lines within this one line.
            let why = error.to_string();
            let why = why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why);
            Fault::of_line(if error.is_data() { why.to_owned() } else { format!("it is no JSON object: {why}") })
        })
    }
}

/// Picks the members with these names out of an object.
struct Members(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Members {
    type Value = Vec<Option<&'de RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = vec![None; self.0.len()];
        while let Some(at) = members.next_key_seed(Name(self.0))? {
            match at {
                None => drop(members.next_value::<IgnoredAny>()?),
                Some(at) if found[at].is_some() => {
                    return Err(Error::custom(format_args!("{}: it is there twice", self.0[at])));
                }
                Some(at) => found[at] = Some(members.next_value()?),
            }
        }
        Ok(found)
    }
}

/// Finds the place of a name among those that are looked for.
struct Name(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<usize>;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|known| *known == name))
    }
}
