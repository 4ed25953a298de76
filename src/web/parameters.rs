//! The parameters of a request: query, form body and JSON body, merged.
//!
//! Reading a parameter gives a value of the domain, or the error that names the parameter. A parameter that no route
//! asks for is never looked at. Each route declares its parameters by its request; see [`super::request`]. How a body
//! becomes parameters is said in [`super::body`].

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use percent_encoding::percent_decode;
use serde_json::value::RawValue;

use super::error::ApiError;
use super::kinds::{JsonType, Parameter};
use super::written::Written;
use crate::domain::whole_of_json;

/// How many parameters a request may have. A list counts as one, however many members it has.
pub const PARAMETERS_MAX: usize = 1000;

/// How many values a parameter may have, if any one of them may match.
pub const ANY_OF_MAX: usize = 100;

/// The end of a name that is sent once for each member of a list, as forms do: `name[]`.
const LIST_MARK: &str = "[]";

/// A parameter as it came.
#[derive(Debug, Clone)]
enum Field {
    /// From a query or a form; `None` where it is not UTF-8.
    Text(Option<String>),
    /// A file of a form in parts. No request of the API takes one.
    File(Vec<u8>),
    /// From a JSON body.
    Json(Box<RawValue>),
}

/// The members of a list that came one by one. They are kept in one text, so that a body of many short ones takes no
/// more memory than its own length.
#[derive(Debug, Clone, Default)]
struct Members {
    text: String,
    /// Where in the text each member ends.
    ends: Vec<u32>,
    /// Whether one of the members was not a text.
    unreadable: bool,
}

impl Members {
    fn push(&mut self, member: Option<&str>) {
        let end = member.and_then(|member| {
            self.text.push_str(member);
            u32::try_from(self.text.len()).ok()
        });
        match end {
            Some(end) => self.ends.push(end),
            None => self.unreadable = true,
        }
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start as usize..*end as usize])
    }
}

/// All parameters of a request. If several have one name, the last one counts.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    fields: BTreeMap<String, Field>,
    /// The lists that came member by member. The key is the name without [`LIST_MARK`].
    lists: BTreeMap<String, Members>,
    /// How many parameters came. Those whose name had come before count too.
    count: usize,
}

