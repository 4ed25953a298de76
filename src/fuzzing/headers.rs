//! Headers that are lists, or are read character by character.

use std::net::{IpAddr, Ipv4Addr};

use hyper::header::{HeaderMap, HeaderValue};

use crate::front::proxies::TrustedProxies;
use crate::web::compression::prefers_gzip;
use crate::web::reply::names_tag;
use crate::web::trace::is_sane;

const TAG: &str = "\"12-ab\"";

/// The values of a header, one in each line. They are read as `Accept-Encoding`, `If-None-Match`, `X-Forwarded-For` and
/// `X-Request-Id`.
pub fn headers(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let lines: Vec<&str> = text.split('\n').collect();
        encodings(&lines);
        tags(&lines);
        if is_sane(text) {
            assert!(text.len() <= 256 && !text.contains([' ', '"', ',', '\n', '\\']));
        }
    }
    forwarded(data);
}

/// A list means the same in one line and in several; gzip is never preferred by who refuses it or does not name it.
fn encodings(lines: &[&str]) {
    let prefers = |lines: &[&str]| prefers_gzip(lines.iter().copied());
    let text = lines.join(", ");
    assert_eq!(prefers(lines), prefers(&[&text]));
    assert!(!prefers(&[&text, "gzip;q=0"]));
    assert!(prefers(&[&text, "gzip, identity;q=0"]));
    if prefers(lines) {
        assert!(text.to_ascii_lowercase().contains("gzip") || text.contains('*'));
    }
}

/// A tag is found wherever it stands, and none is found that is not there.
fn tags(lines: &[&str]) {
    let names = |lines: &[&str]| names_tag(lines.iter().copied(), TAG);
    for tag in [TAG, "W/\"12-ab\"", "*"] {
        let text = lines.join(",");
        assert!(names(&[&format!("{text} , {tag}")]) && names(&[&format!("{tag},{text}")]));
        assert!(names(&[&text, tag]));
    }
    if names(lines) {
        assert!(lines.iter().any(|line| line.contains(TAG) || line.contains('*')));
    }
}

/// Only a proxy that is believed says who the client is, and only what it wrote itself counts.
fn forwarded(data: &[u8]) {
    let values = |data: &[u8]| -> HeaderMap {
        let values = data.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
        values.map(|value| (hyper::header::HeaderName::from_static("x-forwarded-for"), value)).fold(
            HeaderMap::new(),
            |mut map, (name, value)| {
                map.append(name, value);
                map
            },
        )
    };
    let networks = ["127.0.0.0/8", "10.0.0.0/8", "::1/128"].map(|network| network.parse().expect("a network"));
    let proxies = TrustedProxies::new(&networks);
    let [proxy, stranger] = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(203, 0, 113, 9)].map(IpAddr::V4);
    let headers = values(data);
    let client = proxies.client(stranger, false, &headers);
    assert_eq!((client.address, client.is_secure), (stranger, false));
    assert_eq!(client.is_forwarded_by_stranger, !headers.is_empty());
    let named = proxies.client(proxy, false, &headers).address;
    assert_eq!(named, named.to_canonical());
    // What a client says before the proxies' own words changes nothing.
    let told = proxies.client(proxy, false, &values(&[data, b"\n198.51.100.7, 10.0.0.1"].concat()));
    assert_eq!(told.address.to_string(), "198.51.100.7");
}
