//! What live standings cost, against the same six boards built by SQL alone on the same file: building from cold,
//! refreshing after changes, reading, memory. The boards are all six periods of the global leaderboard.
//!
//! `cargo bench --bench standings`, or with `-- --smoke` for a run of seconds that only shows that it works.
//!
//! How it is measured: the standings are those that the server runs, fed by the same writer. A refresh is the time from the
//! moment that a transaction is committed until all six views show it; the standings are asked to look at once, as they
//! are after a change of the directory, so that the figure is the work and not the second that they may wait. SQL builds
//! each board into a temporary table in memory, with the positions by a window function.

mod fill;
mod many;

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use scorekeeper::domain::{
    Award, Clock, EventDate, LeaderboardId, Period, Points, Ranking, Timestamp, UserId, Username,
};
use scorekeeper::standings::{
    RenderingKey, Standings, StandingsKey, StandingsOptions, StandingsThread, Subscription, View,
};
use scorekeeper::store::{self, DayNumber, OpenMode, OpenOptions, Store, StoreError, WriterThread, score_events};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use self::fill::{Random, draw_users, fill};
use self::many::Ranks;

/// Set in the environment of a process that this program starts of itself: which scale to measure.
const SCALE: &str = "BENCH_SCALE";
/// The same for the many boards of a file: which file.
const MANY: &str = "BENCH_MANY";
/// Days of history.
const DAYS: usize = 730;
/// The standings look at changes only when they are told to.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);
/// What the standings may take, in bytes: as the setting `standings_memory` has it by default.
const ROOM: usize = 256 << 20;
/// How long standings may take to be built.
const PATIENCE: Duration = Duration::from_secs(60);
/// Users on a page.
const PAGE: usize = 100;

/// One line of what is measured.
struct Scale {
    users: usize,
    events: u64,
    /// How many users change, and how often that is tried.
    changes: [(usize, usize); 3],
    /// How often the slow things are tried.
    rounds: usize,
    /// How often the quick things are tried.
    reads: usize,
    /// Whether a hundred boards are measured too.
    has_many: bool,
}

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let scales = if smoke { scales_of_smoke() } else { scales() };
    if let Ok(number) = std::env::var(SCALE) {
        let scale = &scales[number.parse::<usize>().expect("a number")];
        match std::env::var(MANY) {
            Ok(file) => many::measure(Path::new(&file), &clock(), scale),
            Err(_) => measure(scale),
        }
        return;
    }
    // Each in a process of its own, which has no memory left over from another.
    for (number, scale) in scales.iter().enumerate() {
        measure_apart(number, None);
        if scale.has_many {
            for ranks in [Ranks::Alike, Ranks::EachItsOwn] {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let file = folder.path().join("scores.db");
                fill(&file, scale, &clock());
                many::prepare(&file, &clock(), scale, ranks);
                measure_apart(number, Some(&file));
            }
        }
        println!();
    }
}

/// Measures a scale in another process: six boards on a file that it fills itself, or the many of this file.
fn measure_apart(number: usize, many: Option<&Path>) {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(std::env::args().skip(1)).env(SCALE, number.to_string());
    if let Some(file) = many {
        command.env(MANY, file);
    }
    assert!(command.status().expect("this program starts").success(), "scale {number}");
}

fn clock() -> Clock {
    Clock::fixed(chrono_tz::UTC, Timestamp::new("2026-03-31T12:00:00Z".parse().expect("a moment")))
}

fn scales() -> Vec<Scale> {
    let changes = [(1, 15), (1_000, 15), (100_000, 5)];
    vec![
        Scale { users: 100_000, events: 10_000_000, changes, rounds: 3, reads: 100_000, has_many: true },
        Scale { users: 1_000_000, events: 10_000_000, changes, rounds: 3, reads: 100_000, has_many: false },
    ]
}

fn scales_of_smoke() -> Vec<Scale> {
    let changes = [(1, 3), (10, 3), (100, 2)];
    vec![Scale { users: 500, events: 20_000, changes, rounds: 2, reads: 1_000, has_many: true }]
}

