//! Promise: a session lasts 8 hours after signing in, and no longer than the last day of its key.
//!
//! These tests reach into the library: the pages in process, on a clock that is set by hand.

use std::sync::Arc;
use std::time::Duration;

use rocket::http::{Accept, ContentType, Cookie, Status};
use rocket::local::blocking::Client;
use scorekeeper::actions::{Actions, Running};
use scorekeeper::api;
use scorekeeper::config::{Settings, figment};
use scorekeeper::domain::{Clock, Networks, Permissions, PlainKey, Ranking, Timestamp};
use scorekeeper::pages;
use scorekeeper::rollup::Rollup;
use scorekeeper::standings::{People, Standings, StandingsOptions, Subscription};
use scorekeeper::store::{OpenMode, OpenOptions, Store, api_keys};
use scorekeeper::web::{self, App, Batches, Metrics, RequestLimit, Sessions, Site, StoredForms, WrongKeys};

use crate::support::browser::{ACCEPT, hidden};

fn moment(text: &str) -> Timestamp {
    Timestamp::new(text.parse().expect("a moment"))
}

/// Runs `test` with a browser that knows nothing yet, and a key whose last day is 2026-03-31.
fn on_a_clock(now: &str, test: impl FnOnce(&Client, &Clock, &str)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("scores.db");
    let clock = Clock::fixed(chrono_tz::UTC, moment(now));
    let subscription = Subscription::new();
    let options = OpenOptions {
        subscribers: vec![subscription.subscriber()],
        ..OpenOptions::new(OpenMode::Create, clock.clone())
    };
    let (store, writer) = Store::open(&file, options).expect("a database");
    let (standings, standings_thread) = Standings::start(
        subscription,
        &store,
        StandingsOptions {
            clock: clock.clone(),
            ranking: Ranking::DenseRank,
            every: Duration::from_secs(3600),
            bytes_max: usize::MAX,
        },
    )
    .expect("standings");
    let settings = Settings::load(&figment(), None).expect("the defaults");
    let (rollup, rollup_thread) = Rollup::start(store.clone(), clock.clone()).expect("a rollup");
    let plain = PlainKey::generate().expect("random numbers");
    let stored = plain.clone();
    let key = api_keys::NewKey {
        username: None,
        permissions: Permissions::ALL,
        networks: Networks::default(),
        description: None,
        expires_on: Some("2026-03-31".parse().expect("a date")),
    };
    store
        .writer()
        .write_blocking(move |write| api_keys::create(write, &stored, &key, api_keys::Descent::COMMAND_LINE))
        .expect("a key");
    let actions = Actions::new(store.clone(), clock.clone())
        .beside(Running { standings: standings.clone(), rollup: rollup.clone() })
        .with_recalculations_per_day(settings.recalculations_per_day);
    let people = People::new(store.clone(), standings.clone());
    let app = App {
        actions: Arc::new(actions),
        store,
        clock: clock.clone(),
        started_at: clock.now(),
        rollup,
        standings,
        people,
        recent_days: settings.recent_days,
        sessions: Sessions::new().expect("random numbers"),
        stored_forms: StoredForms::default(),
        requests: RequestLimit::new(0),
        wrong_keys: Arc::new(WrongKeys::new(0)),
        batches: Batches::default(),
        public: true,
        public_descriptions: false,
        figures: Arc::default(),
        live: Arc::default(),
        backups: None,
        metrics: Metrics::default(),
        forum: Default::default(),
        site: Site::default(),
    };
    let config = rocket::Config { log_level: rocket::config::LogLevel::Off, ..rocket::Config::default() };
    let rocket = pages::mount(api::mount(web::mount(rocket::custom(config), app)));
    let client = Client::tracked(rocket).expect("a rocket");
    test(&client, &clock, plain.reveal());
    drop(client);
    rollup_thread.stop();
    standings_thread.stop();
    writer.stop();
}

fn accept() -> Accept {
    ACCEPT.parse().expect("a header")
}

/// Signs in and returns the session's token.
fn sign_in(client: &Client, key: &str) -> String {
    let form = client.get("/admin/sign-in").header(accept()).dispatch().into_string().expect("a form");
    let body = format!("csrf={}&key={key}&username=ana", hidden(&form, "csrf"));
    let reply = client.post("/admin/sign-in").header(accept()).header(ContentType::Form).body(body).dispatch();
    assert_eq!(reply.status(), Status::SeeOther);
    client.cookies().get("scorekeeper_session").expect("a session").value().to_owned()
}

fn is_signed_in(client: &Client, token: &str) -> bool {
    let cookie = Cookie::new("scorekeeper_session", token.to_owned());
    let reply = client.get("/admin/events").header(accept()).cookie(cookie).dispatch();
    match reply.status().code {
        200 => true,
        303 => false,
        code => panic!("{code}"),
    }
}

#[test]
fn a_session_lasts_eight_hours_however_much_it_is_used() {
    on_a_clock("2026-03-30T12:00:00Z", |client, clock, key| {
        let token = sign_in(client, key);
        for (now, lasts) in [
            ("2026-03-30T12:00:01Z", true),
            ("2026-03-30T16:00:00Z", true),
            ("2026-03-30T19:59:59.999Z", true),
            ("2026-03-30T20:00:00Z", false),
            ("2026-03-31T12:00:00Z", false),
        ] {
            clock.set(moment(now));
            assert_eq!(is_signed_in(client, &token), lasts, "{now}");
        }
        let again = sign_in(client, key);
        assert!(is_signed_in(client, &again) && !is_signed_in(client, &token));
    });
}

#[test]
fn a_session_ends_when_the_last_day_of_its_key_is_over() {
    on_a_clock("2026-03-31T22:00:00Z", |client, clock, key| {
        let token = sign_in(client, key);
        clock.set(moment("2026-03-31T23:59:59.999Z"));
        assert!(is_signed_in(client, &token));
        clock.set(moment("2026-04-01T00:00:00Z"));
        assert!(!is_signed_in(client, &token));
        // It does not come back with the clock.
        clock.set(moment("2026-03-31T23:00:00Z"));
        assert!(!is_signed_in(client, &token));
    });
}
