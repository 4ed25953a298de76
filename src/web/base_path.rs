//! The path under which a proxy shows the server. All addresses that the server sends go through here: those in pages, in
//! headers and in cookies. Everything else knows paths from the root alone.
//!
//! A proxy may take the path away before it passes a request on, or leave it: both are understood.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use rocket::Route;
use rocket::http::uri::Origin;
use rocket::response::Response;

use crate::domain::PathPrefix;

/// The attributes of a page that hold addresses.
const ADDRESSES: [&str; 6] = ["href", "src", "action", "formaction", "data-stream", "data-suggest"];

/// The path under which the server is shown, and which paths are the server's own.
#[derive(Debug, Clone, Default)]
pub struct BasePath {
    prefix: Option<PathPrefix>,
    /// The first parts of all paths that the server answers. A user's picture may lie beside the server, at a path of
    /// the same host that is none of these.
    own: Arc<OnceLock<BTreeSet<String>>>,
}

/// The first part of a path: `users` of `/users/13?range=year`.
fn first_part(path: &str) -> Option<&str> {
    path.strip_prefix('/')?.split(['/', '?', '#']).next()
}

impl BasePath {
    /// The server is shown under that path, or at the root.
    pub fn new(prefix: Option<PathPrefix>) -> BasePath {
        BasePath { prefix, own: Arc::default() }
    }

    /// Learns which paths are the server's own. It has to be called before the first request.
    ///
    /// # Errors
    /// The path of the settings begins like one of the server's own, so nobody could tell the two apart.
    pub fn learn<'r>(&self, routes: impl Iterator<Item = &'r Route>) -> Result<(), PathPrefix> {
        let first = |route: &Route| first_part(route.uri.path()).map(str::to_owned);
        let own: BTreeSet<String> = routes.filter_map(first).filter(|first| !first.starts_with('<')).collect();
        if let Some(prefix) =
            self.prefix.as_ref().filter(|prefix| first_part(prefix.as_str()).is_some_and(|first| own.contains(first)))
        {
            return Err(prefix.clone());
        }
        // Whoever learns twice learns the same.
        let _ = self.own.set(own);
        Ok(())
    }

    /// The prefix as text, empty if there is none.
    pub fn as_str(&self) -> &str {
        self.prefix.as_ref().map_or("", PathPrefix::as_str)
    }

    /// The path for which cookies are.
    pub fn cookie_path(&self) -> String {
        if self.prefix.is_some() { self.as_str().to_owned() } else { "/".to_owned() }
    }

    /// An address as a client has to ask for it. What is not a path of the server's own stays as it is.
    pub fn of<'a>(&self, address: &'a str) -> Cow<'a, str> {
        // A path with `.json` behind it is the same resource.
        let plain = |first: &str| first.strip_suffix(".json").unwrap_or(first).to_owned();
        let is_own = |first: &str| self.own.get().is_some_and(|own| own.contains(&plain(first)));
        match &self.prefix {
            Some(prefix) if !address.starts_with("//") && first_part(address).is_some_and(is_own) => {
                Cow::Owned(format!("{prefix}{address}"))
            }
            _ => Cow::Borrowed(address),
        }
    }

    /// The path of a request from the root, if it is below the prefix.
    pub fn strip<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.prefix.as_ref()?.as_str())?;
        match rest {
            "" => Some("/"),
            rest => Some(rest).filter(|rest| rest.starts_with('/')),
        }
    }

    /// A page whose addresses are as a client has to ask for them. What stands between the tags is left alone.
    pub fn page(&self, html: String) -> String {
        if self.prefix.is_none() {
            return html;
        }
        let mut page = String::with_capacity(html.len() + html.len() / 8);
        let mut rest = html.as_str();
        while let Some((text, tag)) = rest.find('<').map(|at| rest.split_at(at)) {
            page.push_str(text);
            rest = self.tag(tag, &mut page);
        }
        page.push_str(rest);
        page
    }

    /// Adds one tag to a page. Returns what follows it. An attribute's value may stand in quotes or not.
    fn tag<'h>(&self, tag: &'h str, page: &mut String) -> &'h str {
        let mut rest = tag;
        while let Some(at) = rest.find(['=', '>']) {
            let (before, after) = rest.split_at(at + 1);
            page.push_str(before);
            rest = after;
            let Some(attribute) = before.strip_suffix('=') else { return rest };
            let name = attribute.rsplit([' ', '\n']).next().unwrap_or_default();
            let value = match rest.strip_prefix('"') {
                Some(quoted) => {
                    page.push('"');
                    quoted.split('"').next().unwrap_or_default()
                }
                None => rest.split([' ', '\n', '>']).next().unwrap_or_default(),
            };
            rest = &rest[usize::from(rest.starts_with('"')) + value.len()..];
            page.push_str(&if ADDRESSES.contains(&name) { self.of(value) } else { Cow::Borrowed(value) });
        }
        page.push_str(rest);
        ""
    }

    /// Turns the addresses in the headers of a reply into those that a client has to ask for.
    pub(super) fn complete(&self, response: &mut Response<'_>) {
        if self.prefix.is_none() {
            return;
        }
        if let Some(to) = response.headers().get_one("Location") {
            let to = self.of(to).into_owned();
            response.set_raw_header("Location", to);
        }
        if let Some((to, rest)) =
            response.headers().get_one("Link").and_then(|link| link.strip_prefix('<')?.split_once('>'))
        {
            let link = format!("<{}>{rest}", self.of(to));
            response.set_raw_header("Link", link);
        }
    }
}

