//! A JSON object as parameters: each of its members is one.

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::ApiError;
use super::parameters::Parameters;
use super::written;

/// The parameters of a JSON object. The outer error says that the text is no such object, the inner one that it has too
/// many members.
pub(crate) fn read(text: &str) -> serde_json::Result<Result<Parameters, ApiError>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parameters = deserializer.deserialize_map(Object)?;
    deserializer.end()?;
    Ok(parameters)
}

/// Reads a JSON object of which each member is a parameter.
struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Result<Parameters, ApiError>;

    fn expecting(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        text.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut parameters = Ok(Parameters::default());
        while let Some((name, value)) = members.next_entry::<String, Box<RawValue>>()? {
            written::check(&value).map_err(Error::custom)?;
            // What follows one parameter too many has to be JSON too.
            parameters = parameters.and_then(|mut parameters: Parameters| {
                parameters.add_json(name, value)?;
                Ok(parameters)
            });
        }
        Ok(parameters)
    }
}
