//! The address of a server, as a person or a program may open it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{PathPrefix, Unacceptable, WebOrigin};

/// The refusal of what is no such address.
const NO_ADDRESS: Unacceptable = Unacceptable { accepted: ServerAddress::ACCEPTED };

/// An origin, and perhaps the path under which a proxy shows the server: `https://points.example/club`. It has no slash at its
/// end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress(Arc<str>);

impl ServerAddress {
    /// What is accepted, in words.
    pub const ACCEPTED: &'static str = "an address such as \"https://points.example\"";

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServerAddress {
    type Err = Unacceptable;

    fn from_str(text: &str) -> Result<ServerAddress, Unacceptable> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let host = text.find("://").map(|at| at + 3).ok_or(NO_ADDRESS)?;
        let (origin, path) = text.split_at(text[host..].find('/').map_or(text.len(), |at| host + at));
        let origin: WebOrigin = origin.parse().map_err(|_| NO_ADDRESS)?;
        if !path.is_empty() {
            path.parse::<PathPrefix>().map_err(|_| NO_ADDRESS)?;
        }
        Ok(ServerAddress(format!("{origin}{path}").into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_origin_and_perhaps_a_path() {
        for (text, address) in [
            ("https://points.example", "https://points.example"),
            ("https://points.example/", "https://points.example"),
            ("http://10.0.0.2:8000/club", "http://10.0.0.2:8000/club"),
            ("https://[2001:db8::1]:8443/club/points/", "https://[2001:db8::1]:8443/club/points"),
        ] {
            assert_eq!(text.parse::<ServerAddress>().map(|address| address.to_string()), Ok(address.to_owned()));
        }
        for text in ["", "points.example", "ftp://points.example", "https://", "https://a b", "https://a.example/?q=1"]
        {
            assert!(text.parse::<ServerAddress>().is_err(), "{text:?}");
        }
    }
}
