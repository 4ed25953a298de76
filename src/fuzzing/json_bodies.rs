//! JSON bodies.

use serde_json::Value;

use crate::domain::{Description, whole_of_json};
use crate::web::json_object;
use crate::web::kinds::Parameter;
use crate::web::parameters::Parameters;
use crate::web::request::Request;
use crate::web::requests::directory::PutUsers;
use crate::web::requests::events::{NewEvent, NewEvents};

/// Names that requests have.
const NAMES: [&str; 8] =
    ["user_id", "date", "points", "description", "minimum_score", "username", "events", "suspended"];

/// A JSON body. It is taken if serde_json takes it as an object, and each member is what serde_json reads.
pub fn json_bodies(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(number) = whole_of_json(text) {
        assert!(number.to_string().parse() == Ok(number));
    }
    let value = serde_json::from_str::<Value>(text);
    match (json_object::read(text), value) {
        (Ok(Ok(parameters)), Ok(Value::Object(members))) => {
            for name in NAMES {
                compare(&parameters, name, members.get(name).unwrap_or(&Value::Null));
            }
            read(&parameters);
        }
        // There are too many parameters.
        (Ok(Err(_)), Ok(Value::Object(_))) => {}
        // A member may be as deep as serde_json takes a whole body to be.
        (Ok(_), Err(error)) => assert!(error.to_string().contains("recursion limit"), "{error}"),
        (Ok(_), Ok(value)) => panic!("{value} is no object"),
        (Err(error), Ok(Value::Object(_))) => panic!("it is refused: {error}"),
        (Err(_), _) => {}
    }
}

/// A parameter is what serde_json says.
fn compare(parameters: &Parameters, name: &'static str, value: &Value) {
    // With `name[]` beside it, it may be there all the same.
    assert!(parameters.has(name) || value.is_null(), "{name} is not there");
    let text = parameters.optional::<Description>(name).ok().flatten();
    let text = text.as_ref().map(Description::as_str);
    let number = parameters.optional::<i64>(name).ok().flatten();
    let flag = parameters.optional::<bool>(name).ok().flatten();
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => assert_eq!((text, number, flag), (None, None, None)),
        Value::Bool(known) => {
            assert_eq!((text, number), (Some(if *known { "true" } else { "false" }), None));
            assert_eq!(flag, Some(*known));
        }
        Value::String(known) => {
            assert_eq!(text, Some(known.as_str()).filter(|known| known.chars().count() <= Description::CHARACTERS_MAX));
            assert_eq!(number, i64::from_text(known));
            assert_eq!(flag, known.parse().ok());
        }
        Value::Number(known) => {
            let written = text.expect("a number is taken as a text, as it is written");
            assert!(written.parse::<f64>().is_ok() && flag.is_none());
            assert!(known.as_i64().is_none_or(|known| number == Some(known)), "{known} is read as {number:?}");
            // A number with a fraction is none, even if serde_json's nearest number has no fraction.
            if let (Some(number), Some(known)) = (number, known.as_f64()) {
                assert!((number as f64 - known).abs() <= known.abs() * 1e-15, "{known} is read as {number}");
            }
        }
    }
}

/// Reads the requests, whatever they are.
fn read(parameters: &Parameters) {
    let _ = NewEvent::read(parameters);
    if let Ok(new) = NewEvents::read(parameters) {
        assert!((1..=10_000).contains(&new.events.len()));
    }
    let _ = PutUsers::read(parameters);
}
