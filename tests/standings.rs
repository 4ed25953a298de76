//! Promise: the standings are what SQL says of the scores, whatever changes these and whatever day it is.
//!
//! These tests reach into the library: the standings on a file of their own, on a clock that is set by hand. What is right
//! is asked of SQLite, by window functions over `scores`; the windows of days are counted here, by chrono.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use chrono::{Days, Months, NaiveDate};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rusqlite::{Connection, OptionalExtension, named_params, params};
use scorekeeper::domain::{
    Award, Clock, Correction, EventDate, EventId, GroupId, LeaderboardId, LeaderboardName, LeaderboardUpdate, Period,
    Points, Ranking, Timestamp, UserId, Username,
};
use scorekeeper::standings::{Feed, Key, Ranked, Standings, StandingsThread, Sum, Totals, View};
use scorekeeper::store::directory::{GroupChange, UserChange};
use scorekeeper::store::leaderboards::Changed;
use scorekeeper::store::score_events::Awarded;
use scorekeeper::store::{
    self, OpenMode, Store, StoreError, Write, WriterThread, directory, leaderboards, open_reader, score_events,
    window_sums,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// How long a change may take to show, at the utmost.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the standings look, where a test does not wait for a second.
const SOON: Duration = Duration::from_millis(10);
/// The standings look only when they are told to.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// A row of a board: user, sum, position.
type Row = (i64, i64, u32);

/// Standings over a file of their own.
struct World {
    folder: TempDir,
    clock: Clock,
    ranking: Ranking,
    runtime: Runtime,
    store: Store,
    standings: Standings,
    threads: Option<(WriterThread, StandingsThread)>,
}

impl World {
    fn new(now: &str, zone: &str, ranking: Ranking, every: Duration) -> World {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("scores.db");
        let clock = Clock::fixed(zone.parse().expect("a zone"), moment(now));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let feed = Feed::new();
        let follower = Box::new(feed.follower());
        let (store, writer) = Store::open(&file, OpenMode::Create, clock.clone(), store::GROUP_MAX, Some(follower))
            .expect("a new database");
        let (standings, thread) =
            Standings::start(feed, &store, &file, clock.clone(), ranking, every).expect("standings");
        World { folder, clock, ranking, runtime, store, standings, threads: Some((writer, thread)) }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("scores.db")
    }

    /// A connection as another program would have.
    fn other_program(&self) -> Connection {
        other_program(&self.file())
    }

    fn today(&self) -> NaiveDate {
        self.clock.today().to_string().parse().expect("a date")
    }

    fn write<T: Send + 'static>(&self, work: impl FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static) -> T {
        self.store.writer().write_blocking(work).expect("stored")
    }

    fn award(&self, user_id: i64, date: NaiveDate, points: i64) -> EventId {
        self.write(move |write| award(write, user_id, date, points))
    }

    /// Waits as a handler does that has changed the directory.
    fn refresh(&self) {
        self.runtime.block_on(self.standings.refresh());
    }

    fn view(&self, board: i64, period: Period) -> Option<Arc<View>> {
        self.runtime.block_on(self.standings.view(key(board, period)))
    }

    /// Whether the board shows what SQL says, in order and user by user.
    fn compare(&self, connection: &Connection, board: i64, period: Period) -> Result<(), String> {
        let want = by_sql(connection, board, period, self.today(), self.ranking);
        let Some(view) = self.view(board, period) else { return Err(format!("board {board} {period} is not there")) };
        agree(&view.ranked, &want).map_err(|fault| format!("board {board} {period} on {}: {fault}", self.today()))
    }

    /// Compares all boards over all periods now.
    fn compare_all(&self, connection: &Connection) -> Result<usize, String> {
        let boards = boards(connection);
        for board in &boards {
            for period in Period::ALL {
                self.compare(connection, *board, period)?;
            }
        }
        Ok(boards.len() * Period::ALL.len())
    }

    /// Waits until all boards over all periods are right.
    fn settle(&self, connection: &Connection) -> Result<usize, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.compare_all(connection) {
                Err(fault) if Instant::now() > deadline => return Err(fault),
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
                right => return right,
            }
        }
    }

    fn expect_settled(&self) {
        self.settle(&self.other_program()).expect("boards as by SQL");
    }

    /// Keeps the writer's thread busy until what is returned is dropped.
    fn hold_writer(&self) -> Sender<()> {
        let (release, released) = channel::<()>();
        let (holding, held) = channel();
        let hold = move |_: &Write<'_>| {
            let _ = holding.send(());
            let _ = released.recv_timeout(PATIENCE);
            Ok(())
        };
        drop(self.store.writer().submit(hold).expect("room in the queue"));
        held.recv().expect("the writer runs it");
        release
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some((writer, standings)) = self.threads.take() {
            standings.stop();
            writer.stop();
        }
    }
}

fn other_program(file: &Path) -> Connection {
    let connection = Connection::open(file).expect("a connection");
    connection.busy_timeout(PATIENCE).expect("a setting");
    connection.pragma_update(None, "foreign_keys", true).expect("a setting");
    connection.pragma_update(None, "synchronous", "off").expect("a setting");
    connection
}