impl Parameters {
    /// The parameters of a query or a form.
    ///
    /// # Errors
    /// There are more than [`PARAMETERS_MAX`].
    pub fn of_form(form: &[u8]) -> Result<Parameters, ApiError> {
        let mut parameters = Parameters::default();
        for pair in form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            match decode(name) {
                Some(name) => parameters.add_text(name, decode(value))?,
                None => parameters.count_one()?,
            }
        }
        Ok(parameters)
    }

    /// Adds a parameter that came as a text, or as something that can't be read as one.
    ///
    /// # Errors
    /// There are more than [`PARAMETERS_MAX`].
    pub(super) fn add_text(&mut self, name: String, text: Option<String>) -> Result<(), ApiError> {
        let Some(list) = name.strip_suffix(LIST_MARK) else {
            self.count_one()?;
            self.fields.insert(name, Field::Text(text));
            return Ok(());
        };
        if !self.lists.contains_key(list) {
            self.count_one()?;
        }
        self.lists.entry(list.to_owned()).or_default().push(text.as_deref());
        Ok(())
    }

    /// Adds a file of a form in parts.
    ///
    /// # Errors
    /// There are more than [`PARAMETERS_MAX`].
    pub(super) fn add_file(&mut self, name: String, content: Vec<u8>) -> Result<(), ApiError> {
        if name.ends_with(LIST_MARK) {
            return self.add_text(name, None);
        }
        self.count_one()?;
        self.fields.insert(name, Field::File(content));
        Ok(())
    }

    /// Adds a parameter that came in a JSON object.
    ///
    /// # Errors
    /// There are more than [`PARAMETERS_MAX`].
    pub(super) fn add_json(&mut self, name: String, value: Box<RawValue>) -> Result<(), ApiError> {
        self.count_one()?;
        match name.strip_suffix(LIST_MARK) {
            // In JSON, a list is an array under the name without the mark.
            Some(list) => self.lists.entry(list.to_owned()).or_default().unreadable = true,
            None => drop(self.fields.insert(name, Field::Json(value))),
        }
        Ok(())
    }

    fn count_one(&mut self) -> Result<(), ApiError> {
        self.count += 1;
        if self.count > PARAMETERS_MAX { Err(ApiError::too_many_parameters()) } else { Ok(()) }
    }

    /// These parameters together with others. If a name is in both, the other parameters win.
    ///
    /// # Errors
    /// There are more than [`PARAMETERS_MAX`].
    pub(super) fn overlaid(mut self, over: Parameters) -> Result<Parameters, ApiError> {
        if self.count == 0 {
            return Ok(over);
        }
        for name in over.fields.keys().chain(over.lists.keys()) {
            self.fields.remove(name);
            self.lists.remove(name);
        }
        self.fields.extend(over.fields);
        self.lists.extend(over.lists);
        self.count += over.count;
        if self.count > PARAMETERS_MAX { Err(ApiError::too_many_parameters()) } else { Ok(self) }
    }

    fn written(&self, name: &str) -> Option<Sent<'_>> {
        match self.fields.get(name)? {
            Field::Text(text) => Some(Sent::Text(text.as_deref())),
            Field::File(_) => Some(Sent::Text(None)),
            Field::Json(value) => match Written::of(value) {
                Written::Null => None,
                written => Some(Sent::Json(written)),
            },
        }
    }

    /// A parameter as it was written in a query or a form.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.fields.get(name) {
            Some(Field::Text(text)) => text.as_deref(),
            _ => None,
        }
    }

    /// A file that came in a form; `None` if none was chosen.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        match self.fields.get(name) {
            Some(Field::File(content)) => Some(content.as_slice()).filter(|content| !content.is_empty()),
            _ => None,
        }
    }

    /// All values of a list as they were written in a query or a form.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.lists.get(name).into_iter().flat_map(Members::iter)
    }

    /// All parameters as they were written in a query or a form, lists member by member. Files are not among them.
    pub fn all_texts(&self) -> Vec<(String, String)> {
        let single = self.fields.iter().filter_map(|(name, field)| match field {
            Field::Text(Some(text)) => Some((name.clone(), text.clone())),
            _ => None,
        });
        let members = self.lists.iter().flat_map(|(name, members)| {
            members.iter().map(move |member| (format!("{name}{LIST_MARK}"), member.to_owned()))
        });
        single.chain(members).collect()
    }

    /// Sets a parameter, whatever was sent for it.
    pub fn set(&mut self, name: &str, text: impl Into<String>) {
        self.fields.insert(name.to_owned(), Field::Text(Some(text.into())));
    }

    /// A copy without the blank parameters. A form sends all its fields, even those that nobody has filled in.
    pub fn without_blanks(&self) -> Parameters {
        let mut filled = self.clone();
        filled.fields.retain(|_, field| !matches!(field, Field::Text(Some(text)) if is_blank(text)));
        filled
    }

    /// Refuses the first of `names` that is missing, null or blank.
    pub fn require(&self, names: &[&'static str]) -> Result<(), ApiError> {
        let missing = names.iter().find(|name| match self.written(name) {
            None => true,
            Some(Sent::Text(Some(text))) => is_blank(text),
            Some(Sent::Json(Written::Text(text))) => is_blank(&text),
            Some(_) => false,
        });
        missing.map_or(Ok(()), |name| Err(ApiError::Missing(name)))
    }

    /// Reads a parameter that may be absent or null.
    pub fn optional<T: Parameter>(&self, name: &'static str) -> Result<Option<T>, ApiError> {
        let value = match self.written(name) {
            None => return Ok(None),
            Some(Sent::Text(text)) => text.and_then(T::from_text),
            Some(Sent::Json(written)) => scalar(&written),
        };
        value.map(Some).ok_or(ApiError::invalid(name, T::KIND.accepted))
    }

    /// Reads a parameter that may be absent or null, and is then what `default` says. That has to be a text that is accepted.
    pub fn defaulted<T: Parameter>(&self, name: &'static str, default: &str) -> Result<T, ApiError> {
        self.optional(name)?.or_else(|| T::from_text(default)).ok_or(ApiError::Missing(name))
    }

    /// Reads a parameter that takes away what is there if it is null or blank; `None`: it is absent.
    pub fn clearable<T: Parameter>(&self, name: &'static str) -> Result<Option<Option<T>>, ApiError> {
        let is_cleared = match self.fields.get(name) {
            None => return Ok(None),
            Some(Field::Text(Some(text))) => is_blank(text),
            Some(Field::Json(value)) => match Written::of(value) {
                Written::Null => true,
                Written::Text(text) => is_blank(&text),
                _ => false,
            },
            Some(_) => false,
        };
        if is_cleared { Ok(Some(None)) } else { self.optional(name).map(Some) }
    }

    /// Whether a parameter was sent at all, blank or not. A list may have been sent member by member.
    pub fn has(&self, name: &str) -> bool {
        self.written(name).is_some() || self.lists.contains_key(name)
    }

    /// Reads a list: an array in JSON, or `name[]=1&name[]=2` in a query or form, or values between commas. The list is
    /// empty if it is absent, null or blank.
    pub fn list<T: Parameter>(&self, name: &'static str) -> Result<Vec<T>, ApiError> {
        let list = match self.written(name) {
            None => self.members(name, between_commas),
            Some(Sent::Json(Written::List(list))) => {
                Written::members(list).into_iter().map(|member| scalar(&Written::of(member))).collect()
            }
            Some(Sent::Text(Some(text))) => between_commas(text),
            Some(Sent::Json(Written::Text(text))) => between_commas(&text),
            Some(_) => None,
        };
        list.ok_or(ApiError::invalid(name, T::KIND.accepted))
    }

    /// Reads the values of a parameter of which any may match: one value, or `name[]=1&name[]=2` in a query or form, or
    /// an array in JSON. There are no values if it is absent or null.
    pub fn any_of<T: Parameter>(&self, name: &'static str) -> Result<Vec<T>, ApiError> {
        let values = match self.written(name) {
            None => self.members(name, |text| T::from_text(text).map(|value| vec![value])),
            // Both a value and a list were sent, and it is not clear which one is meant.
            Some(_) if self.lists.contains_key(name) => None,
            Some(Sent::Json(Written::List(list))) => {
                Written::members(list).into_iter().map(|member| scalar(&Written::of(member))).collect()
            }
            Some(_) => self.optional(name)?.map(|value| vec![value]),
        };
        let values: Vec<T> = values.ok_or(ApiError::invalid(name, T::KIND.accepted))?;
        if values.len() > ANY_OF_MAX { Err(ApiError::invalid(name, "at most 100 values")) } else { Ok(values) }
    }

    /// The members of an array in JSON; `None` if it is something else, or has more than `count_max` members.
    pub fn objects(&self, name: &str, count_max: usize) -> Option<Vec<&RawValue>> {
        match self.fields.get(name)? {
            Field::Json(value) => match Written::of(value) {
                Written::List(list) => Written::members_at_most(list, count_max),
                _ => None,
            },
            Field::Text(_) | Field::File(_) => None,
        }
    }

    /// The members of a list that came one by one, each read as any number of values.
    fn members<T>(&self, name: &str, read: impl Fn(&str) -> Option<Vec<T>>) -> Option<Vec<T>> {
        let Some(members) = self.lists.get(name) else { return Some(Vec::new()) };
        if members.unreadable {
            return None;
        }
        let mut list = Vec::new();
        for member in members.iter() {
            list.append(&mut read(member)?);
        }
        Some(list)
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

/// A parameter that was sent.
enum Sent<'p> {
    /// From a query or a form; `None` where it is no text.
    Text(Option<&'p str>),
    /// From a JSON body, and not null.
    Json(Written<'p>),
}

/// Reads a single value of JSON. Where a text is expected, a number, `true` or `false` is taken as it was written.
fn scalar<T: Parameter>(written: &Written<'_>) -> Option<T> {
    let is_text = matches!(T::KIND.json, JsonType::Text { .. });
    match written {
        Written::Text(text) => T::from_text(text),
        Written::Number(number) if is_text => T::from_text(number),
        Written::Number(number) => whole_of_json(number).and_then(T::from_number),
        Written::Flag(flag) if is_text => T::from_text(if *flag { "true" } else { "false" }),
        Written::Flag(flag) => T::from_flag(*flag),
        Written::Null | Written::List(_) | Written::Object => None,
    }
}

/// Reads the values between commas; a blank text has none.
fn between_commas<T: Parameter>(text: &str) -> Option<Vec<T>> {
    if is_blank(text) { Some(Vec::new()) } else { text.split(',').map(T::from_text).collect() }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// A decoded part of a query or form; `None` if it is not UTF-8.
fn decode(part: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    String::from_utf8(percent_decode(&spaced).collect()).ok()
}
