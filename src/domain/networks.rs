//! Where a key may be used from: networks, and the address that a request comes from.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

use super::unacceptable::Unacceptable;

/// Where a request comes from, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    /// The client's address.
    pub address: IpAddr,
    /// Whether it is certainly the client's own address. It may be that of a proxy if the request says that it was passed
    /// on, and whoever says so is not believed.
    pub is_certain: bool,
}

/// The networks that a key may be used from; none named means from anywhere.
///
/// An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`) counts as IPv4, and so does a network of such addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// How many networks a key may have.
    pub const MAX: usize = 100;

    /// Whether a key with these networks may be used from anywhere.
    pub fn are_everywhere(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a key with these networks may be used from that address.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.are_everywhere() || self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether every address of these networks is in the other networks too.
    pub fn are_within(&self, other: &Networks) -> bool {
        if other.are_everywhere() {
            return true;
        }
        // Neighbours are put together first: both halves of a network contain it.
        let other = IpNet::aggregate(&other.0);
        !self.are_everywhere() && self.0.iter().all(|network| other.iter().any(|whole| whole.contains(network)))
    }

    /// The networks, in the order in which they were named.
    pub fn iter(&self) -> impl Iterator<Item = &IpNet> {
        self.0.iter()
    }
}

/// Reads a list with commas, such as `192.0.2.0/24,2001:db8::/32`. An address alone is the network of that one address.
/// What an address says beyond its prefix is left out, and so is the zone of an address (`fe80::1%eth0`), since the zone
/// only names an interface of one machine.
impl FromStr for Networks {
    type Err = Unacceptable;

    fn from_str(text: &str) -> Result<Networks, Unacceptable> {
        const REFUSED: Unacceptable = Unacceptable {
            accepted: "up to 100 networks with commas between them, such as 192.0.2.0/24,2001:db8::/32,198.51.100.7",
        };
        let mut networks = Vec::new();
        for part in text.split(',') {
            let network = network(part.trim()).ok_or(REFUSED)?;
            if !networks.contains(&network) {
                networks.push(network);
            }
        }
        if networks.len() <= Networks::MAX { Ok(Networks(networks)) } else { Err(REFUSED) }
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, network) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{network}")?;
        }
        Ok(())
    }
}

/// Reads one network.
fn network(text: &str) -> Option<IpNet> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let (address, zone) = match address.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (address, None),
    };
    let address: IpAddr = address.parse().ok()?;
    if zone.is_some_and(|zone| zone.is_empty() || address.is_ipv4()) {
        return None;
    }
    let length = match length {
        // A sign before the number would be read too.
        Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => length.parse().ok()?,
        Some(_) => return None,
        None => {
            if address.is_ipv4() {
                32
            } else {
                128
            }
        }
    };
    Some(canonical(IpNet::new(address, length).ok()?.trunc()))
}

/// How many bits of an IPv6 address say that it is an IPv4 address.
const MAPPED_BITS: u8 = 96;

