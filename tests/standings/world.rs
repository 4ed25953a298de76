//! Standings on a file of their own and a clock that is set by hand, and what SQL says of the same file.

use super::*;

/// How long a change may take to show, at the utmost.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How often the standings look, where a test does not wait for a second.
pub const SOON: Duration = Duration::from_millis(10);
/// The standings look only when they are told to.
pub const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// A row of a board: user, sum, position.
pub type Row = (i64, i64, u32);

/// Standings over a file of their own.
pub struct World {
    pub folder: TempDir,
    pub clock: Clock,
    pub ranking: Ranking,
    pub runtime: Runtime,
    pub store: Store,
    pub standings: Standings,
    pub threads: Option<(WriterThread, StandingsThread)>,
}

impl World {
    pub fn new(now: &str, zone: &str, ranking: Ranking, every: Duration) -> World {
        World::within(usize::MAX, now, zone, ranking, every)
    }

    /// With standings that may take so many bytes.
    pub fn within(bytes_max: usize, now: &str, zone: &str, ranking: Ranking, every: Duration) -> World {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("scores.db");
        let clock = Clock::fixed(zone.parse().expect("a zone"), moment(now));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let subscription = Subscription::new();
        let options = OpenOptions {
            subscribers: vec![subscription.subscriber()],
            ..OpenOptions::new(OpenMode::Create, clock.clone())
        };
        let (store, writer) = Store::open(&file, options).expect("a new database");
        let (standings, thread) = Standings::start(
            subscription,
            &store,
            StandingsOptions { clock: clock.clone(), ranking, every, bytes_max },
        )
        .expect("standings");
        World { folder, clock, ranking, runtime, store, standings, threads: Some((writer, thread)) }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("scores.db")
    }

    /// A connection as another program would have.
    pub fn other_program(&self) -> Connection {
        other_program(&self.file())
    }