fn moment(text: &str) -> Timestamp {
    Timestamp::new(text.parse().expect("a moment"))
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn event_date(day: NaiveDate) -> EventDate {
    EventDate::saturating(day)
}

fn user(id: i64) -> UserId {
    UserId::try_from(id).expect("a user id")
}

fn group(id: i64) -> GroupId {
    GroupId::try_from(id).expect("a group id")
}

fn key(board: i64, period: Period) -> Key {
    Key { board: LeaderboardId(board), period }
}

fn by() -> Username {
    "tests".parse().expect("a username")
}

fn award(write: &Write<'_>, user_id: i64, date: NaiveDate, points: i64) -> Result<EventId, StoreError> {
    let points = Points::try_from(points).expect("points");
    let award =
        Award { user_id: user(user_id), date: event_date(date), points, description: None, minimum_score: None };
    match score_events::award(write, &award, &by())? {
        Awarded::Stored(event) => Ok(event.id),
        Awarded::InsufficientPoints { .. } => unreachable!("no minimum was asked for"),
    }
}

fn suspend(write: &Write<'_>, id: i64, suspended: bool) -> Result<(), StoreError> {
    let username = Some(format!("dancer-{id}").parse().expect("a username"));
    directory::put_user(write, user(id), UserChange { username, suspended: Some(suspended), ..UserChange::default() })?;
    Ok(())
}

fn set_members(write: &Write<'_>, id: i64, members: &[i64]) -> Result<(), StoreError> {
    let user_ids = Some(members.iter().map(|id| user(*id)).collect());
    directory::put_group(write, group(id), GroupChange { name: Some(format!("group {id}")), user_ids })?;
    Ok(())
}

/// The first day of a period, counted by chrono.
fn first_day(period: Period, today: NaiveDate) -> NaiveDate {
    let months = |count| today.checked_sub_months(Months::new(count)).expect("a date");
    match period {
        Period::AllTime => day("0001-01-01"),
        Period::Yearly => months(12),
        Period::Quarterly => months(3),
        Period::Monthly => months(1),
        Period::Weekly => today - Days::new(7),
        Period::Daily => today - Days::new(1),
    }
}

fn boards(connection: &Connection) -> Vec<i64> {
    let mut statement = connection.prepare_cached("SELECT id FROM leaderboards ORDER BY id").expect("a statement");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("numbers")
}

/// What is right: a board over a period, by SQL alone.
fn by_sql(connection: &Connection, board: i64, period: Period, today: NaiveDate, ranking: Ranking) -> Vec<Row> {
    let position = match ranking {
        Ranking::DenseRank => "dense_rank() OVER (ORDER BY sum(score) DESC)",
        Ranking::Rank => "rank() OVER (ORDER BY sum(score) DESC)",
        Ranking::RowNumber => "row_number() OVER (ORDER BY sum(score) DESC, user_id)",
    };
    let select = format!(
        "SELECT user_id, sum(score) AS total, {position}
         FROM scores JOIN leaderboards AS board ON board.id = :board
         WHERE events > 0
           AND date BETWEEN :first AND :today
           AND (from_date IS NULL OR date >= from_date)
           AND (to_date IS NULL OR date <= to_date)
           AND user_id NOT IN (SELECT id FROM users WHERE suspended = 1)
           AND (included_groups_ids = '[]' OR user_id IN (
                SELECT user_id FROM group_members JOIN json_each(included_groups_ids) ON value = group_id))
           AND user_id NOT IN (
                SELECT user_id FROM group_members JOIN json_each(excluded_groups_ids) ON value = group_id)
         GROUP BY user_id ORDER BY total DESC, user_id"
    );
    let mut statement = connection.prepare_cached(&select).expect("a statement");
    let (first, today) = (first_day(period, today).to_string(), today.to_string());
    let rows = statement
        .query_map(named_params! { ":board": board, ":first": first, ":today": today }, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .expect("rows");
    rows.collect::<Result<_, _>>().expect("users")
}

fn rows(entries: &[scorekeeper::standings::Entry]) -> Vec<Row> {
    entries.iter().map(|entry| (entry.user_id.into(), entry.score, entry.position)).collect()
}

/// Whether a ranking is those rows, however it is read.
fn agree(ranked: &Ranked, want: &[Row]) -> Result<(), String> {
    let got = rows(ranked.entries());
    if got != want {
        return Err(format!("is {got:?}, should be {want:?}"));
    }
    let same = |what: &str, id: i64, got: Vec<Row>, want: &[Row]| {
        if got == want { Ok(()) } else { Err(format!("{what} {id} is {got:?}, should be {want:?}")) }
    };
    for (index, row) in want.iter().enumerate() {
        let id = user(row.0);
        if ranked.index(id) != Some(index) {
            return Err(format!("user {id} is at {:?}, should be at {index}", ranked.index(id)));
        }
        same("the entry of", row.0, ranked.get(id).map(|entry| rows(&[*entry])).unwrap_or_default(), &[*row])?;
        let near = &want[index.saturating_sub(2)..want.len().min(index + 3)];
        same("around", row.0, rows(ranked.around(id, 2)), near)?;
        let page = want.chunks(3).nth(index).unwrap_or_default();
        same("page", index as i64, rows(ranked.page(index * 3, 3)), page)?;
    }
    let stranger = user(2_147_483_647);
    same("around", 2_147_483_647, rows(ranked.around(stranger, 2)), &[])
}

// --- any sequence of changes ---

/// Users, groups of one sequence.
const USERS: i64 = 9;
const GROUPS: i64 = 3;

/// A day, seen from today.
#[derive(Debug, Clone, Copy)]
enum When {
    /// So many days after the first day of a period.
    Edge(Period, i64),
    /// So many days after today.
    From(i64),
    /// A day of its own.
    Fixed(NaiveDate),
}

impl When {
    fn from(self, today: NaiveDate) -> NaiveDate {
        match self {
            When::Edge(Period::AllTime, days) => today + chrono::TimeDelta::days(days),
            When::Edge(period, days) => first_day(period, today) + chrono::TimeDelta::days(days),
            When::From(days) => today + chrono::TimeDelta::days(days),
            When::Fixed(day) => day,
        }
    }
}

#[derive(Debug, Clone)]
struct Board {
    from: Option<When>,
    to: Option<When>,
    included: Vec<i64>,
    excluded: Vec<i64>,
    default_period: Period,
}

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// In one transaction.
    Award(Vec<(i64, When, i64)>),
    /// A command that fails after it has changed scores.
    Fail(i64, When, i64),
    Correct(Index, i64),
    Delete(Index),
    Suspend(i64, bool),
    Forget(i64),
    Members(i64, Vec<i64>),
    Disband(i64),
    NewBoard(Board),
    SetBoard(Index, Board),
    DropBoard(Index),
    Merge(i64, i64),
    Clock(When, u32),
    /// By another program, past the writer.
    Foreign(Foreign),
}

#[derive(Debug, Clone)]
enum Foreign {
    SetScore(i64, When, i64),
    DropScores(i64),
    DropDay(When),
    Event(i64, When, i64),
    Suspend(i64),
    Join(i64, i64),
    MoveBoard(Index, Option<When>),
    /// At the same time as an award by us.
    Both(i64, When, i64),
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        6 => (select(Period::ALL.to_vec()), -1..=1i64).prop_map(|(period, days)| When::Edge(period, days)),
        3 => (-12..=3i64).prop_map(When::From),
        2 => (-800..0i64).prop_map(When::From),
        1 => select(vec![day("0001-01-01"), day("2024-02-29"), day("9999-12-31")]).prop_map(When::Fixed),
    ]
}

