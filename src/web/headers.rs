//! Looking for a header.

use std::borrow::Cow;

use rocket::http::HeaderMap;

/// The first value of a header. A message has a handful of them: comparing their names takes less than the hash by which a
/// [`HeaderMap`] finds one.
pub(super) fn first<'h>(headers: &'h HeaderMap<'_>, name: &str) -> Option<&'h str> {
    match headers.iter().find(|header| header.name() == name)?.value {
        Cow::Borrowed(value) => Some(value),
        Cow::Owned(_) => headers.get_one(name),
    }
}