fn measure(scale: &Scale) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("scores.db");
    let clock = clock();
    let today = clock.today();
    let rows = fill(&file, scale, &clock);
    let size = std::fs::metadata(&file).map_or(0, |data| data.len());
    println!(
        "{} users, {} events over {DAYS} days: {rows} scores, a file of {} MB; medians",
        scale.users,
        scale.events,
        size >> 20
    );

    // In turn, so that a machine that slows down slows both.
    let (mut cold, mut sql, mut grown) = (Vec::new(), Vec::new(), 0);
    for round in 0..scale.rounds {
        let before = resident_bytes();
        let (running, took) = Running::start(&file, &clock);
        if round == 0 {
            grown = resident_bytes().saturating_sub(before);
        }
        cold.push(took);
        running.stop();
        sql.push(build_by_sql(&file, today));
    }
    let (cold, sql) = (median(cold), median(sql));
    line("six boards by SQL alone", sql, None);
    line("six boards from a cold start", cold, Some(sql));

    let (mut running, _) = Running::start(&file, &clock);
    let anew = (0..scale.rounds).map(|_| running.read_anew(&file)).collect();
    line("all read anew, after a change by another process", median(anew), Some(sql));
    let mut random = Random(7);
    for (count, times) in scale.changes {
        let took = (0..times).map(|_| running.refresh_after(&draw_users(&mut random, scale.users, count))).collect();
        line(&format!("refresh after {count} changed users"), median(took), Some(sql));
    }
    running.check(&file, today);
    running.read(scale.reads, scale.users);
    running.memory(grown);
    running.stop();
}

/// Standings over a file, all six boards asked for.
struct Running {
    runtime: Runtime,
    store: Store,
    writer: WriterThread,
    standings: Standings,
    thread: StandingsThread,
    views: Vec<watch::Receiver<Option<Arc<View>>>>,
}

impl Running {
    /// Starts, and tells how long it took until all six boards were there.
    fn start(file: &Path, clock: &Clock) -> (Running, Duration) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let subscription = Subscription::new();
        let options = OpenOptions {
            subscribers: vec![subscription.subscriber()],
            ..OpenOptions::new(OpenMode::Existing, clock.clone())
        };
        let (store, writer) = Store::open(file, options).expect("the file that was filled");
        let began = Instant::now();
        let ranking = Ranking::DenseRank;
        let (standings, thread) = Standings::start(
            subscription,
            &store,
            StandingsOptions { clock: clock.clone(), ranking, every: NEVER, bytes_max: ROOM },
        )
        .expect("standings");
        let mut views: Vec<_> = Period::ALL.map(|period| standings.watch(key(period))).into();
        for view in &mut views {
            runtime.block_on(view.wait_for(Option::is_some)).expect("standings that go on");
        }
        let took = began.elapsed();
        (Running { runtime, store, writer, standings, thread, views }, took)
    }

    fn stop(self) {
        drop(self.views);
        self.thread.stop();
        self.writer.stop();
    }

    /// The time until all six boards have changed, from now on.
    fn wait_for_all(&mut self) -> Duration {
        let began = Instant::now();
        self.runtime.block_on(async {
            self.standings.refresh().await;
            for view in &mut self.views {
                view.changed().await.expect("standings that go on");
            }
        });
        began.elapsed()
    }

    fn award(&mut self, users: &[UserId]) {
        for view in &mut self.views {
            view.mark_unchanged();
        }
        self.store_awards(users);
    }

    fn store_awards(&self, users: &[UserId]) {
        let users = users.to_vec();
        let award_all = move |write: &store::Write<'_>| -> Result<(), StoreError> {
            let by: Username = "bench".parse().expect("a username");
            for (index, &user_id) in users.iter().enumerate() {
                let points = Points::try_from(1 + index as i64 % 50).expect("points");
                let award = Award { user_id, date: write.today, points, description: None, minimum_score: None };
                score_events::award(write, &award, &by)?;
            }
            Ok(())
        };
        self.store.writer().write_blocking(award_all).expect("stored");
    }

    fn refresh_after(&mut self, users: &[UserId]) -> Duration {
        self.award(users);
        self.wait_for_all()
    }

    fn read_anew(&mut self, file: &Path) -> Duration {
        let other = Connection::open(file).expect("a connection");
        other.execute("UPDATE rollup_repairs SET count = count + 1", []).expect("a change");
        self.refresh_after(&[user(1)])
    }

    /// Holds all six boards against SQL.
    fn check(&self, file: &Path, today: EventDate) {
        let connection = Connection::open(file).expect("a connection");
        for period in Period::ALL {
            let view = self.view(period);
            let mut statement = connection.prepare(BOARD).expect("a statement");
            let mut rows = statement.query(params_of(period, today)).expect("rows");
            for entry in view.ranked.entries() {
                let row = rows.next().expect("a row").expect("as many rows");
                let want: (UserId, i64, u32) =
                    (row.get(0).expect("a user"), row.get(1).expect("a sum"), row.get(2).expect("a position"));
                assert_eq!((entry.user_id, entry.score, entry.position), want, "{period}");
            }
            assert!(rows.next().expect("a row").is_none(), "{period} lacks users");
        }
    }

    fn view(&self, period: Period) -> Arc<View> {
        self.runtime.block_on(self.standings.view(key(period))).expect("standings that are there")
    }

    /// Reads as a request does: takes the view, and out of it what is asked for.
    fn read(&self, times: usize, users: usize) {
        let mut random = Random(11);
        let page = per_read(times, || {
            let view = self.view(Period::AllTime);
            let pages = view.ranked.len().div_ceil(PAGE);
            let offset = random.below(pages as u64) as usize * PAGE;
            let page = view.ranked.page(offset, PAGE);
            page.iter().map(|entry| entry.score ^ i64::from(entry.position)).sum::<i64>()
        });
        let position = per_read(times, || {
            let view = self.view(Period::AllTime);
            let entry = view.ranked.get(user(1 + random.below(users as u64) as i64));
            entry.map_or(0, |entry| i64::from(entry.position))
        });
        let around = per_read(times, || {
            let view = self.view(Period::AllTime);
            let around = view.ranked.around(user(1 + random.below(users as u64) as i64), 5);
            around.iter().map(|entry| entry.score).sum::<i64>()
        });
        let kept = per_read(times, || {
            let view = self.view(Period::AllTime);
            let offset = random.below(10) as usize;
            let key = RenderingKey { form: "text", page: offset, variant: 0, compressed: false };
            view.kept(key, || format!("{:?}", view.page(offset, PAGE)).into_bytes()).len() as i64
        });
        println!("  {:<52} {:>10.2} µs", "a page of 100 at random", page.as_secs_f64() * 1e6);
        println!("  {:<52} {:>10.2} µs", "a first page, kept as text", kept.as_secs_f64() * 1e6);
        println!("  {:<52} {:>10.2} µs", "a user's position", position.as_secs_f64() * 1e6);
        println!("  {:<52} {:>10.2} µs", "a user's neighbours, 5 on each side", around.as_secs_f64() * 1e6);
    }

    fn memory(&self, grown: u64) {
        let mut ranked = 0;
        let mut bytes = 0;
        for period in Period::ALL {
            let view = self.view(period);
            ranked += view.ranked.len();
            bytes += view.ranked.bytes();
        }
        println!(
            "  {:<52} {:>10.1} bytes ({ranked} in all six; the process grew by {:.1})",
            "memory for each ranked user of a board",
            bytes as f64 / ranked as f64,
            grown as f64 / ranked as f64
        );
    }
}