fn points() -> impl Strategy<Value = i64> {
    // Few different ones, so that many users have equal sums.
    prop_oneof![8 => -3..=5i64, 1 => select(vec![i64::from(i32::MIN), i64::from(i32::MAX)])]
}

fn member() -> impl Strategy<Value = i64> {
    1..=USERS
}

fn groups() -> impl Strategy<Value = Vec<i64>> {
    // One group more than there ever is.
    prop_oneof![
        2 => Just(Vec::new()),
        1 => btree_set(1..=GROUPS + 1, 1..3).prop_map(|ids| ids.into_iter().collect()),
    ]
}

fn board() -> impl Strategy<Value = Board> {
    (option::weighted(0.4, when()), option::weighted(0.3, when()), groups(), groups(), select(Period::ALL.to_vec()))
        .prop_map(|(from, to, included, excluded, default_period)| Board {
            from,
            to,
            included,
            excluded,
            default_period,
        })
}

/// The last day of a month, a leap day, the turn of a year; or any day of a few years.
fn today() -> impl Strategy<Value = NaiveDate> {
    let edges = [
        "2024-02-28",
        "2024-02-29",
        "2024-03-01",
        "2024-03-30",
        "2024-03-31",
        "2024-05-31",
        "2025-02-28",
        "2025-03-01",
        "2025-12-31",
        "2026-01-01",
        "2026-03-28",
        "2026-03-29",
        "2026-03-31",
        "2026-05-30",
        "2027-01-31",
    ];
    prop_oneof![
        2 => select(edges.map(day).to_vec()),
        1 => (0..1500u64).prop_map(|days| day("2023-11-01") + Days::new(days)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let clock = prop_oneof![
        4 => (-3..=3i64).prop_map(When::From),
        2 => select(vec![-40, -31, -9, -8, 8, 9, 28, 31, 366]).prop_map(When::From),
        2 => today().prop_map(When::Fixed),
    ];
    prop_oneof![
        8 => vec((member(), when(), points()), 1..12).prop_map(Step::Award),
        1 => (member(), when(), points()).prop_map(|(user, when, points)| Step::Fail(user, when, points)),
        2 => (any::<Index>(), points()).prop_map(|(which, points)| Step::Correct(which, points)),
        3 => any::<Index>().prop_map(Step::Delete),
        2 => (member(), any::<bool>()).prop_map(|(user, suspended)| Step::Suspend(user, suspended)),
        1 => member().prop_map(Step::Forget),
        2 => (1..=GROUPS, vec(member(), 0..6)).prop_map(|(group, members)| Step::Members(group, members)),
        1 => (1..=GROUPS).prop_map(Step::Disband),
        1 => board().prop_map(Step::NewBoard),
        3 => (any::<Index>(), board()).prop_map(|(which, board)| Step::SetBoard(which, board)),
        1 => any::<Index>().prop_map(Step::DropBoard),
        2 => (member(), member()).prop_map(|(from, into)| Step::Merge(from, into)),
        6 => (clock, 0..86_400u32).prop_map(|(when, seconds)| Step::Clock(when, seconds)),
        5 => foreign().prop_map(Step::Foreign),
    ]
}

fn foreign() -> impl Strategy<Value = Foreign> {
    prop_oneof![
        4 => (member(), when(), points()).prop_map(|(user, when, points)| Foreign::SetScore(user, when, points)),
        1 => member().prop_map(Foreign::DropScores),
        1 => when().prop_map(Foreign::DropDay),
        2 => (member(), when(), points()).prop_map(|(user, when, points)| Foreign::Event(user, when, points)),
        1 => member().prop_map(Foreign::Suspend),
        1 => (1..=GROUPS, member()).prop_map(|(group, user)| Foreign::Join(group, user)),
        1 => (any::<Index>(), option::of(when())).prop_map(|(which, from)| Foreign::MoveBoard(which, from)),
        2 => (member(), when(), points()).prop_map(|(user, when, points)| Foreign::Both(user, when, points)),
    ]
}

fn rankings() -> impl Strategy<Value = Ranking> {
    select(vec![Ranking::DenseRank, Ranking::Rank, Ranking::RowNumber])
}

/// A sequence on its way.
struct Story<'w> {
    world: &'w World,
    connection: Connection,
    events: RefCell<Vec<EventId>>,
    boards_made: Cell<usize>,
}

impl Story<'_> {
    /// Takes a step; `true` if it has to show at once.
    fn play(&self, step: Step) -> bool {
        let (world, today) = (self.world, self.world.today());
        match step {
            Step::Award(awards) => {
                let awards: Vec<_> =
                    awards.into_iter().map(|(user, when, points)| (user, when.from(today), points)).collect();
                let stored = world.write(move |write| {
                    awards
                        .into_iter()
                        .map(|(user, date, points)| award(write, user, date, points))
                        .collect::<Result<Vec<_>, _>>()
                });
                self.events.borrow_mut().extend(stored);
                false
            }
            Step::Fail(user, when, points) => {
                let date = when.from(today);
                let failing = move |write: &Write<'_>| -> Result<(), StoreError> {
                    award(write, user, date, points)?;
                    suspend(write, user, true)?;
                    Err(StoreError::Closed)
                };
                assert!(world.store.writer().write_blocking(failing).is_err());
                false
            }
            Step::Correct(which, points) => {
                if let Some(id) = self.pick(which) {
                    let points = Points::try_from(points).expect("points");
                    let correction = Correction { id, points, description: None };
                    world.write(move |write| score_events::correct(write, &correction, &by()));
                }
                false
            }
            Step::Delete(which) => {
                if let Some(id) = self.pick(which) {
                    world.write(move |write| score_events::delete(write, id, &by()));
                }
                false
            }
            Step::Suspend(user, suspended) => {
                world.write(move |write| suspend(write, user, suspended));
                true
            }
            Step::Forget(id) => {
                world.write(move |write| directory::delete_user(write, user(id)));
                true
            }
            Step::Members(group, members) => {
                world.write(move |write| set_members(write, group, &members));
                true
            }
            Step::Disband(id) => {
                world.write(move |write| directory::delete_group(write, group(id)));
                true
            }
            Step::NewBoard(board) => {
                self.boards_made.set(self.boards_made.get() + 1);
                let name = LeaderboardName::try_from(format!("Board {}", self.boards_made.get())).expect("a name");
                let created = world.write(move |write| leaderboards::create(write, &name, -1));
                let Changed::Done(created) = created else { unreachable!("a name of its own") };
                self.set_board(created.id, board);
                true
            }
            Step::SetBoard(which, board) => {
                let boards = boards(&self.connection);
                self.set_board(LeaderboardId(*which.get(&boards)), board);
                true
            }
            Step::DropBoard(which) => {
                let boards = boards(&self.connection);
                let id = *which.get(&boards);
                if id != LeaderboardId::GLOBAL.0 {
                    assert!(world.write(move |write| leaderboards::delete(write, LeaderboardId(id))));
                }
                true
            }
            Step::Merge(from, into) => {
                if from != into {
                    world.write(move |write| directory::merge(write, user(from), user(into)));
                }
                true
            }
            Step::Clock(when, seconds) => {
                let midnight = when.from(today).and_hms_opt(0, 0, 0).expect("a midnight").and_utc();
                world.clock.set(Timestamp::new(midnight + chrono::TimeDelta::seconds(seconds.into())));
                false
            }
            Step::Foreign(foreign) => {
                self.play_foreign(foreign, today);
                false
            }
        }
    }

    fn play_foreign(&self, foreign: Foreign, today: NaiveDate) {
        const ADD: &str = "
            INSERT INTO scores (user_id, date, score, events) VALUES (?1, ?2, ?3, 1)
            ON CONFLICT DO UPDATE SET score = score + excluded.score, events = events + 1";
        let execute = |statement: &str, params: &[&dyn rusqlite::ToSql]| {
            self.connection.execute(statement, params).expect("a change by another program");
        };
        match foreign {
            Foreign::SetScore(user, when, points) => execute(
                "INSERT INTO scores (user_id, date, score, events) VALUES (?1, ?2, ?3, 2)
                 ON CONFLICT DO UPDATE SET score = excluded.score",
                params![user, when.from(today).to_string(), points],
            ),
            Foreign::DropScores(user) => execute("DELETE FROM scores WHERE user_id = ?1", params![user]),
            Foreign::DropDay(when) => {
                execute("DELETE FROM scores WHERE date = ?1", params![when.from(today).to_string()])
            }
            Foreign::Event(user, when, points) => {
                let date = when.from(today).to_string();
                let transaction = self.connection.unchecked_transaction().expect("a transaction");
                let insert = "INSERT INTO score_events (user_id, date, points) VALUES (?1, ?2, ?3)";
                transaction.execute(insert, params![user, date, points]).expect("an event");
                self.events.borrow_mut().push(EventId(transaction.last_insert_rowid()));
                transaction.execute(ADD, params![user, date, points]).expect("a score");
                transaction.commit().expect("a commit");
            }
            Foreign::Suspend(user) => {
                execute("UPDATE users SET suspended = 1 - suspended WHERE id = ?1", params![user])
            }
            Foreign::Join(group, user) => {
                let known: Option<i64> = self
                    .connection
                    .query_row("SELECT id FROM groups WHERE id = ?1", [group], |row| row.get(0))
                    .optional()
                    .expect("an answer");
                if known.is_some() {
                    execute(
                        "INSERT OR IGNORE INTO group_members (group_id, user_id) VALUES (?1, ?2)",
                        params![group, user],
                    );
                }
            }
            Foreign::MoveBoard(which, from) => {
                let boards = boards(&self.connection);
                let from = from.map(|from| from.from(today).to_string());
                execute("UPDATE leaderboards SET from_date = ?2 WHERE id = ?1", params![which.get(&boards), from]);
            }
            Foreign::Both(user, when, points) => {
                let date = when.from(today);
                self.events.borrow_mut().push(self.world.award(user, date, points));
                execute(ADD, params![user, date.to_string(), points]);
                self.events.borrow_mut().push(self.world.award(user, date, points));
            }
        }
    }

    fn set_board(&self, id: LeaderboardId, board: Board) {
        let today = self.world.today();
        let (from_date, to_date) = (board.from.map(|when| when.from(today)), board.to.map(|when| when.from(today)));
        let ids = |ids: Vec<i64>| ids.into_iter().map(group).collect();
        let update = LeaderboardUpdate {
            id,
            name: LeaderboardName::try_from(format!("Board number {}", id.0)).expect("a name"),
            from_date: from_date.map(event_date),
            to_date: to_date.map(event_date),
            visible_to_groups_ids: Vec::new(),
            included_groups_ids: ids(board.included),
            excluded_groups_ids: ids(board.excluded),
            default_period: board.default_period,
            period_filter_disabled: false,
        };
        assert_eq!(self.world.write(move |write| leaderboards::update(write, update)), Changed::Done(()));
    }

    fn pick(&self, which: Index) -> Option<EventId> {
        let events = self.events.borrow();
        (!events.is_empty()).then(|| *which.get(events.as_slice()))
    }
}

