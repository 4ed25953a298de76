//! Web origins: the sites whose pages may show in a browser what is public here.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use super::Unacceptable;

/// The refusal of what is no origin.
const NO_ORIGIN: Unacceptable = Unacceptable { accepted: "an origin such as https://club.example" };

/// The sites whose pages may read what is public here, and show it in a frame. The default is no site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Every site.
    Any,
    /// These sites alone.
    Listed(Vec<WebOrigin>),
}

impl Default for Origins {
    fn default() -> Origins {
        Origins::Listed(Vec::new())
    }
}

impl Origins {
    /// Whether no site is named.
    pub fn is_empty(&self) -> bool {
        *self == Origins::default()
    }
}

impl fmt::Display for Origins {
    /// For a person: `https://a.example, https://b.example`, or words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origins::Any => f.write_str("any site"),
            Origins::Listed(listed) if listed.is_empty() => f.write_str("no site"),
            Origins::Listed(listed) => {
                let listed: Vec<&str> = listed.iter().map(WebOrigin::as_str).collect();
                f.write_str(&listed.join(", "))
            }
        }
    }
}

impl FromStr for Origins {
    type Err = Unacceptable;

    /// Reads origins with commas between them. An empty text names none, and `*` names all.
    fn from_str(text: &str) -> Result<Origins, Unacceptable> {
        let texts = text.split(',').map(str::trim);
        if texts.clone().any(|text| text == "*") {
            return if texts.clone().all(|text| text == "*") { Ok(Origins::Any) } else { Err(NO_ORIGIN) };
        }
        if text.trim().is_empty() {
            return Ok(Origins::default());
        }
        texts.map(str::parse).collect::<Result<_, _>>().map(Origins::Listed)
    }
}

/// An origin as a browser writes it: scheme and host in small letters, and a port only if it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(String);

impl WebOrigin {
    /// The origin as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WebOrigin {
    type Err = Unacceptable;

    fn from_str(text: &str) -> Result<WebOrigin, Unacceptable> {
        let text = text.to_ascii_lowercase();
        let (scheme, own_port, rest) = if let Some(rest) = text.strip_prefix("https://") {
            ("https", 443, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            ("http", 80, rest)
        } else {
            return Err(NO_ORIGIN);
        };
        // The colons of an IPv6 address stand in brackets, so they are not taken for the one before the port.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(read_port(port)?)),
            _ => (rest, None),
        };
        if !is_host(host) {
            return Err(NO_ORIGIN);
        }
        let port = port.filter(|port| *port != own_port).map(|port| format!(":{port}")).unwrap_or_default();
        Ok(WebOrigin(format!("{scheme}://{host}{port}")))
    }
}

fn read_port(text: &str) -> Result<u16, Unacceptable> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if is_plain { text.parse().map_err(|_| NO_ORIGIN) } else { Err(NO_ORIGIN) }
}

/// Whether a text is a name or an address, as it stands in an address of the web.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (text, origin) in [
            ("https://club.example", "https://club.example"),
            ("HTTPS://Club.Example:443", "https://club.example"),
            ("http://club.example:80", "http://club.example"),
            ("http://club.example:443", "http://club.example:443"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.0.0.1:5173", "http://127.0.0.1:5173"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[::1]", "http://[::1]"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(text.parse::<WebOrigin>().expect("an origin").as_str(), origin);
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "club.example",
            "//club.example",
            "https://",
            "https://club.example/",
            "https://club.example/points",
            "https://club.example?a",
            "https://club.example#a",
            "https://ann@club.example",
            "https://*.club.example",
            "https://club..example",
            "https://club.example:",
            "https://club.example:0",
            "https://club.example:70000",
            "https://club.example:+80",
            "https://bücher.example",
            "https://club example",
            "https://club.example;script-src",
            "ftp://club.example",
            "null",
            "http://[::1",
            "http://::1",
        ] {
            assert_eq!(text.parse::<WebOrigin>(), Err(NO_ORIGIN), "{text}");
        }
    }

    #[test]
    fn a_list_names_none_some_or_all() {
        let read = |text: &str| text.parse::<Origins>();
        assert_eq!(read(""), Ok(Origins::default()));
        assert_eq!(read(" * "), Ok(Origins::Any));
        let two = ["https://a.example", "http://b.example:81"].map(|text| text.parse().expect("an origin"));
        assert_eq!(read("https://a.example, http://b.example:81"), Ok(Origins::Listed(two.into())));
        for text in ["https://a.example,", ",", "*, https://a.example", "https://a.example http://b.example"] {
            assert_eq!(read(text), Err(NO_ORIGIN), "{text}");
        }
    }
}
