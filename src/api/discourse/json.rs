//! Reading the few parts of a body that are needed. All others are passed over, however deep they are nested: nothing here
//! calls itself for a part within a part.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::domain::{CategoryId, Timestamp, UserId, whole_of_json, whole_of_text};
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;

/// The parameter of a form that holds the JSON.
const PAYLOAD: &str = "payload";

/// An object whose members have not been looked at yet. Each part of a body is named by its whole path, such as
/// `post.user_id`: errors tell this name, and its last word is the name of the member.
pub struct Object<'b>(HashMap<String, &'b RawValue>);

/// The JSON of a body, which may be a form that holds it; `None`: it is no text, or a form without it.
pub fn text_of(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['{', '[', '"']) {
        return Some(text.to_owned());
    }
    let form = Parameters::of_form(body).ok()?;
    form.text(PAYLOAD).map(str::to_owned)
}

impl<'b> Object<'b> {
    /// The object that a text is; `None`: it is something else.
    pub fn of(text: &'b str) -> Option<Object<'b>> {
        serde_json::from_str(text).ok().map(Object)
    }

    /// A member that is neither absent nor null.
    fn member(&self, path: &'static str) -> Option<&'b RawValue> {
        let name = path.rsplit('.').next().unwrap_or(path);
        self.0.get(name).copied().filter(|value| value.get() != "null")
    }

    /// Whether there is such a member, null or not.
    pub fn has(&self, path: &'static str) -> bool {
        self.0.contains_key(path.rsplit('.').next().unwrap_or(path))
    }

    /// A member that is an object.
    pub fn object(&self, path: &'static str) -> Result<Option<Object<'b>>, ApiError> {
        let wrong = ApiError::invalid(path, "an object");
        self.member(path).map(|value| Object::of(value.get()).ok_or(wrong)).transpose()
    }

    /// A member that has to be there and is an object.
    pub fn needed(&self, path: &'static str) -> Result<Object<'b>, ApiError> {
        self.object(path)?.ok_or(ApiError::Missing(path))
    }

    /// A member that is a whole number, perhaps written as a text.
    pub fn whole(&self, path: &'static str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.member(path).map(RawValue::get) else { return Ok(None) };
        let number = match value.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<String>(value).ok().and_then(|text| whole_of_text(&text)),
            Some(b'-' | b'0'..=b'9') => whole_of_json(value),
            _ => None,
        };
        number.map(Some).ok_or(ApiError::invalid(path, "a whole number"))
    }

    /// A member that has to be there and is the number of a thing.
    pub fn id(&self, path: &'static str) -> Result<i64, ApiError> {
        self.whole(path)?.ok_or(ApiError::Missing(path))
    }

    /// A member that has to be there and is the number of a user; `None`: it is 0 or below, which no person has.
    pub fn user(&self, path: &'static str) -> Result<Option<UserId>, ApiError> {
        match self.id(path)? {
            ..=0 => Ok(None),
            id => UserId::try_from(id).map(Some).map_err(|fault| ApiError::invalid(path, fault.accepted)),
        }
    }

    /// A member that is the number of a category.
    pub fn category(&self, path: &'static str) -> Result<Option<CategoryId>, ApiError> {
        let id = self.whole(path)?.filter(|id| *id > 0);
        id.map(CategoryId::try_from).transpose().map_err(|fault| ApiError::invalid(path, fault.accepted))
    }

    /// A member that is a text.
    pub fn text(&self, path: &'static str) -> Result<Option<String>, ApiError> {
        let Some(value) = self.member(path) else { return Ok(None) };
        serde_json::from_str(value.get()).map(Some).map_err(|_| ApiError::invalid(path, "a text"))
    }

    /// A member that is true or false; if it is absent, it is false.
    pub fn flag(&self, path: &'static str) -> Result<bool, ApiError> {
        match self.member(path).map(RawValue::get) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ApiError::invalid(path, "true or false")),
        }
    }

    /// A member that is a moment.
    pub fn moment(&self, path: &'static str) -> Result<Option<Timestamp>, ApiError> {
        let text = self.text(path)?;
        let moment = text.map(|text| text.parse()).transpose();
        moment.map_err(|_| ApiError::invalid(path, "a moment, as 2023-04-14T09:30:00.000Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_found_in_both_variants() {
        for body in ["{\"a\":1}", "\u{feff} {\"a\":1}", "payload=%7B%22a%22%3A1%7D", "x=2&payload={%22a%22:1}"] {
            assert_eq!(text_of(body.as_bytes()).as_deref(), Some("{\"a\":1}"), "{body}");
        }
        for body in [&b""[..], b"a=1", b"\xff{}", b"payload=%FF"] {
            assert_eq!(text_of(body), None, "{body:?}");
        }
    }

    #[test]
    fn parts_are_read_by_their_paths_and_others_are_passed_over() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let text =
            format!(r#"{{"deep":{deep},"id":"13","half":1.5,"no":null,"yes":true,"at":"2026-01-02T03:04:05.678Z"}}"#);
        let object = Object::of(&text).expect("an object");
        assert_eq!(object.id("post.id"), Ok(13));
        assert_eq!(object.whole("post.no"), Ok(None));
        assert_eq!(object.id("post.no"), Err(ApiError::Missing("post.no")));
        assert_eq!(object.id("a.b.half"), Err(ApiError::invalid("a.b.half", "a whole number")));
        assert_eq!((object.flag("post.yes"), object.flag("post.none")), (Ok(true), Ok(false)));
        assert!(
            object.flag("post.id").is_err() && object.object("post.deep").is_err() && object.text("post.yes").is_err()
        );
        let at = object.moment("post.at").expect("a moment").expect("it is there");
        assert_eq!(at.to_string(), "2026-01-02T03:04:05.678Z");
        assert!(Object::of("[]").is_none() && Object::of("{\"a\":").is_none());
    }
}