#[test]
fn any_sequence_shows_what_sql_says() {
    let config = Config { cases: 48, max_shrink_iters: 100, failure_persistence: None, ..Config::default() };
    let compared = Cell::new(0);
    let steps = (today(), rankings(), vec(board(), 1..3), vec(step(), 8..24));
    let outcome = TestRunner::new(config).run(&steps, |(today, ranking, boards, steps)| {
        let world = World::new(&format!("{today}T12:00:00Z"), "UTC", ranking, SOON);
        let connection = world.other_program();
        let story = Story { world: &world, connection, events: RefCell::default(), boards_made: Cell::new(0) };
        let steps = boards.into_iter().map(Step::NewBoard).chain(steps);
        for (number, step) in steps.enumerate() {
            let told = format!("step {number}, {step:?}");
            let settled = if story.play(step) {
                world.refresh();
                world.compare_all(&story.connection)
            } else {
                world.settle(&story.connection)
            };
            let count = settled.map_err(|fault| TestCaseError::fail(format!("after {told}: {fault}")))?;
            compared.set(compared.get() + count);
        }
        Ok(())
    });
    if let Err(fault) = outcome {
        panic!("{fault}");
    }
    assert!(compared.get() >= 5_000, "only {} comparisons", compared.get());
}

// --- the day ---

