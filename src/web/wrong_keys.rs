//! Slows down whoever tries keys: after some wrong keys from one address, further wrong ones from there are told to wait.
//! Good keys from there are untouched.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::metrics::Counter;

/// How many addresses are remembered. While there are so many, all wrong keys count as those of one address, so that
/// memory stays bounded however many addresses somebody has.
const ADDRESSES_MAX: usize = 10_000;

/// How many addresses a line of the log can tell apart.
const TOLD_APART_MAX: usize = 1000;

/// The shortest time between two lines of the log about wrong keys.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// How often old addresses are forgotten, and what is still to be told is looked for.
const TIDIED_EVERY: Duration = Duration::from_secs(10);

/// How many bits of an IPv6 address tell clients apart. What comes after them, each client chooses for itself.
const IPV6_BITS: u32 = 64;

/// What stands for all addresses while there are too many of them.
const ALL_ADDRESSES: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

type Limiter<C> = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The addresses from which wrong keys came lately. They are in memory only, so a restart forgets them.
///
/// An address may send as many wrong keys at once as a minute has. What it has used up comes back evenly: with ten a minute,
/// one every six seconds.
pub struct WrongKeys<C: Clock = DefaultClock> {
    /// `None`: nobody is slowed down.
    limiter: Option<Limiter<C>>,
    clock: C,
    untold: Mutex<Untold<C>>,
    total: Counter,
}

/// What the log has not yet been told.
struct Untold<C: Clock> {
    told_at: Option<C::Instant>,
    keys: u64,
    slowed: u64,
    by_address: HashMap<IpAddr, u64>,
}

impl WrongKeys {
    /// Allows `per_minute` wrong keys from each address; 0 is any number.
    pub fn new(per_minute: u32) -> WrongKeys {
        WrongKeys::with_clock(per_minute, DefaultClock::default())
    }

    /// Forgets old addresses, and tells the log what it has not heard, now and then, for as long as the server runs.
    pub async fn watch(wrong_keys: Arc<WrongKeys>) {
        loop {
            tokio::time::sleep(TIDIED_EVERY).await;
            wrong_keys.forget_quiet();
            if let Some(report) = wrong_keys.report_if_due() {
                log::warn!("{report}");
            }
        }
    }
}

impl<C: Clock + Clone> WrongKeys<C> {
    fn with_clock(per_minute: u32, clock: C) -> WrongKeys<C> {
        let quota = NonZeroU32::new(per_minute).map(Quota::per_minute);
        let limiter = quota.map(|quota| RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()));
        let untold = Untold { told_at: None, keys: 0, slowed: 0, by_address: HashMap::new() };
        WrongKeys { limiter, clock, untold: Mutex::new(untold), total: Counter::default() }
    }

    /// How many wrong keys came since the start.
    pub fn total(&self) -> u64 {
        self.total.get()
    }

    /// Notes a wrong key from an address, and tells the log of it, now or later.
    ///
    /// # Errors
    /// There were too many: after how many seconds the next will be heard.
    pub fn note(&self, address: IpAddr) -> Result<(), u64> {
        self.total.add(1);
        let address = client(address);
        let heard = self.take(address);
        {
            let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
            untold.keys += 1;
            untold.slowed += u64::from(heard.is_err());
            if untold.by_address.len() < TOLD_APART_MAX || untold.by_address.contains_key(&address) {
                *untold.by_address.entry(address).or_default() += 1;
            }
        }
        if let Some(report) = self.report_if_due() {
            log::warn!("{report}");
        }
        heard
    }

    fn take(&self, address: IpAddr) -> Result<(), u64> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        let address = if limiter.len() < ADDRESSES_MAX { address } else { ALL_ADDRESSES };
        limiter.check_key(&address).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            wait.as_millis().div_ceil(1000).max(1) as u64
        })
    }

    /// Forgets the addresses from which so few wrong keys came lately that it makes no difference.
    fn forget_quiet(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    /// What the log is to be told now, if anything: it hears of the first wrong key at once, and of those that follow
    /// together.
    fn report_if_due(&self) -> Option<Report> {
        let now = self.clock.now();
        let due =
            |told: C::Instant| Duration::from(governor::clock::Reference::duration_since(&now, told)) >= TOLD_EVERY;
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        if untold.told_at.is_some_and(|told| !due(told)) { None } else { untold.report(now) }
    }

    /// Tells the log what it has not heard, when the server ends.
    pub fn tell_rest(&self) {
        let report = self.untold.lock().unwrap_or_else(PoisonError::into_inner).report(self.clock.now());
        if let Some(report) = report {
            log::warn!("{report}");
        }
    }
}

impl<C: Clock> Untold<C> {
    fn report(&mut self, now: C::Instant) -> Option<Report> {
        // Of two addresses with as many, it is always the same that is named.
        let most = self.by_address.iter().max_by_key(|(address, keys)| (**keys, std::cmp::Reverse(**address)));
        let (address, of_address) = most.map(|(address, keys)| (*address, *keys))?;
        let others = self.by_address.len() - 1;
        let report = Report { keys: self.keys, slowed: self.slowed, address, of_address, others };
        *self = Untold { told_at: Some(now), keys: 0, slowed: 0, by_address: HashMap::new() };
        Some(report)
    }
}