    pub fn today(&self) -> NaiveDate {
        self.clock.today().to_string().parse().expect("a date")
    }

    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.writer().write_blocking(work).expect("stored")
    }

    pub fn award(&self, user_id: i64, date: NaiveDate, points: i64) -> EventId {
        self.write(move |write| award(write, user_id, date, points))
    }

    /// Waits as a handler does that has changed the directory.
    pub fn refresh(&self) {
        self.runtime.block_on(self.standings.refresh());
    }

    pub fn view(&self, board: i64, period: Period) -> Option<Arc<View>> {
        self.runtime.block_on(self.standings.view(key(board, period)))
    }

    /// Whether the board shows what SQL says, in order and user by user.
    pub fn compare(&self, connection: &Connection, board: i64, period: Period) -> Result<(), String> {
        let want = by_sql(connection, board, period, self.today(), self.ranking);
        let Some(view) = self.view(board, period) else { return Err(format!("board {board} {period} is not there")) };
        agree(&view.ranked, &want).map_err(|fault| format!("board {board} {period} on {}: {fault}", self.today()))?;
        // What is shown beside the ranking is of the same moment.
        let settings = leaderboards::list(connection).expect("boards").into_iter().find(|row| row.id.0 == board);
        if settings.as_ref() != Some(&*view.board) {
            return Err(format!("board {board} {period} is {:?}, should be {settings:?}", view.board));
        }
        let users: HashMap<_, _> =
            directory::users(connection).expect("users").into_iter().map(|user| (user.id, user)).collect();
        // A view is made anew when somebody on it is called otherwise; who is not on it is known to the newest catalog.
        let shown = |catalog: &Catalog| -> HashMap<UserId, User> {
            let ids = view.ranked.entries().into_iter().map(|entry| entry.user_id);
            ids.filter_map(|id| Some((id, catalog.users.get(&id)?.clone()))).collect()
        };
        let ranked = |(id, _): &(UserId, User)| view.ranked.get(*id).is_some();
        let named: HashMap<_, _> = users.clone().into_iter().filter(ranked).collect();
        if named != shown(&view.catalog) {
            return Err(format!("board {board} {period} knows {:?}, should know {named:?}", shown(&view.catalog)));
        }
        let catalog = self.standings.catalog();
        if users != known(&catalog) {
            return Err(format!("the catalog knows {:?}, should know {users:?}", known(&catalog)));
        }
        Ok(())
    }

    /// Compares all boards over all periods now.
    pub fn compare_all(&self, connection: &Connection) -> Result<usize, String> {
        let boards = boards(connection);
        for board in &boards {
            for period in Period::ALL {
                self.compare(connection, *board, period)?;
            }
        }
        Ok(boards.len() * Period::ALL.len())
    }

    /// Waits until all boards over all periods are right.
    pub fn settle(&self, connection: &Connection) -> Result<usize, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.compare_all(connection) {
                Err(fault) if Instant::now() > deadline => return Err(fault),
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
                right => return right,
            }
        }
    }

    pub fn expect_settled(&self) {
        self.settle(&self.other_program()).expect("boards as by SQL");
    }

    /// Keeps the writer's thread busy until what is returned is dropped.
    pub fn hold_writer(&self) -> Sender<()> {
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

pub fn other_program(file: &Path) -> Connection {
    let connection = Connection::open(file).expect("a connection");
    connection.busy_timeout(PATIENCE).expect("a setting");
    connection.pragma_update(None, "foreign_keys", true).expect("a setting");
    connection.pragma_update(None, "synchronous", "off").expect("a setting");
    connection
}

pub fn moment(text: &str) -> Timestamp {
    Timestamp::new(text.parse().expect("a moment"))
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

pub fn event_date(day: NaiveDate) -> EventDate {
    EventDate::saturating(day)
}

pub fn user(id: i64) -> UserId {
    UserId::try_from(id).expect("a user id")
}

pub fn group(id: i64) -> GroupId {
    GroupId::try_from(id).expect("a group id")
}

pub fn key(board: i64, period: Period) -> StandingsKey {
    StandingsKey::today(LeaderboardId(board), period)
}

pub fn by() -> Username {
    "tests".parse().expect("a username")
}

pub fn award(write: &Write<'_>, user_id: i64, date: NaiveDate, points: i64) -> Result<EventId, StoreError> {
    let points = Points::try_from(points).expect("points");
    let award =
        Award { user_id: user(user_id), date: event_date(date), points, description: None, minimum_score: None };
    match score_events::award(write, &award, &by())? {
        Awarded::Stored(event) => Ok(event.id),
        Awarded::InsufficientPoints { .. } => unreachable!("no minimum was asked for"),
    }
}

pub fn suspend(write: &Write<'_>, id: i64, suspended: bool) -> Result<(), StoreError> {
    let username = Some(format!("dancer-{id}").parse().expect("a username"));
    directory::put_user(write, user(id), UserChange { username, suspended: Some(suspended), ..UserChange::default() })?;
    Ok(())
}

pub fn set_members(write: &Write<'_>, id: i64, members: &[i64]) -> Result<(), StoreError> {
    let user_ids = Some(members.iter().map(|id| user(*id)).collect());
    directory::put_group(write, group(id), GroupChange { name: Some(format!("group {id}")), user_ids })?;
    Ok(())
}

/// The first day of a period, counted by chrono.
pub fn first_day(period: Period, today: NaiveDate) -> NaiveDate {
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

/// The users of a catalog.
pub fn known(catalog: &Catalog) -> HashMap<UserId, User> {
    catalog.users.iter().map(|user| (user.id, user.clone())).collect()
}

pub fn boards(connection: &Connection) -> Vec<i64> {
    let mut statement = connection.prepare_cached("SELECT id FROM leaderboards ORDER BY id").expect("a statement");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("numbers")
}

/// What is right: a board over a period, by SQL alone.
pub fn by_sql(connection: &Connection, board: i64, period: Period, today: NaiveDate, ranking: Ranking) -> Vec<Row> {
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
           AND user_id NOT IN (SELECT user_id FROM forgotten_suspended_users)
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

pub fn rows(entries: &[scorekeeper::standings::Entry]) -> Vec<Row> {
    entries.iter().map(|entry| (entry.user_id.into(), entry.score, entry.position)).collect()
}

/// Whether a ranking is those rows, however it is read.
pub fn agree(ranked: &Ranked, want: &[Row]) -> Result<(), String> {
    let got = rows(&ranked.entries());
    if got != want {
        return Err(format!("is {got:?}, should be {want:?}"));
    }
    let same = |what: &str, id: i64, got: Vec<Row>, want: &[Row]| {
        if got == want { Ok(()) } else { Err(format!("{what} {id} is {got:?}, should be {want:?}")) }
    };
    // Of very many rows, some are read one by one.
    for (index, row) in want.iter().enumerate().step_by(want.len() / 1_000 + 1) {
        let id = user(row.0);
        if ranked.index(id) != Some(index) {
            return Err(format!("user {id} is at {:?}, should be at {index}", ranked.index(id)));
        }
        same("the entry of", row.0, ranked.get(id).map(|entry| rows(&[entry])).unwrap_or_default(), &[*row])?;
        let near = &want[index.saturating_sub(2)..want.len().min(index + 3)];
        same("around", row.0, rows(&ranked.around(id, 2)), near)?;
        let page = want.chunks(3).nth(index).unwrap_or_default();
        same("page", index as i64, rows(&ranked.page(index * 3, 3)), page)?;
    }
    let stranger = user(2_147_483_647);
    same("around", 2_147_483_647, rows(&ranked.around(stranger, 2)), &[])
}