/// Points of a different size on each day of a good year, for two users.
fn award_each_day(world: &World, last: NaiveDate, days: u64) {
    world.write(move |write| {
        for ago in 0..days {
            let date = last - Days::new(ago);
            award(write, 1, date, 3 + ago as i64)?;
            award(write, 2 + (ago % 5) as i64, date, 1000 - 2 * ago as i64)?;
        }
        Ok(())
    });
}

/// Waits until views that were taken long ago show what SQL says, without asking for anything.
fn await_unasked(world: &World, views: &[tokio::sync::watch::Receiver<Option<Arc<View>>>]) {
    let connection = world.other_program();
    let deadline = Instant::now() + PATIENCE;
    for (period, view) in Period::ALL.into_iter().zip(views) {
        let want = by_sql(&connection, 1, period, world.today(), world.ranking);
        loop {
            let ranked = view.borrow().as_ref().map(|view| Arc::clone(&view.ranked));
            let fault = match ranked {
                Some(ranked) => agree(&ranked, &want).err(),
                None => Some("not there".to_owned()),
            };
            let Some(fault) = fault else { break };
            assert!(Instant::now() < deadline, "{period} on {}: {fault}", world.today());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn midnight_slides_every_window_with_no_request() {
    // Berlin is an hour ahead of UTC, two from the last Sunday of March on.
    for (evening, night) in [
        ("2026-03-31T21:59:59Z", "2026-03-31T22:00:00Z"),
        ("2024-02-28T22:59:59Z", "2024-02-28T23:00:00Z"),
        ("2024-02-29T22:59:59Z", "2024-02-29T23:00:00Z"),
        ("2025-12-31T22:59:59Z", "2025-12-31T23:00:00Z"),
        ("2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z"),
    ] {
        let world = World::new(evening, "Europe/Berlin", Ranking::DenseRank, SOON);
        let evening = world.today();
        award_each_day(&world, evening + Days::new(3), 380);
        world.expect_settled();
        let views = Period::ALL.map(|period| world.standings.watch(key(1, period)));
        world.clock.set(moment(night));
        assert_eq!(world.today(), evening + Days::new(1));
        await_unasked(&world, &views);
    }
}

#[test]
fn a_clock_that_jumps_gives_right_boards_again() {
    let world = World::new("2026-01-01T08:00:00Z", "UTC", Ranking::Rank, SOON);
    award_each_day(&world, day("2026-02-10"), 500);
    world.expect_settled();
    let views = Period::ALL.map(|period| world.standings.watch(key(1, period)));
    for now in [
        "2025-12-31T08:00:00Z", // a day back
        "2026-01-01T08:00:00Z", // and forward again
        "2026-01-02T00:00:00Z",
        "2026-01-10T00:00:00Z", // as far as windows slide
        "2026-01-19T00:00:00Z", // beyond
        "2025-12-01T23:59:59Z", // weeks back
        "2031-06-30T12:00:00Z", // years ahead: nothing is left but of all time
        "0001-01-01T00:00:00Z", // before anything
        "2026-01-31T12:00:00Z",
    ] {
        world.clock.set(moment(now));
        await_unasked(&world, &views);
    }
}

#[test]
fn what_changes_at_midnight_is_counted_once() {
    let world = World::new("2026-03-31T23:59:00Z", "UTC", Ranking::RowNumber, SOON);
    award_each_day(&world, day("2026-04-03"), 400);
    world.expect_settled();
    let connection = world.other_program();
    for night in 0..6 {
        // The clock moves while awards are on their way: for the day that ends, the one that begins, and those at the
        // other ends of the windows.
        let today = world.today();
        let midnight = today.and_hms_opt(0, 0, 0).expect("a midnight").and_utc() + Days::new(1);
        let mut waiting = Vec::new();
        for count in 0..40 {
            let period = Period::ALL[count % 5 + 1];
            let date = if count % 2 == 0 { first_day(period, today) } else { today + Days::new(1) };
            let write = move |write: &Write<'_>| award(write, 1 + count as i64 % 7, date, night + count as i64);
            waiting.push(world.store.writer().submit(write).expect("room in the queue"));
            if count == 20 {
                world.clock.set(Timestamp::new(midnight));
            }
        }
        for answer in waiting {
            answer.blocking_recv().expect("an answer").expect("stored");
        }
        world.settle(&connection).expect("boards as by SQL");
    }
}

// --- what is kept, and for how long ---

#[test]
fn a_period_is_held_only_once_it_is_asked_for() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    assert!(world.view(1, Period::AllTime).is_some());
    assert_eq!(world.standings.held(), [key(1, Period::AllTime)], "the default period of each board");
    // While the writer is held nothing can be read from the file: what is there now has been there before.
    let hold = world.hold_writer();
    for period in Period::ALL {
        let built = world.standings.watch(key(1, period)).borrow().is_some();
        assert_eq!(built, period == Period::AllTime, "{period}");
    }
    drop(hold);
    assert_eq!(world.standings.held().len(), Period::ALL.len());
    world.expect_settled();
}

#[test]
fn what_is_read_whole_is_read_in_the_order_of_the_file() {
    // The SELECTs as they stand in the source, planned by the SQLite that runs them.
    let source = include_str!("../src/store/window_sums.rs");
    let selects: Vec<&str> =
        source.split("const SELECT: &str = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    let plan = |select: &str| -> Vec<String> {
        let connection = world.other_program();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {select}")).expect("a statement");
        let days = named_params! { ":first": "0001-01-01", ":last": "2026-03-31" };
        let lines = statement.query_map(days, |row| row.get("detail")).expect("a plan");
        lines.collect::<Result<_, _>>().expect("lines")
    };
    let plans: Vec<_> = selects.into_iter().map(plan).collect();
    let by_day = "SEARCH scores USING INDEX scores_by_date (date>? AND date<?)";
    assert_eq!(plans, [["SCAN scores"], [by_day]], "no sorting, and no look-up for each row of all history");
}

#[test]
fn a_snapshot_lives_as_long_as_its_reader() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, world.today(), 5);
    world.expect_settled();
    let reader = world.view(1, Period::Daily).expect("a board");
    let before = rows(reader.ranked.entries());
    let (view, ranked) = (Arc::downgrade(&reader), Arc::downgrade(&reader.ranked));
    world.award(2, world.today(), 7);
    world.expect_settled();
    assert_eq!(rows(reader.ranked.entries()), before, "a reader sees one moment");
    drop(reader);
    let deadline = Instant::now() + PATIENCE;
    while view.strong_count() + ranked.strong_count() > 0 {
        assert!(Instant::now() < deadline, "the old snapshot is kept");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_view_stays_until_it_changes() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, world.today(), 5);
    world.expect_settled();
    let version = |period| world.view(1, period).expect("a board").version();
    let (all_time, daily) = (version(Period::AllTime), version(Period::Daily));
    assert_ne!(all_time, daily);
    world.award(1, day("2026-03-01"), 5);
    world.expect_settled();
    assert_ne!(version(Period::AllTime), all_time);
    assert_eq!(version(Period::Daily), daily, "an event outside the window");
    let monthly = version(Period::Monthly);
    world.award(1, day("2026-04-01"), 5);
    world.write(|write| award(write, 1, day("2026-03-31"), 5).and_then(|id| score_events::delete(write, id, &by())));
    world.refresh();
    assert_eq!(version(Period::Monthly), monthly, "an event of the future, and one taken back at once");
    world.other_program().execute("DELETE FROM scores WHERE date = '2026-03-01'", []).expect("a change");
    world.expect_settled();
    assert_eq!(version(Period::Daily), daily, "all was read anew, and is as it was");
}

