//! Any sequence of changes: of scores, boards, groups, users and the clock, by this program and by another.

use super::*;

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
                    let correction = Correction { id, points, description: None, minimum_score: None };
                    world.write(move |write| score_events::correct(write, &correction, &by()));
                }
                false
            }
            Step::Delete(which) => {
                if let Some(id) = self.pick(which) {
                    world.write(move |write| score_events::delete(write, &Deletion { id, minimum_score: None }, &by()));
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
                    world.write(move |write| merge::merge(write, user(from), user(into), merge::Looked::NOWHERE));
                    let left = "SELECT (SELECT count(*) FROM scores WHERE user_id = ?1)
                              + (SELECT count(*) FROM score_events WHERE user_id = ?1)
                              + (SELECT count(*) FROM group_members WHERE user_id = ?1)";
                    let left: i64 = self.connection.query_row(left, [from], |row| row.get(0)).expect("a count");
                    assert_eq!(left, 0, "what is left of user {from}");
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
            INSERT INTO scores (month, user_id, day, score, events)
                       VALUES (replace(substr(?2, 1, 7), '-', ''), ?1, substr(?2, 9), ?3, 1)
            ON CONFLICT DO UPDATE SET score = score + excluded.score, events = events + 1";
        let execute = |statement: &str, params: &[&dyn rusqlite::ToSql]| {
            self.connection.execute(statement, params).expect("a change by another program");
        };
        match foreign {
            Foreign::SetScore(user, when, points) => execute(
                "INSERT INTO scores (month, user_id, day, score, events)
                       VALUES (replace(substr(?2, 1, 7), '-', ''), ?1, substr(?2, 9), ?3, 2)
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
        let settings = LeaderboardSettings {
            name: LeaderboardName::try_from(format!("Board number {}", id.0)).expect("a name"),
            from_date: from_date.map(event_date),
            to_date: to_date.map(event_date),
            visible_to_groups_ids: Vec::new(),
            included_groups_ids: ids(board.included),
            excluded_groups_ids: ids(board.excluded),
            default_period: board.default_period,
            period_filter_disabled: false,
        };
        let updated = self.world.write(move |write| leaderboards::update(write, id, settings));
        assert!(matches!(updated, Changed::Done(_)));
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
    // With room for all, and with room for nothing but what was asked for last.
    let room = select(vec![usize::MAX, usize::MAX, 1]);
    let steps = (room, today(), rankings(), vec(board(), 1..3), vec(step(), 8..24));
    let outcome = TestRunner::new(config).run(&steps, |(room, today, ranking, boards, steps)| {
        let world = World::within(room, &format!("{today}T12:00:00Z"), "UTC", ranking, SOON);
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
