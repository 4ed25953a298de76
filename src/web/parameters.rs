//! The parameters of a request: query, form body and JSON body, merged.
//!
//! Reading a parameter yields a value of the domain or the error that names the parameter. What no route asks for is
//! never looked at. Which parameters a route takes is declared by its request; see [`super::request`].

use percent_encoding::percent_decode;
use rocket::data::{Data, FromData, Outcome, ToByteUnit};
use rocket::http::ContentType;
use rocket::request::Request;
use serde_json::Value;
use tokio::io::AsyncReadExt;

use super::error::{ApiError, BODY_BYTES_MAX};
use super::kinds::Parameter;

/// How much of a body that is too long is still read, so that its sender gets to see the refusal.
const DRAINED_MAX: usize = 16 << 20;

/// A parameter as it came.
#[derive(Debug, Clone, PartialEq)]
enum Field {
    /// From a query or a form; `None` where it is not UTF-8.
    Text(Option<String>),
    /// From a JSON body.
    Json(Value),
}

/// All parameters of a request, in the order of their precedence: the last of a name counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    fields: Vec<(String, Field)>,
}

#[rocket::async_trait]
impl<'r> FromData<'r> for Parameters {
    type Error = ApiError;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Parameters> {
        let mut parameters = Parameters::from_query(request);
        let body = match read_body(data).await {
            Ok(body) => body,
            Err(error) => return error.refuse(request),
        };
        match parameters.add_body(request.content_type(), request.headers().contains("Content-Type"), &body) {
            Ok(()) => Outcome::Success(parameters),
            Err(error) => error.refuse(request),
        }
    }
}

/// Reads the whole body, or refuses one that is too long after hearing it out.
async fn read_body(data: Data<'_>) -> Result<Vec<u8>, ApiError> {
    let mut stream = data.open(DRAINED_MAX.bytes());
    let mut body = Vec::new();
    let broken = |_| ApiError::unreadable_body();
    (&mut stream).take(BODY_BYTES_MAX as u64 + 1).read_to_end(&mut body).await.map_err(broken)?;
    if body.len() > BODY_BYTES_MAX {
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map_err(broken)?;
        return Err(ApiError::PayloadTooLarge { bytes_max: BODY_BYTES_MAX });
    }
    Ok(body)
}

impl Parameters {
    /// The parameters of the query.
    pub fn from_query(request: &Request<'_>) -> Parameters {
        let mut parameters = Parameters::default();
        if let Some(query) = request.uri().query() {
            parameters.add_form(query.raw().as_bytes());
        }
        parameters
    }

    fn add_body(&mut self, kind: Option<&ContentType>, named: bool, body: &[u8]) -> Result<(), ApiError> {
        const FAULT: ApiError = ApiError::unreadable_body();
        if body.is_empty() {
            return Ok(());
        }
        match kind {
            Some(kind) if kind.is_json() || kind.sub().as_str().to_ascii_lowercase().ends_with("+json") => {
                self.add_json(body).map_err(|_| FAULT)?;
            }
            Some(kind) if !kind.is_form() => return Err(FAULT),
            None if named => return Err(FAULT),
            // curl says that whatever follows -d is a form. A body that reads as a JSON object is no form.
            _ if body.trim_ascii_start().starts_with(b"{") && self.add_json(body).is_ok() => {}
            _ => self.add_form(body),
        }
        Ok(())
    }

    fn add_json(&mut self, body: &[u8]) -> serde_json::Result<()> {
        let object: serde_json::Map<String, Value> = serde_json::from_slice(body)?;
        self.fields.extend(object.into_iter().map(|(name, value)| (name, Field::Json(value))));
        Ok(())
    }

