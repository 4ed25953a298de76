//! What a page costs in process: from the request to the last byte of the reply, without a socket. Each of 100 users has
//! two names, and points on each of the last fourteen days.
//!
//! `cargo bench --bench pages`, or with `-- --smoke` for a run that only shows that it works.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::http::{Accept, Header, Status};
use rocket::local::blocking::Client;
use rusqlite::{Connection, params};
use scorekeeper::actions::{Actions, Running};
use scorekeeper::api;
use scorekeeper::config::{Settings, figment};
use scorekeeper::domain::{Clock, Ranking, Timestamp};
use scorekeeper::pages;
use scorekeeper::rollup::Rollup;
use scorekeeper::standings::{People, Standings, StandingsOptions, Subscription};
use scorekeeper::store::{OpenMode, OpenOptions, Store};
use scorekeeper::web::{self, App, Batches, Metrics, RequestLimit, Sessions, Site, StoredForms, WrongKeys};

/// Users of the board: all on one page.
const USERS: i64 = 100;
/// Days that each has points on.
const DAYS: u32 = 400;

fn main() {
    let times = if std::env::args().any(|argument| argument == "--smoke") { 20 } else { 2_000 };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("scores.db");
    let clock = Clock::fixed(chrono_tz::UTC, Timestamp::new("2026-03-31T12:00:00Z".parse().expect("a moment")));
    let (_, writer) = Store::open(&file, OpenOptions::new(OpenMode::Create, clock.clone())).expect("a new database");
    writer.stop();
    fill(&Connection::open(&file).expect("a connection"), &clock);

    let subscription = Subscription::new();
    let options = OpenOptions {
        subscribers: vec![subscription.subscriber()],
        ..OpenOptions::new(OpenMode::Existing, clock.clone())
    };
    let (store, writer) = Store::open(&file, options).expect("the file");
    let every = Duration::from_secs(60 * 60);
    let (standings, standings_thread) = Standings::start(
        subscription,
        &store,
        StandingsOptions { clock: clock.clone(), ranking: Ranking::DenseRank, every, bytes_max: usize::MAX },
    )
    .expect("standings");
    let settings = Settings::load(&figment(), None).expect("the defaults");
    let (rollup, rollup_thread) = Rollup::start(store.clone(), clock.clone()).expect("the rollup's thread");
    let actions = Actions::new(store.clone(), clock.clone())
        .beside(Running { standings: standings.clone(), rollup: rollup.clone() })
        .with_recalculations_per_day(settings.recalculations_per_day);
    let people = People::new(store.clone(), standings.clone());
    let app = App {
        actions: Arc::new(actions),
        store,
        started_at: clock.now(),
        clock,
        rollup,
        standings,
        people,
        recent_days: settings.recent_days,
        sessions: Sessions::new().expect("random numbers"),
        requests: RequestLimit::new(0),
        wrong_keys: Arc::new(WrongKeys::new(0)),
        stored_forms: StoredForms::default(),
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
    let client = Client::untracked(rocket).expect("a rocket");
    println!("from the request to the last byte, in process; medians of {times}");
    for path in ["/leaderboard", "/leaderboard?for_user_id=50", "/leaderboard?period=weekly", "/users/50"] {
        let mut bytes = 0;
        let mut figures: Vec<Duration> = (0..times)
            .map(|_| {
                let began = Instant::now();
                let reply =
                    client.get(path).header(Accept::HTML).header(Header::new("Host", "scores.example")).dispatch();
                assert_eq!(reply.status(), Status::Ok, "{path}");
                bytes = reply.into_bytes().map_or(0, |body| body.len());
                began.elapsed()
            })
            .collect();
        figures.sort_unstable();
        let (median, late) = (figures[times / 2], figures[times * 99 / 100]);
        println!(
            "  {path:<32} {:>8.3} ms, 99 in 100 below {:>8.3} ms, {bytes:>7} bytes",
            median.as_secs_f64() * 1e3,
            late.as_secs_f64() * 1e3
        );
    }
    drop(client);
    rollup_thread.stop();
    standings_thread.stop();
    writer.stop();
}

fn fill(connection: &Connection, clock: &Clock) {
    connection.execute_batch("BEGIN").expect("a transaction");
    let insert = "INSERT INTO users (id, username, folded, name) VALUES (?1, ?2, ?2, ?3)";
    let mut user = connection.prepare(insert).expect("a statement");
    let insert = "INSERT INTO scores (month, user_id, day, score, events)
                       VALUES (replace(substr(?2, 1, 7), '-', ''), ?1, substr(?2, 9), ?3, 1)";
    let mut score = connection.prepare(insert).expect("a statement");
    // The rollup takes away what no event gave.
    let insert = "INSERT INTO score_events (user_id, date, points) VALUES (?1, ?2, ?3)";
    let mut event = connection.prepare(insert).expect("a statement");
    for id in 1..=USERS {
        user.execute(params![id, format!("username-of-some-length-{id}"), format!("Ada Lovelace the {id}th")])
            .expect("a user");
        for ago in 0..DAYS {
            let day = clock.today().minus_days(ago).to_string();
            let points = 1 + (id * i64::from(ago + 7)) % 97;
            event.execute(params![id, day, points]).expect("an event");
            score.execute(params![id, day, points]).expect("a score");
        }
    }
    connection.execute_batch("COMMIT").expect("a commit");
}
