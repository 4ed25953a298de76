//! JSON whose members keep the order in which they were added, so that the document reads from the top, and programs made
//! from it name things in the order in which they are documented.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// A value of the document.
#[derive(Debug, Clone)]
pub enum Ordered {
    /// An object with its members in order.
    Object(Vec<(String, Ordered)>),
    /// A list.
    List(Vec<Ordered>),
    /// Anything in which the order of members tells nothing.
    Plain(Value),
}

impl Ordered {
    /// An object without members.
    pub fn object() -> Ordered {
        Ordered::Object(Vec::new())
    }

    /// The object with one more member. What is no object stays as it is.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Ordered>) -> Ordered {
        if let Ordered::Object(members) = &mut self {
            members.push((name.into(), value.into()));
        }
        self
    }

    /// The object with one more member, if there is a value for it.
    pub fn with_some(self, name: &str, value: Option<impl Into<Ordered>>) -> Ordered {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// An object of these members.
    pub fn of(members: impl IntoIterator<Item = (String, Ordered)>) -> Ordered {
        Ordered::Object(members.into_iter().collect())
    }

    /// JSON that is declared in the code, with its members in order.
    pub fn read(json: &str) -> Ordered {
        serde_json::from_str(json).unwrap_or_else(|fault| panic!("no JSON is declared: {json}: {fault}"))
    }
}

impl From<Value> for Ordered {
    fn from(value: Value) -> Ordered {
        Ordered::Plain(value)
    }
}

impl From<&str> for Ordered {
    fn from(text: &str) -> Ordered {
        Ordered::Plain(text.into())
    }
}

impl From<String> for Ordered {
    fn from(text: String) -> Ordered {
        Ordered::Plain(text.into())
    }
}

impl From<bool> for Ordered {
    fn from(flag: bool) -> Ordered {
        Ordered::Plain(flag.into())
    }
}

impl From<Vec<Ordered>> for Ordered {
    fn from(members: Vec<Ordered>) -> Ordered {
        Ordered::List(members)
    }
}

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Ordered::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
                map.end()
            }
            Ordered::List(members) => members.serialize(serializer),
            Ordered::Plain(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ordered, D::Error> {
        deserializer.deserialize_any(InOrder)
    }
}

/// Reads a value with the members of its objects in order.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Ordered;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON with whole numbers")
    }

    fn visit_unit<E: Error>(self) -> Result<Ordered, E> {
        Ok(Ordered::Plain(Value::Null))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Ordered, E> {
        Ok(flag.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Ordered, E> {
        Ok(Ordered::Plain(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Ordered, E> {
        Ok(Ordered::Plain(number.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Ordered, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ordered, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = list.next_element()? {
            members.push(member);
        }
        Ok(Ordered::List(members))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Ordered, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Ordered::Object(members))
    }
}