    fn add_form(&mut self, form: &[u8]) {
        for pair in form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            if let Some(name) = decode(name) {
                self.fields.push((name, Field::Text(decode(value))));
            }
        }
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().rev().find(|(have, _)| have == name).map(|(_, field)| field)
    }

    /// A parameter as it was written in a query or a form.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.field(name) {
            Some(Field::Text(text)) => text.as_deref(),
            _ => None,
        }
    }

    /// All values of a list as they were written in a query or a form.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let listed = listed(name);
        self.fields.iter().filter(move |(have, _)| *have == listed).filter_map(|(_, field)| match field {
            Field::Text(text) => text.as_deref(),
            Field::Json(_) => None,
        })
    }

    /// Writes a parameter over what was sent.
    pub fn set(&mut self, name: &str, text: impl Into<String>) {
        self.fields.push((name.to_owned(), Field::Text(Some(text.into()))));
    }

    /// Without the parameters that are blank: a form sends all its fields, also those that nobody has filled in.
    pub fn without_blanks(&self) -> Parameters {
        let blank = |name: &str| self.text(name).is_some_and(|text| text.trim().is_empty());
        Parameters { fields: self.fields.iter().filter(|(name, _)| !blank(name)).cloned().collect() }
    }

    /// Refuses the first of `names` that is missing, null or blank.
    pub fn require(&self, names: &[&'static str]) -> Result<(), ApiError> {
        let blank = |text: &str| text.trim().is_empty();
        let missing = names.iter().find(|name| match self.field(name) {
            None | Some(Field::Json(Value::Null)) => true,
            Some(Field::Text(Some(text)) | Field::Json(Value::String(text))) => blank(text),
            Some(_) => false,
        });
        missing.map_or(Ok(()), |name| Err(ApiError::Missing(name)))
    }

    /// Reads a parameter that may be absent or null.
    pub fn optional<T: Parameter>(&self, name: &'static str) -> Result<Option<T>, ApiError> {
        let value = match self.field(name) {
            None | Some(Field::Json(Value::Null)) => return Ok(None),
            Some(Field::Text(text)) => text.as_deref().and_then(T::from_text),
            Some(Field::Json(Value::String(text))) => T::from_text(text),
            Some(Field::Json(Value::Number(number))) => whole(number).and_then(T::from_number),
            Some(Field::Json(Value::Bool(flag))) => T::from_flag(*flag),
            Some(Field::Json(_)) => None,
        };
        value.map(Some).ok_or(ApiError::invalid(name, T::KIND.accepted))
    }

    /// Whether a parameter is there at all, blank or not; a list may be there member by member.
    pub fn has(&self, name: &str) -> bool {
        !matches!(self.field(name), None | Some(Field::Json(Value::Null))) || self.field(&listed(name)).is_some()
    }

    /// Reads a list: an array in JSON, or `name[]=1&name[]=2` in a query or form, or numbers between commas. Absent, null or
    /// blank it is empty.
    pub fn list<T: Parameter>(&self, name: &'static str) -> Result<Vec<T>, ApiError> {
        let fault = ApiError::invalid(name, T::KIND.accepted);
        let element = |value: &Value| match value {
            Value::String(text) => T::from_text(text),
            Value::Number(number) => whole(number).and_then(T::from_number),
            _ => None,
        };
        let texts = |text: &str| -> Option<Vec<T>> {
            if text.trim().is_empty() { Some(Vec::new()) } else { text.split(',').map(T::from_text).collect() }
        };
        let list = match self.field(name) {
            Some(Field::Json(Value::Array(values))) => values.iter().map(element).collect(),
            Some(Field::Text(Some(text)) | Field::Json(Value::String(text))) => texts(text),
            None | Some(Field::Json(Value::Null)) => {
                let listed = listed(name);
                let fields = self.fields.iter().filter(|(have, _)| *have == listed);
                let lists = fields.map(|(_, field)| match field {
                    Field::Text(Some(text)) => texts(text),
                    _ => None,
                });
                lists.collect::<Option<Vec<_>>>().map(|lists| lists.into_iter().flatten().collect())
            }
            Some(_) => None,
        };
        list.ok_or(fault)
    }

    /// Reads a parameter that may be absent or null, but not blank.
    pub fn filled<T: Parameter>(&self, name: &'static str) -> Result<Option<T>, ApiError> {
        if self.has(name) {
            self.require(&[name])?;
        }
        self.optional(name)
    }

    /// Reads a parameter that must be there.
    pub fn required<T: Parameter>(&self, name: &'static str) -> Result<T, ApiError> {
        self.optional(name)?.ok_or(ApiError::Missing(name))
    }
}

/// The fields of a name that is sent once for each member of a list, as forms do: `name[]`.
fn listed(name: &str) -> String {
    format!("{name}[]")
}

/// A whole number in JSON. `-0` is one, though it is read as a fraction to keep its sign.
fn whole(number: &serde_json::Number) -> Option<i64> {
    number.as_i64().or_else(|| (number.as_f64() == Some(0.0) && number.to_string().starts_with('-')).then_some(0))
}

/// A decoded part of a query or form; `None` if it is not UTF-8.
fn decode(part: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    String::from_utf8(percent_decode(&spaced).collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &str, body: &str) -> Parameters {
        let mut parameters = Parameters::default();
        parameters.add_form(query.as_bytes());
        parameters.add_body(None, false, body.as_bytes()).expect("a good body");
        parameters
    }

    #[test]
    fn the_last_of_a_name_counts_and_the_body_after_the_query() {
        assert_eq!(parameters("a=1&a=2", "").optional::<i64>("a"), Ok(Some(2)));
        assert_eq!(parameters("a=1", "a=2").optional::<i64>("a"), Ok(Some(2)));
        assert_eq!(parameters("a=1", r#"{"a":3}"#).optional::<i64>("a"), Ok(Some(3)));
        assert_eq!(parameters("a=1", r#"{"a":null}"#).optional::<i64>("a"), Ok(None));
        assert_eq!(parameters("a=1", r#"{"b":3}"#).optional::<i64>("a"), Ok(Some(1)));
    }

    #[test]
    fn a_blank_field_is_none_whatever_came_before_it() {
        let form = parameters("a=1&b=2", "a=+&b=3&c=").without_blanks();
        assert_eq!(form.optional::<i64>("a"), Ok(None));
        assert_eq!(form.optional::<i64>("b"), Ok(Some(3)));
        assert_eq!(form.optional::<i64>("c"), Ok(None));
    }

    #[test]
    fn forms_are_decoded() {
        let form = parameters("d=May+2023%20Karaoke%26more&e=%FF&f", "");
        assert_eq!(form.field("d"), Some(&Field::Text(Some("May 2023 Karaoke&more".to_owned()))));
        assert_eq!(form.field("e"), Some(&Field::Text(None)));
        assert_eq!(form.require(&["f"]), Err(ApiError::Missing("f")));
    }
}