#[test]
fn a_ranked_user_takes_at_most_64_bytes() {
    const RANKED: i64 = 100_000;
    const BYTES_MAX: usize = 64 * RANKED as usize;
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    let other = world.other_program();
    other
        .execute(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
             INSERT INTO scores (user_id, date, score, events) SELECT n, '2026-03-31', n * 7919 % 100003, 1 FROM numbers",
            [RANKED],
        )
        .expect("scores");
    world.expect_settled();
    let totals = || {
        let mut totals = Totals::default();
        let reader = open_reader(&world.file()).expect("a reader");
        let today = world.clock.today();
        window_sums::by_user(&reader, &(today..=today), |day| {
            totals.push(day.user_id, Sum { score: day.score, days: 1 })
        })
        .expect("scores");
        totals.shrink();
        totals
    };
    let view = world.view(1, Period::Daily).expect("a board");
    assert_eq!(view.ranked.entries().len(), RANKED as usize);
    assert!(view.ranked.bytes() + totals().bytes() <= BYTES_MAX, "{} + {}", view.ranked.bytes(), totals().bytes());
    // Neither does a ranking grow that is changed many times: by users who were there, come and go.
    for round in 0..5 {
        world.write(move |write| {
            for user in 0..200 {
                award(write, RANKED - 100 + user + round, write_day(write), 3)?;
            }
            Ok(())
        });
        world.refresh();
    }
    let view = world.view(1, Period::Daily).expect("a board");
    let count = view.ranked.entries().len();
    assert!(count > RANKED as usize);
    assert!(view.ranked.bytes() + totals().bytes() <= 64 * count);
    let mut changed = totals();
    for user_id in 1..=300_i64 {
        let change = |sum: Sum| BTreeMap::from([(user(user_id * 1_000_003 % 2_000_000_000 + 1), sum)]);
        changed.apply(&change(Sum { score: 5, days: 1 }));
        if user_id % 2 == 0 {
            changed.apply(&change(Sum { score: -5, days: -1 }));
        }
    }
    assert!(view.ranked.bytes() + changed.bytes() <= 64 * count.min(changed.len()));
}

