//! The examples of the document are true to each other: an answer says what its request has said.

use serde_json::{Value, json};

use super::document;
use crate::web::document::{Content, Operation};

/// The request of an operation's sample.
fn sample(operation: &Operation) -> Value {
    if !operation.uses_query() {
        return serde_json::from_str(operation.sample).unwrap_or_else(|_| json!({}));
    }
    operation
        .sample
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, json!(value)))
        .collect()
}

/// The examples of an operation's answers.
fn examples(operation: &Operation) -> Vec<Value> {
    let answers = operation.signature.answers.iter();
    let of_json = answers.filter_map(|answer| match &answer.content {
        Content::Json(of) => Some(operation.example(answer.status, of)),
        Content::Nothing | Content::Other(..) => None,
    });
    of_json.map(|example| serde_json::to_value(example).expect("plain data has a JSON form")).collect()
}

/// Whether an answer holds nothing else than the request where both have a member of one name.
fn agree(sent: &Value, answered: &Value) -> bool {
    match (sent, answered) {
        (Value::Object(sent), Value::Object(answered)) => {
            sent.iter().all(|(name, value)| answered.get(name).is_none_or(|answer| agree(value, answer)))
        }
        (Value::Array(sent), Value::Array(answered)) => {
            sent.len() == answered.len() && sent.iter().zip(answered).all(|(sent, answered)| agree(sent, answered))
        }
        (Value::String(sent), Value::String(answered)) => sent == answered,
        // In a query a number is a text.
        (Value::String(sent), answered) => sent.parse::<Value>().is_ok_and(|sent| sent == *answered),
        _ => sent == answered,
    }
}

/// Every object within a value.
fn objects(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(members) => std::iter::once(value).chain(members.values().flat_map(objects)).collect(),
        Value::Array(members) => members.iter().flat_map(objects).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn an_answer_says_what_its_request_has_said() {
    let document = document();
    for operation in document.sections().iter().flat_map(|section| &section.operations) {
        let sent = sample(operation);
        for answered in examples(operation) {
            assert!(agree(&sent, &answered), "{}: {sent} is answered with {answered}", operation.id);
        }
    }
}

#[test]
fn no_group_is_included_and_excluded() {
    let document = document();
    for operation in document.sections().iter().flat_map(|section| &section.operations) {
        for example in examples(operation) {
            for board in objects(&example) {
                let of = |name: &str| board[name].as_array().cloned().unwrap_or_default();
                let excluded = of("excluded_groups_ids");
                assert!(of("included_groups_ids").iter().all(|id| !excluded.contains(id)), "{}", operation.id);
            }
        }
    }
}
