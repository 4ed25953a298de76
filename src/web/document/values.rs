//! What is accepted as the value of a parameter, as a JSON schema. It is made of what the parser itself goes by.

use serde_json::{Value, json};

use super::ordered::Ordered;
use super::patterns;
use crate::web::kinds::{JsonType, Kind, TextForm};
use crate::web::parameters::ANY_OF_MAX;
use crate::web::request::{Field, FieldNeed, RECORDS_MAX};

/// Where a value is written. In JSON more is accepted than elsewhere: numbers, `null` and lists are values of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// In the query.
    Query,
    /// In a form.
    Form,
    /// In JSON.
    Json,
}

/// The schema of one parameter.
pub fn schema(field: &Field, written: Written) -> Value {
    let one = of_kind(&field.kind, field.need, written);
    let mut schema = match (field.need, written) {
        (FieldNeed::Records(fields), _) => {
            let records = serde_json::to_value(object(fields, Written::Json));
            let records = records.expect("plain data has a JSON form");
            json!({"type": "array", "minItems": 1, "maxItems": RECORDS_MAX, "items": records})
        }
        (FieldNeed::List | FieldNeed::OptionalList, Written::Json) => {
            json!({"anyOf": [{"type": "array", "items": one}, {"type": "string", "pattern": list_pattern(&field.kind)}]})
        }
        (FieldNeed::List | FieldNeed::OptionalList, Written::Form | Written::Query) => {
            json!({"type": "string", "pattern": list_pattern(&field.kind), "examples": [field.kind.example]})
        }
        // What can't be read counts as not there, so anything is accepted.
        (FieldNeed::Lenient, _) => json!({"type": "string", "examples": [field.kind.example]}),
        _ => one,
    };
    if field.need == FieldNeed::Clearable {
        schema = or_blank(schema);
    }
    if written == Written::Json && !is_required(field) {
        schema = or_null(schema);
    }
    if let Some(default) = field.default {
        schema["default"] = literal(&field.kind, default);
    }
    schema
}

/// The schema of a number with a blank text as one more value, which takes away what is there.
fn or_blank(mut schema: Value) -> Value {
    const BLANK: &str = r"[ \t-\r]*";
    let digits = schema["pattern"].as_str().map(|pattern| pattern.trim_matches(['^', '$']).to_owned());
    schema["pattern"] = digits.map_or(format!("^{BLANK}$"), |digits| format!("^(?:{BLANK}|{digits})$")).into();
    schema["type"] = json!(["integer", "string"]);
    schema
}

/// The schema with `null` as one more value, which counts as none.
pub fn or_null(mut schema: Value) -> Value {
    match &mut schema["type"] {
        Value::String(only) => {
            let only = std::mem::take(only);
            schema["type"] = json!([only, "null"]);
        }
        Value::Array(types) => types.push("null".into()),
        _ => {
            if let Some(options) = schema["anyOf"].as_array_mut() {
                options.push(json!({"type": "null"}));
            }
            if let Some(members) = schema.as_object_mut() {
                members.remove("type");
            }
        }
    }
    if let Some(words) = schema["enum"].as_array_mut() {
        words.push(Value::Null);
    } else if let Some(members) = schema.as_object_mut() {
        members.remove("enum");
    }
    schema
}

/// An example or default of a kind, as it is written in JSON.
pub fn literal(kind: &Kind, text: &str) -> Value {
    match kind.json {
        JsonType::Text { .. } | JsonType::Date | JsonType::Word(_) => text.into(),
        JsonType::Integer { .. } | JsonType::Flag | JsonType::Objects => {
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        }
    }
}