/// The same path and query, with another path.
pub(super) fn with_path(uri: &Origin<'_>, path: &str) -> Origin<'static> {
    Origin::new(path.to_owned(), uri.query().map(|query| query.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server under `/points` that has leaderboards, users and assets.
    fn base() -> BasePath {
        let base = BasePath::new("/points".parse().ok());
        let own = ["", "leaderboard", "users", "assets", "avatars"].map(str::to_owned);
        base.own.set(own.into()).expect("it is new");
        base
    }

    #[test]
    fn own_addresses_begin_with_the_path_and_others_stay() {
        for (address, shown) in [
            ("/", "/points/"),
            ("/leaderboard", "/points/leaderboard"),
            ("/leaderboard?period=weekly", "/points/leaderboard?period=weekly"),
            ("/users/13#a", "/points/users/13#a"),
            ("/points/users/13", "/points/users/13"),
            ("/user_avatar/club.example/ann/64/1.png", "/user_avatar/club.example/ann/64/1.png"),
            ("//users/13", "//users/13"),
            ("https://a.example/users", "https://a.example/users"),
            ("#main", "#main"),
            ("?page=1", "?page=1"),
            ("", ""),
        ] {
            assert_eq!(base().of(address), shown, "{address}");
            assert_eq!(BasePath::default().of(address), address);
        }
    }

    #[test]
    fn a_request_below_the_path_is_one_from_the_root() {
        for (path, stripped) in [
            ("/points", Some("/")),
            ("/points/", Some("/")),
            ("/points/users/13", Some("/users/13")),
            ("/pointsusers", None),
            ("/users/13", None),
            ("/users/points", None),
        ] {
            assert_eq!(base().strip(path), stripped, "{path}");
        }
        assert_eq!(BasePath::default().strip("/users/13"), None);
    }

    #[test]
    fn addresses_in_tags_are_changed_and_texts_are_not() {
        for (html, shown) in [
            ("<a href=\"/users/1?a=b\">href=\"/users/1\"</a>", "<a href=\"/points/users/1?a=b\">href=\"/users/1\"</a>"),
            ("<a class=who href=/users/13><b>x</b>", "<a class=who href=/points/users/13><b>x</b>"),
            ("<form\naction=\"/users\" method=\"post\">", "<form\naction=\"/points/users\" method=\"post\">"),
            ("<input value=\"/users/1\" data-x=\"/users\">", "<input value=\"/users/1\" data-x=\"/users\">"),
            ("<i data-stream=\"/leaderboard/1/live\" hidden>", "<i data-stream=\"/points/leaderboard/1/live\" hidden>"),
            ("<img src=\"/pictures/1.png\" alt=\"a = b > c\">", "<img src=\"/pictures/1.png\" alt=\"a = b > c\">"),
            ("<img src=\"https://a.example/users/1\" alt>x", "<img src=\"https://a.example/users/1\" alt>x"),
            ("<!DOCTYPE html>\n<p>a = b &lt; c</p>", "<!DOCTYPE html>\n<p>a = b &lt; c</p>"),
            ("no tag", "no tag"),
        ] {
            assert_eq!(base().page(html.to_owned()), shown);
            assert_eq!(BasePath::default().page(html.to_owned()), html);
        }
    }
}