fn write_day(write: &Write<'_>) -> NaiveDate {
    write.today.to_string().parse().expect("a date")
}

// --- while things are built ---

#[test]
fn who_asks_first_is_told_to_wait_and_gets_it_then() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, world.today(), 5);
    assert!(world.view(1, Period::AllTime).is_some());
    let hold = world.hold_writer();
    let asked = Instant::now();
    assert!(world.view(1, Period::Weekly).is_none(), "nothing can be read yet");
    assert!(asked.elapsed() < Duration::from_secs(5));
    // Another period is asked for while the first is still being built.
    let monthly = world.standings.watch(key(1, Period::Monthly));
    // What is there is there at once, whatever the writer does.
    let asked = Instant::now();
    assert!(world.view(1, Period::AllTime).is_some());
    assert!(asked.elapsed() < Duration::from_millis(500));
    drop(hold);
    let deadline = Instant::now() + PATIENCE;
    while monthly.borrow().is_none() {
        assert!(Instant::now() < deadline, "a period that was asked for while another was built never comes");
        std::thread::sleep(Duration::from_millis(2));
    }
    world.expect_settled();
}

#[test]
fn a_change_of_the_directory_is_not_lost_while_a_period_is_built() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, world.today(), 5);
    world.award(2, world.today(), 3);
    let connection = world.other_program();
    world.view(1, Period::AllTime);
    let deadline = Instant::now() + PATIENCE;
    while world.compare(&connection, 1, Period::AllTime).is_err() {
        assert!(Instant::now() < deadline);
    }
    let hold = world.hold_writer();
    let suspended: oneshot::Receiver<_> =
        world.store.writer().submit(|write| suspend(write, 1, true)).expect("room in the queue");
    // The thread goes for the file, and waits behind the suspension.
    let _weekly = world.standings.watch(key(1, Period::Weekly));
    std::thread::sleep(Duration::from_millis(200));
    drop(hold);
    suspended.blocking_recv().expect("an answer").expect("stored");
    world.refresh();
    world.compare_all(&connection).expect("boards without the suspended user");
}

