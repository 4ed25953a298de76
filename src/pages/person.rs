//! Users as pages show them: with names that can't be too long, and with pictures only from where they are allowed.

use std::borrow::Cow;

use super::format;
use crate::domain::{UserId, drawn_avatar};
use crate::standings::Catalog;

/// The longest name that a list shows, in characters.
const LISTED_NAME_MAX: usize = 64;

/// Widths of pictures, in pixels: twice what the stylesheet gives them, for fine screens.
const SMALL_AVATAR: u32 = 64;
const LARGE_AVATAR: u32 = 160;

/// A user, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The number.
    pub id: UserId,
    /// The username.
    pub username: String,
    /// The full name, if there is one that says more than the username.
    pub name: Option<String>,
    /// The address of a small picture.
    pub avatar: String,
    /// The address of a large picture.
    pub large_avatar: String,
}

impl Person {
    /// A user in a list. The name is cut to the room that it has there.
    pub fn listed(catalog: &Catalog, id: UserId) -> Person {
        Person::new(catalog, id, LISTED_NAME_MAX)
    }

    /// A user with the whole name.
    pub fn in_full(catalog: &Catalog, id: UserId) -> Person {
        Person::new(catalog, id, usize::MAX)
    }

    fn new(catalog: &Catalog, id: UserId, characters_max: usize) -> Person {
        let shown = |text: &str| format::cut(&format::plain(text), characters_max);
        let user = catalog.users.get(&id);
        let username = catalog.username(id);
        let shown_name = catalog.shown_name(id);
        let picture = |size| avatar(user.map(|user| user.avatar_template.as_str()), id, size);
        Person {
            id,
            name: (shown_name != username).then(|| shown(&shown_name)),
            username: shown(&username),
            avatar: picture(SMALL_AVATAR),
            large_avatar: picture(LARGE_AVATAR),
        }
    }

    /// The name that stands first: the full one where there is one.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.username)
    }
}

/// The picture that a template gives, if it is on this server or at an `https:` address; otherwise the one that this
/// server draws.
fn avatar(template: Option<&str>, id: UserId, size: u32) -> String {
    let ours = |path: &str| path.starts_with('/') && !path[1..].starts_with(['/', '\\']);
    let template = template.filter(|template| ours(template) || template.starts_with("https://"));
    let template = template.map_or_else(|| drawn_avatar(id).into(), Cow::Borrowed);
    template.replace("{size}", &size.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_from_here_or_by_https() {
        let id = UserId::try_from(13).expect("a user id");
        for (template, src) in [
            ("https://a.example/{size}/x.png", "https://a.example/64/x.png"),
            ("/pictures/{size}.png", "/pictures/64.png"),
            ("/avatars/13/{size}.svg", "/avatars/13/64.svg"),
            ("http://a.example/{size}.png", "/avatars/13/64.svg"),
            ("//a.example/{size}.png", "/avatars/13/64.svg"),
            ("/\\a.example/{size}.png", "/avatars/13/64.svg"),
            ("javascript:alert(1)", "/avatars/13/64.svg"),
            ("data:image/svg+xml,<svg/>", "/avatars/13/64.svg"),
            ("", "/avatars/13/64.svg"),
        ] {
            assert_eq!(avatar(Some(template), id, 64), src, "{template}");
        }
        assert_eq!(avatar(None, id, 64), "/avatars/13/64.svg");
    }
}