/// A line of the log about wrong keys. It holds no key, and no part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Report {
    keys: u64,
    /// How many of them were told to wait.
    slowed: u64,
    /// The address from which most of them came.
    address: IpAddr,
    of_address: u64,
    /// From how many other addresses the rest came, as far as they are told apart.
    others: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = if self.keys == 1 { "key" } else { "keys" };
        write!(f, "{} wrong API {keys}", self.keys)?;
        let network = if self.address.is_ipv6() { "/64" } else { "" };
        if self.others == 0 {
            write!(f, " from {}{network}", self.address)?;
        } else {
            let address = if self.others == 1 { "address" } else { "addresses" };
            write!(
                f,
                ": {} from {}{network}, the others from {} {address}",
                self.of_address, self.address, self.others
            )?;
        }
        if self.slowed > 0 { write!(f, "; {} were told to wait (429)", self.slowed) } else { Ok(()) }
    }
}

/// The address by which a client is counted: an IPv4 address, or the network of 64 bits around an IPv6 address.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let kept = u128::MAX << (u128::BITS - IPV6_BITS);
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & kept))
        }
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limit(per_minute: u32) -> (FakeRelativeClock, WrongKeys<FakeRelativeClock>) {
        let clock = FakeRelativeClock::default();
        (clock.clone(), WrongKeys::with_clock(per_minute, clock))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_waits_after_its_share_of_a_minute_and_others_do_not() {
        let (clock, wrong_keys) = limit(10);
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..10 {
            assert_eq!(wrong_keys.note(one), Ok(()));
        }
        assert_eq!((wrong_keys.note(one), wrong_keys.note(one)), (Err(6), Err(6)));
        assert_eq!(wrong_keys.note(other), Ok(()));
        clock.advance(Duration::from_millis(2500));
        assert_eq!(wrong_keys.note(one), Err(4));
        clock.advance(Duration::from_millis(3500));
        assert_eq!((wrong_keys.note(one), wrong_keys.note(one)), (Ok(()), Err(6)));
        clock.advance(Duration::from_secs(60));
        for _ in 0..10 {
            assert_eq!(wrong_keys.note(one), Ok(()));
        }
        assert_eq!(wrong_keys.note(one), Err(6));
    }

    #[test]
    fn none_is_no_limit() {
        let (_, wrong_keys) = limit(0);
        assert!((0..1000).all(|_| wrong_keys.note(address("192.0.2.1")).is_ok()));
    }

    #[test]
    fn a_client_is_an_address_of_ipv4_or_a_network_of_ipv6() {
        for (one, other, alike) in [
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        ] {
            let (_, wrong_keys) = limit(1);
            assert_eq!(wrong_keys.note(address(one)), Ok(()));
            assert_eq!(wrong_keys.note(address(other)).is_err(), alike, "{one} {other}");
        }
    }

    #[test]
    fn memory_is_bounded_and_quiet_addresses_are_forgotten() {
        let (clock, wrong_keys) = limit(2);
        let held = |wrong_keys: &WrongKeys<FakeRelativeClock>| wrong_keys.limiter.as_ref().expect("a limit").len();
        let nth = |number: u32| IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number));
        for number in 0..ADDRESSES_MAX as u32 {
            assert_eq!(wrong_keys.note(nth(number)), Ok(()));
        }
        // From now on all have one share.
        let heard = (0..1000).filter(|number| wrong_keys.note(nth(1_000_000 + number)).is_ok()).count();
        assert_eq!((heard, held(&wrong_keys)), (2, ADDRESSES_MAX + 1));
        assert_eq!(wrong_keys.untold.lock().expect("no panic").by_address.len(), TOLD_APART_MAX);
        clock.advance(Duration::from_secs(121));
        wrong_keys.forget_quiet();
        assert_eq!(held(&wrong_keys), 0);
        assert_eq!(wrong_keys.note(nth(1_000_000)), Ok(()));
    }

    #[test]
    fn the_log_hears_of_the_first_at_once_and_of_the_others_once_a_minute() {
        let (clock, wrong_keys) = limit(3);
        // The first is told at once.
        wrong_keys.note(address("192.0.2.1")).expect("heard");
        for (text, count) in [("192.0.2.1", 5), ("2001:db8::1", 1), ("192.0.2.9", 1)] {
            for _ in 0..count {
                let _ = wrong_keys.note(address(text));
            }
        }
        assert_eq!(wrong_keys.report_if_due(), None, "not within a minute");
        clock.advance(TOLD_EVERY);
        let report = wrong_keys.report_if_due().expect("something to tell").to_string();
        let expected = "7 wrong API keys: 5 from 192.0.2.1, the others from 2 addresses; 3 were told to wait (429)";
        assert_eq!(report, expected);
        clock.advance(TOLD_EVERY);
        assert_eq!(wrong_keys.report_if_due(), None, "nothing came meanwhile");
    }

    #[test]
    fn a_line_says_how_many_came_from_where() {
        let report = |keys, others| Report { keys, slowed: 0, address: address("2001:db8::"), of_address: 1, others };
        assert_eq!(report(1, 0).to_string(), "1 wrong API key from 2001:db8::/64");
        assert_eq!(report(2, 1).to_string(), "2 wrong API keys: 1 from 2001:db8::/64, the others from 1 address");
    }
}