#[test]
fn a_board_that_is_removed_ends_for_its_listeners() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    let name = LeaderboardName::try_from("Contest".to_owned()).expect("a name");
    let Changed::Done(board) = world.write(move |write| leaderboards::create(write, &name, 7)) else { unreachable!() };
    world.refresh();
    assert!(world.standings.catalog().board(board.id).is_some());
    let mut listener = world.standings.watch(key(board.id.0, Period::Daily));
    world.expect_settled();
    listener.mark_unchanged();
    world.write(move |write| leaderboards::delete(write, board.id));
    world.refresh();
    assert!(world.standings.catalog().board(board.id).is_none());
    let ended = world.runtime.block_on(async { tokio::time::timeout(PATIENCE, listener.changed()).await });
    assert!(ended.expect("no waiting").is_err(), "nothing is said of a board that is gone");
}

// --- other programs ---

#[test]
fn a_change_by_another_process_is_not_lost_with_a_failed_transaction() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, NEVER);
    world.award(1, world.today(), 5);
    world.refresh();
    let connection = world.other_program();
    world.compare_all(&connection).expect("boards as by SQL");
    connection
        .execute("INSERT INTO scores (user_id, date, score, events) VALUES (2, '2026-03-31', 9, 1)", [])
        .expect("a score");
    let broken = |write: &Write<'_>| -> Result<(), StoreError> { Ok(write.connection.execute_batch("ROLLBACK")?) };
    assert!(world.store.writer().write_blocking(broken).is_err());
    world.award(3, world.today(), 4);
    world.refresh();
    world.compare_all(&connection).expect("boards with the other program's user");
}

#[test]
fn a_score_without_events_does_not_unsettle_the_sums() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, day("2026-03-30"), 10);
    let award = world.award(2, day("2026-03-31"), 10);
    world.award(2, day("2026-03-30"), 10);
    let connection = world.other_program();
    // What only a fault leaves: a sum of no events, and one that is too high by five.
    connection
        .execute_batch(
            "INSERT INTO scores (user_id, date, score, events) VALUES (1, '2026-03-31', 5, 0);
             UPDATE scores SET score = score + 5 WHERE user_id = 2 AND date = '2026-03-31'",
        )
        .expect("scores");
    world.settle(&connection).expect("boards as by SQL");
    world.award(1, day("2026-03-31"), 3);
    world.settle(&connection).expect("boards after an award");
    world.write(move |write| score_events::delete(write, award, &by()));
    world.settle(&connection).expect("boards after a deletion");
}

/// Commits stream in through the writer and past it, while somebody reads.
#[test]
fn changes_from_all_sides_at_once_end_in_what_sql_says() {
    const WRITERS: i64 = 3;
    const EVENTS: i64 = 150;
    for round in 0..3 {
        let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::RowNumber, Duration::from_millis(2));
        let today = world.today();
        world.write(|write| set_members(write, 1, &[3, 4]));
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for thread in 0..WRITERS {
                let writer = world.store.writer().clone();
                threads.push(scope.spawn(move || {
                    for event in 0..EVENTS {
                        let user_id = 1 + (event * 7 + thread) % 20;
                        let date =
                            first_day(Period::ALL[(event % 5) as usize + 1], today) - Days::new((event % 2) as u64);
                        let id =
                            writer.write_blocking(move |write| award(write, user_id, date, event)).expect("stored");
                        if event % 3 == 0 {
                            writer
                                .write_blocking(move |write| score_events::delete(write, id, &by()))
                                .expect("deleted");
                        }
                        if event % 50 == 49 {
                            let suspended = event % 100 == 49;
                            writer.write_blocking(move |write| suspend(write, user_id, suspended)).expect("suspended");
                        }
                    }
                }));
            }
            let file = world.file();
            threads.push(scope.spawn(move || {
                let mut connection = other_program(&file);
                for event in 0..EVENTS {
                    let transaction = connection
                        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
                        .expect("a transaction");
                    let date = (today - Days::new((event % 9) as u64)).to_string();
                    let values = params![1 + (event * 11 + round) % 20, date, event];
                    let insert = "INSERT INTO score_events (user_id, date, points) VALUES (?1, ?2, ?3)";
                    transaction.execute(insert, values).expect("an event");
                    let add = "INSERT INTO scores (user_id, date, score, events) VALUES (?1, ?2, ?3, 1)
                               ON CONFLICT DO UPDATE SET score = score + excluded.score, events = events + 1";
                    transaction.execute(add, values).expect("a score");
                    transaction.commit().expect("a commit");
                }
            }));
            // What is seen meanwhile is at least a ranking.
            let done = &done;
            let standings = world.standings.clone();
            let reader = scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                while !done.load(Ordering::Relaxed) {
                    for period in Period::ALL {
                        let view = runtime.block_on(standings.view(key(1, period))).expect("a board");
                        let entries = view.ranked.entries();
                        let ordered = |pair: &[scorekeeper::standings::Entry]| {
                            (-pair[0].score, pair[0].user_id) < (-pair[1].score, pair[1].user_id)
                        };
                        assert!(entries.windows(2).all(ordered), "{:?}", rows(entries));
                        let counted = entries.iter().zip(1..).all(|(entry, number)| entry.position == number);
                        assert!(counted, "{:?}", rows(entries));
                    }
                }
            });
            let outcomes: Vec<_> = threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
            done.store(true, Ordering::Relaxed);
            reader.join().expect("rankings in order");
            outcomes.into_iter().for_each(|outcome| outcome.expect("a thread that ends well"));
        });
        world.expect_settled();
    }
}