/// A board by the months of its window, which is how scores are laid out; days are written YYYYMMDD.
const BOARD: &str = "
    SELECT user_id, sum(score) AS total, dense_rank() OVER (ORDER BY sum(score) DESC) AS position
    FROM scores WHERE month BETWEEN ?1 / 100 AND ?2 / 100 AND month * 100 + day BETWEEN ?1 AND ?2
    GROUP BY user_id ORDER BY total DESC, user_id";

/// Six boards by SQL alone.
fn build_by_sql(file: &Path, today: EventDate) -> Duration {
    let connection = Connection::open(file).expect("a connection");
    connection.execute_batch("PRAGMA temp_store = memory").expect("a setting");
    let began = Instant::now();
    for period in Period::ALL {
        let create = format!("CREATE TEMP TABLE board_{} AS {BOARD}", period.name());
        connection.execute(&create, params_of(period, today)).expect("a board");
    }
    began.elapsed()
}

/// What [`BOARD`] is told.
fn params_of(period: Period, today: EventDate) -> [DayNumber; 2] {
    let window = period.window(today);
    [DayNumber::from(*window.start()), DayNumber::from(*window.end())]
}

fn key(period: Period) -> StandingsKey {
    StandingsKey::today(LeaderboardId::GLOBAL, period)
}

fn user(id: i64) -> UserId {
    UserId::try_from(id).expect("a user id")
}

fn per_read(times: usize, mut read: impl FnMut() -> i64) -> Duration {
    let began = Instant::now();
    for _ in 0..times {
        black_box(read());
    }
    began.elapsed() / times as u32
}

fn line(what: &str, took: Duration, sql: Option<Duration>) {
    let ratio = sql.map(|sql| format!("{:>10.1} times faster", sql.as_secs_f64() / took.as_secs_f64()));
    println!("  {what:<52} {:>10.2} ms {}", took.as_secs_f64() * 1000.0, ratio.unwrap_or_default());
}

/// What the process holds in memory, as Linux tells; 0 elsewhere.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn median(mut figures: Vec<Duration>) -> Duration {
    figures.sort_unstable();
    figures[figures.len() / 2]
}
