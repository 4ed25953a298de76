//! Requests in numbers: how many there were of each route, how they ended and how long they took; and the latest that were
//! refused.
//!
//! All places to count in are made once, out of the routes themselves. So counting takes no lock, and no client can make a place
//! more: whatever has no route is counted in one place for each method.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rocket::http::{Method, Status};
use rocket::{Orbit, Rocket};

use crate::domain::Timestamp;
use crate::metrics::{Counter, Histogram, LATENCY_SECONDS, Text};

/// What stands for all paths that no route has.
const UNKNOWN: &str = "unknown";

/// The methods that are told apart where there is no route.
const METHODS: [Method; 7] =
    [Method::Get, Method::Head, Method::Post, Method::Put, Method::Delete, Method::Patch, Method::Options];

/// The statuses that are told apart. All others are counted together.
const STATUSES: [u16; 24] = [
    200, 202, 204, 206, 301, 302, 303, 304, 307, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 422, 429, 431, 500,
    503,
];

/// How many refusals are remembered.
const REFUSALS_MAX: usize = 50;

/// Requests since the start.
#[derive(Debug, Default)]
pub struct Figures {
    places: OnceLock<Places>,
    refusals: Mutex<VecDeque<RefusedRequest>>,
}

/// A request that was refused. It holds nothing that its client chose but the method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedRequest {
    /// When.
    pub at: Timestamp,
    /// The method.
    pub method: Method,
    /// The route's pattern; empty: no route has the path.
    pub route: &'static str,
    /// The status of the reply.
    pub status: u16,
    /// The error's name for programs; empty if it has none.
    pub error_type: &'static str,
}

/// Where to count, by pattern and method.
#[derive(Debug)]
struct Places(HashMap<&'static str, Vec<(Method, Place)>>);

#[derive(Debug)]
struct Place {
    statuses: [Counter; STATUSES.len()],
    other_statuses: Counter,
    seconds: Histogram,
}

impl Place {
    fn new() -> Place {
        Place {
            statuses: Default::default(),
            other_statuses: Counter::default(),
            seconds: Histogram::new(LATENCY_SECONDS),
        }
    }
}

impl Places {
    fn of(rocket: &Rocket<Orbit>) -> Places {
        let mut places = Places(HashMap::new());
        for route in rocket.routes() {
            places.add(route.uri.path(), route.method);
            if route.method == Method::Get {
                places.add(route.uri.path(), Method::Head);
            }
        }
        for method in METHODS {
            places.add(UNKNOWN, method);
        }
        places
    }

    fn add(&mut self, pattern: &str, method: Method) {
        if self.find(method, pattern).is_none() {
            let known = self.0.get_key_value(pattern).map(|(known, _)| *known);
            // The routes live as long as the process, and so does one copy of each pattern.
            let pattern = known.unwrap_or_else(|| String::leak(pattern.to_owned()));
            self.0.entry(pattern).or_default().push((method, Place::new()));
        }
    }

    fn find(&self, method: Method, pattern: &str) -> Option<(&'static str, &Place)> {
        let (pattern, places) = self.0.get_key_value(pattern)?;
        places.iter().find(|(known, _)| *known == method).map(|(_, place)| (*pattern, place))
    }

    /// The place of a request, and the pattern that it is counted under.
    fn of_request(&self, method: Method, pattern: Option<&str>) -> Option<(&'static str, &Place)> {
        let known = pattern.and_then(|pattern| self.find(method, pattern));
        known.or_else(|| self.find(method, UNKNOWN)).or_else(|| self.find(Method::Get, UNKNOWN))
    }
}

impl Figures {
    /// Makes the places for all routes.
    pub fn learn(&self, rocket: &Rocket<Orbit>) {
        self.places.get_or_init(|| Places::of(rocket));
    }

    /// Counts a request that was answered.
    pub(super) fn count(&self, ended: &Ended<'_>) {
        let Some(places) = self.places.get() else { return };
        let &Ended { at, method, pattern, status, took, error_type } = ended;
        let Some((route, place)) = places.of_request(method, pattern) else { return };
        match STATUSES.iter().position(|known| *known == status.code) {
            Some(index) => place.statuses[index].add(1),
            None => place.other_statuses.add(1),
        }
        place.seconds.count_time(took);
        if status.code >= 400 {
            let route = if route == UNKNOWN { "" } else { route };
            let refused = RefusedRequest { at, method, route, status: status.code, error_type };
            let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            refusals.truncate(REFUSALS_MAX - 1);
            refusals.push_front(refused);
        }
    }

    /// The latest requests that were refused, newest first.
    pub fn refusals(&self) -> Vec<RefusedRequest> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Writes what was counted.
    pub fn write(&self, text: &mut Text) {
        const REQUESTS: &str = "scorekeeper_http_requests_total";
        const SECONDS: &str = "scorekeeper_http_request_duration_seconds";
        let Some(Places(places)) = self.places.get() else { return };
        let mut used: Vec<(&str, Method, &Place)> = Vec::new();
        for (pattern, places) in places {
            used.extend(places.iter().map(|(method, place)| (*pattern, *method, place)));
        }
        used.retain(|(_, _, place)| !place.seconds.is_empty());
        used.sort_unstable_by_key(|(pattern, method, _)| (*pattern, method.as_str()));
        text.counters(REQUESTS, "Requests that were answered, by method, pattern of the route, and status.");
        for (route, method, place) in &used {
            let statuses = STATUSES.iter().map(u16::to_string).zip(&place.statuses);
            for (status, count) in statuses.chain([("other".to_owned(), &place.other_statuses)]) {
                if count.get() > 0 {
                    let labels = [("method", method.as_str()), ("route", *route), ("status", status.as_str())];
                    text.sample(REQUESTS, &labels, count.get() as f64);
                }
            }
        }
        text.histograms(SECONDS, "Time from a request's arrival to the beginning of its reply.");
        for (route, method, place) in &used {
            text.histogram(SECONDS, &[("method", method.as_str()), ("route", route)], &place.seconds);
        }
    }
}

/// A request that was answered.
#[derive(Debug)]
pub(super) struct Ended<'r> {
    pub at: Timestamp,
    pub method: Method,
    /// The pattern of its route; `None`: no route has the path.
    pub pattern: Option<&'r str>,
    pub status: Status,
    pub took: Duration,
    /// The error's name for programs; empty if it has none.
    pub error_type: &'static str,
}