/// The schema of a single value.
fn of_kind(kind: &Kind, need: FieldNeed, written: Written) -> Value {
    let mut schema = match kind.json {
        JsonType::Integer { min, max } => {
            let mut schema = json!({"type": "integer", "minimum": min, "maximum": max});
            // The digits of a number may stand in quotes.
            if written == Written::Json {
                schema["type"] = json!(["integer", "string"]);
                schema["pattern"] = patterns::of_integer(min, max).into();
            }
            schema
        }
        JsonType::Text { characters_max, form } => text(characters_max, form, need, written),
        JsonType::Date => json!({"type": "string", "format": "date"}),
        JsonType::Word(words) => json!({"type": "string", "enum": words}),
        JsonType::Flag if written == Written::Json => {
            json!({"anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["true", "false"]}]})
        }
        JsonType::Flag => json!({"type": "boolean"}),
        JsonType::Objects => json!({"type": "array"}),
    };
    // Beside the number of a user, a name has to be that user's. No example can know whose name somebody has.
    if !matches!(kind.json, JsonType::Text { form: TextForm::Username, .. }) || need == FieldNeed::Filled {
        schema["examples"] = json!([literal(kind, kind.example)]);
    }
    schema
}

/// Whether the request is refused without this parameter, whatever else it holds.
pub fn is_required(field: &Field) -> bool {
    matches!(field.need, FieldNeed::Required | FieldNeed::Records(_))
}

/// The schema of a text. In JSON a number, `true` or `false` is taken as it was written, where such a text is accepted.
fn text(characters_max: usize, form: TextForm, need: FieldNeed, written: Written) -> Value {
    // What has to be filled is refused if nothing is left of it.
    let is_filled = matches!(need, FieldNeed::Required | FieldNeed::Filled);
    let form = if form == TextForm::Trimmed && is_filled { TextForm::Filled } else { form };
    let mut schema = json!({"type": "string"});
    if written == Written::Json && form != TextForm::Address {
        schema["type"] = json!(["string", "number", "boolean"]);
    }
    match patterns::of_text(form, characters_max) {
        // Blanks at the ends don't count, so the pattern says how long the rest may be.
        Some(pattern) => schema["pattern"] = pattern.into(),
        None => schema["maxLength"] = characters_max.into(),
    }
    if form == TextForm::Address {
        schema["maxLength"] = characters_max.into();
    }
    schema
}

/// The pattern of numbers between commas, or of nothing.
fn list_pattern(kind: &Kind) -> String {
    let JsonType::Integer { min, max } = kind.json else { return ".*".to_owned() };
    let one = patterns::of_integer(min, max);
    let one = one.trim_start_matches('^').trim_end_matches('$');
    format!("^(?:[ \\t-\\r]*|{one}(?:,{one})*)$")
}

/// The schema of an object of these parameters.
pub fn object(fields: &[Field], written: Written) -> Ordered {
    let mut properties = Ordered::object();
    let stand_in = stand_in(fields);
    for field in fields {
        let mut schema = schema(field, written);
        if stand_in == Some(field.name) && written == Written::Json {
            schema = or_null(schema);
        }
        schema["description"] = sentence(field).into();
        properties = properties.with(field.name, schema);
    }
    let required = fields.iter().filter(|field| is_required(field)).map(|field| field.name);
    let required: Vec<&str> = required.filter(|name| stand_in != Some(name)).collect();
    let mut object = Ordered::object().with("type", "object").with("properties", properties);
    object = object.with_some("required", (!required.is_empty()).then(|| json!(required)));
    if let Some(name) = stand_in {
        let is_there = |name: &str| json!({"required": [name], "properties": {name: {"not": {"type": "null"}}}});
        object = object.with("if", json!({"not": is_there("username")})).with("then", is_there(name));
    }
    object
}

/// The required parameter for which `username` may stand.
fn stand_in(fields: &[Field]) -> Option<&'static str> {
    let has_username = fields.iter().any(|field| field.name == "username" && field.need == FieldNeed::Optional);
    let user_id = fields.iter().find(|field| field.name == "user_id" && field.need == FieldNeed::Required);
    user_id.filter(|_| has_username).map(|field| field.name)
}

/// What a parameter means and what is accepted, in sentences.
pub fn sentence(field: &Field) -> String {
    let more = match field.need {
        FieldNeed::AnyOf => format!(
            " Of up to {ANY_OF_MAX} values any may match: send {}[]= once for each, and not {} beside it.",
            field.name, field.name
        ),
        FieldNeed::List | FieldNeed::OptionalList => {
            format!(" In JSON a list; in a form between commas, or {}[]= once for each.", field.name)
        }
        FieldNeed::Clearable => " Null or a blank takes it away.".to_owned(),
        _ => String::new(),
    };
    format!("{} Accepted: {}.{more}", field.about.trim(), field.kind.accepted)
}
