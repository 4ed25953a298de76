//! Who the client of a request is: the peer of the connection, or whom a proxy names that is believed.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::web::Client;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The proxies whose word counts.
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Believes the proxies in these networks.
    pub fn new(networks: &[IpNet]) -> TrustedProxies {
        TrustedProxies(networks.to_vec())
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client of a request with these headers that came from `peer`.
    pub fn client(&self, peer: IpAddr, is_tls: bool, headers: &HeaderMap) -> Client {
        let peer = peer.to_canonical();
        if !self.contain(peer) {
            let is_forwarded = headers.contains_key(FORWARDED_FOR) || headers.contains_key(FORWARDED);
            return Client { address: peer, is_secure: is_tls, is_forwarded_by_stranger: is_forwarded };
        }
        let says_https = || {
            let last = headers.get_all(FORWARDED_PROTO).iter().next_back()?.to_str().ok()?;
            Some(last.rsplit(',').next()?.trim().eq_ignore_ascii_case("https"))
        };
        Client {
            address: self.named(peer, headers),
            is_secure: is_tls || says_https().unwrap_or(false),
            is_forwarded_by_stranger: false,
        }
    }

    /// The last address in `X-Forwarded-For` that is not itself a proxy's. Whatever stands before it was written by
    /// somebody who is not believed. If a proxy names nobody, or nothing that is an address, it is the client itself.
    fn named(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let named = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        let mut last = peer;
        for text in named {
            let Some(address) = std::str::from_utf8(text).ok().and_then(address) else { break };
            last = address;
            if !self.contain(address) {
                break;
            }
        }
        last
    }
}

/// An address as proxies write it: alone, in brackets, or with a port. The zone of an address (`fe80::1%eth0`), which names
/// an interface of one machine, is left out.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let text = &match text.split_once('%') {
        Some((address, zone)) => format!("{address}{}", zone.find(']').map_or("", |end| &zone[end..])),
        None => text.to_owned(),
    };
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, headers: &[(HeaderName, &str)]) -> Client {
        let networks: Vec<IpNet> = trusted.iter().map(|network| network.parse().expect("a network")).collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().expect("a value"));
        }
        TrustedProxies::new(&networks).client(peer.parse().expect("an address"), false, &map)
    }

    fn named(lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| (FORWARDED_FOR, *line)).collect();
        client(&["127.0.0.0/8", "10.0.0.0/8", "::1/128"], "127.0.0.1", &lines).address.to_string()
    }

    #[test]
    fn the_client_is_the_last_address_that_is_no_proxys() {
        assert_eq!(named(&[]), "127.0.0.1");
        assert_eq!(named(&["203.0.113.7"]), "203.0.113.7");
        assert_eq!(named(&["6.6.6.6, 203.0.113.7, 10.1.2.3"]), "203.0.113.7");
        assert_eq!(named(&["6.6.6.6", "203.0.113.7", "10.1.2.3"]), "203.0.113.7");
        assert_eq!(named(&["10.1.1.1, 10.1.2.3"]), "10.1.1.1", "a client in the proxies' own network");
        assert_eq!(named(&["203.0.113.7:51000"]), "203.0.113.7");
        assert_eq!(named(&["[2001:db8::7]:51000"]), "2001:db8::7");
        assert_eq!(named(&["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(named(&["2001:db8::7"]), "2001:db8::7");
        assert_eq!(named(&["::ffff:203.0.113.7"]), "203.0.113.7");
        assert_eq!(named(&["203.0.113.7, unknown"]), "127.0.0.1", "what stands before it is nobody's word");
        assert_eq!(named(&["203.0.113.7, , 10.1.2.3"]), "10.1.2.3");
        assert_eq!(named(&[""]), "127.0.0.1");
    }

    #[test]
    fn a_stranger_names_nobody() {
        let headers = [(FORWARDED_FOR, "203.0.113.7"), (FORWARDED_PROTO, "https")];
        let stranger = client(&["10.0.0.0/8"], "127.0.0.1", &headers);
        assert_eq!(stranger.address.to_string(), "127.0.0.1");
        assert!(!stranger.is_secure && stranger.is_forwarded_by_stranger);
        assert!(client(&[], "127.0.0.1", &[(FORWARDED, "for=203.0.113.7")]).is_forwarded_by_stranger);
        assert!(!client(&[], "127.0.0.1", &[]).is_forwarded_by_stranger);
    }

    #[test]
    fn a_proxy_that_is_believed_tells_whether_tls_was_spoken() {
        for (value, is_secure) in
            [("https", true), ("HTTPS", true), ("http", false), ("https, http", false), ("", false)]
        {
            let client =
                client(&["::ffff:127.0.0.1/128", "127.0.0.1/32"], "::ffff:127.0.0.1", &[(FORWARDED_PROTO, value)]);
            assert_eq!((client.is_secure, client.is_forwarded_by_stranger), (is_secure, false), "{value}");
        }
    }
}