/// The network as one of IPv4, if all its addresses are IPv4 addresses that are written as IPv6.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(six) = network else { return network };
    let four = six.addr().to_ipv4_mapped().zip(six.prefix_len().checked_sub(MAPPED_BITS));
    let four = four.and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    four.map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn networks(text: &str) -> Networks {
        text.parse().unwrap_or_else(|fault| panic!("{text:?}: {fault}"))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_network_is_written_in_one_way() {
        for (text, written) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("192.0.2.77", "192.0.2.77/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0::1/32", "2001:db8::/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("::/0", "::/0"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("::ffff:192.0.2.1/120", "192.0.2.0/24"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("::ffff:0:0/95", "::fffe:0:0/95"),
            ("fe80::1%eth0", "fe80::1/128"),
            ("fe80::1%eth0/10", "fe80::/10"),
            ("10.0.0.0/9, 10.0.0.1 ,10.0.0.0/9", "10.0.0.0/9,10.0.0.1/32"),
        ] {
            assert_eq!(networks(text).to_string(), written, "{text}");
            assert_eq!(networks(written).to_string(), written);
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in [
            "",
            " ",
            ",",
            "192.0.2.0/24,",
            "192.0.2.0/33",
            "2001:db8::/129",
            "192.0.2/24",
            "192.0.2.0/",
            "192.0.2.0/+8",
            "192.0.2.0/-1",
            "/24",
            "example.com",
            "192.0.2.0 - 192.0.2.9",
            "192.0.2.0/24;192.0.3.0/24",
            "192.0.2.1%eth0",
            "fe80::1%",
            "[::1]",
            "*",
            "192.0.2.0/24/8",
            "192.0.2.0/255.255.255.0",
        ] {
            assert!(bad.parse::<Networks>().is_err(), "{bad:?}");
        }
        let many = |count: u32| (0..count).map(|n| Ipv4Addr::from(n).to_string()).collect::<Vec<_>>().join(",");
        assert!(many(100).parse::<Networks>().is_ok());
        assert!(many(101).parse::<Networks>().is_err());
    }

    #[test]
    fn an_address_of_ipv4_is_one_however_it_is_written() {
        let four = networks("192.0.2.0/24");
        for inside in ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7"] {
            assert!(four.contain(address(inside)), "{inside}");
        }
        for outside in ["192.0.3.0", "192.0.1.255", "::ffff:192.0.3.0", "::192.0.2.1", "::1"] {
            assert!(!four.contain(address(outside)), "{outside}");
        }
        assert!(!networks("::/0").contain(address("::ffff:192.0.2.7")));
        assert!(networks("0.0.0.0/0,::/0").contain(address("::ffff:192.0.2.7")));
        assert!(Networks::default().contain(address("192.0.2.7")));
    }

    #[test]
    fn networks_are_within_others_that_hold_all_their_addresses() {
        let everywhere = Networks::default();
        let some = networks("10.0.0.0/8,2001:db8::/32");
        assert!(some.are_within(&everywhere) && everywhere.are_within(&everywhere) && some.are_within(&some));
        assert!(!everywhere.are_within(&some));
        assert!(networks("10.1.0.0/16,2001:db8::1").are_within(&some));
        assert!(networks("10.0.0.0/8").are_within(&networks("10.0.0.0/9,10.128.0.0/9")));
        for wider in ["10.0.0.0/7", "10.1.0.0/16,192.0.2.1", "::/0", "0.0.0.0/0"] {
            assert!(!networks(wider).are_within(&some), "{wider}");
        }
    }

    fn any_address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits))),
            any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits))),
            any::<u32>().prop_map(|bits| IpAddr::V6(Ipv4Addr::from(bits).to_ipv6_mapped())),
        ]
    }

    /// An address and a length of a prefix that fits it.
    fn any_network() -> impl Strategy<Value = (IpAddr, u8)> {
        (any_address(), any::<u8>()).prop_map(|(address, length)| {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            (address, length % (bits + 1))
        })
    }

    /// The first `length` bits of an address, the slow way.
    fn first_bits(address: IpAddr, length: u8) -> Vec<bool> {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0));
        bits.take(usize::from(length)).collect()
    }

    proptest! {
        #[test]
        fn an_address_is_in_a_network_if_the_bits_of_the_prefix_are_the_same(
            (base, length) in any_network(), other in any_address(), flipped in any::<u8>()
        ) {
            let named = networks(&format!("{base}/{length}"));
            prop_assert!(named.contain(base) || base.to_canonical().is_ipv4() && length < MAPPED_BITS);
            // An address of another length has no bits in common, unless both are IPv4 in the end.
            let alike = |address: IpAddr| {
                let mapped = length >= MAPPED_BITS && base.to_canonical().is_ipv4() && base.is_ipv6();
                let (base, length) = if mapped { (base.to_canonical(), length - MAPPED_BITS) } else { (base, length) };
                let address = address.to_canonical();
                base.is_ipv4() == address.is_ipv4() && first_bits(base, length) == first_bits(address, length)
            };
            prop_assert_eq!(named.contain(other), alike(other));
            // An address that differs from the network in one bit.
            let near = match base {
                IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from(u32::from(address) ^ 1 << (flipped % 32))),
                IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) ^ 1 << (flipped % 128))),
            };
            prop_assert_eq!(named.contain(near), alike(near));
        }

        #[test]
        fn what_is_written_is_read_again(list in proptest::collection::vec(any_network(), 1..20)) {
            let text: Vec<String> = list.iter().map(|(address, length)| format!("{address}/{length}")).collect();
            let read = networks(&text.join(","));
            prop_assert_eq!(networks(&read.to_string()), read);
        }

        #[test]
        fn a_network_within_another_holds_no_address_that_the_other_lacks(
            inner in any_network(), outer in any_network(), shorter in 0u8..128, address in any_address()
        ) {
            let written = |(address, length): (IpAddr, u8)| networks(&format!("{address}/{length}"));
            let (one, other) = (written(inner), written(outer));
            if one.are_within(&other) {
                prop_assert!(!one.contain(address) || other.contain(address));
            }
            let wider = written((inner.0, shorter.min(inner.1)));
            let same_kind = wider.to_string().contains(':') == one.to_string().contains(':');
            prop_assert!(!same_kind || one.are_within(&wider));
        }

        #[test]
        fn no_text_makes_the_reader_fail(text in "[0-9a-f:./%,x ]{0,60}") {
            let _ = text.parse::<Networks>();
        }
    }
}
