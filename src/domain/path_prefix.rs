//! The path under which a proxy shows the server.

use std::fmt;
use std::str::FromStr;

use super::Unacceptable;

/// The longest prefix, in bytes.
const LENGTH_MAX: usize = 200;

/// A path such as `/points`: it begins with a slash, and has none at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPrefix(String);

impl PathPrefix {
    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PathPrefix {
    type Err = Unacceptable;

    /// Reads a path. A slash at its end is passed over. Only characters are taken that mean the same everywhere in an
    /// address, a page and a header.
    fn from_str(text: &str) -> Result<PathPrefix, Unacceptable> {
        let plain = text.strip_suffix('/').unwrap_or(text);
        let is_part = |part: &str| {
            let is_dots = part.bytes().all(|byte| byte == b'.');
            !is_dots && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        };
        match plain.strip_prefix('/') {
            Some(parts) if plain.len() <= LENGTH_MAX && parts.split('/').all(is_part) => {
                Ok(PathPrefix(plain.to_owned()))
            }
            _ => Err(Unacceptable { accepted: "a path such as /points" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_plain_path() {
        for (text, prefix) in [("/points", "/points"), ("/points/", "/points"), ("/a/b-c/d.e", "/a/b-c/d.e")] {
            assert_eq!(text.parse::<PathPrefix>().expect("a prefix").as_str(), prefix);
        }
        for text in [
            "",
            "/",
            "//",
            "points",
            "points/",
            "//points",
            "/a//b",
            "/a/../b",
            "/.",
            "/a b",
            "/ä",
            "/a?b",
            "/a#b",
            "/a%20",
            "/a;b",
            "/a\"",
            "https://club.example/points",
            &format!("/{}", "x".repeat(200)),
        ] {
            assert!(text.parse::<PathPrefix>().is_err(), "{text}");
        }
    }
}
