//! Tests of what can't be caused from outside: midnight, reads that fail, a snapshot that comes too late, and a panic.

use std::sync::mpsc::{Sender, channel};

use tempfile::TempDir;
use tokio::sync::oneshot;

use super::progress::State;
use super::*;
use crate::domain::{Award, EventDate, LeaderboardId, Period, Points, Timestamp, UserId, Username};
use crate::standings::coverage::Coverage;
use crate::standings::holding::Holding;
use crate::standings::shared::Flush;
use crate::standings::{Subscription, View, supervise};
use crate::store::{OpenMode, OpenOptions, Store, WriterThread, score_events};

fn noon(day: &str) -> Timestamp {
    Timestamp::new(format!("{day}T12:00:00Z").parse().expect("a moment"))
}

fn today(period: Period) -> StandingsKey {
    StandingsKey::today(LeaderboardId::GLOBAL, period)
}

/// A follower that runs only when the test says so, and the file that it follows.
struct Hand {
    _folder: TempDir,
    clock: Clock,
    store: Store,
    writer: WriterThread,
    shared: Arc<Shared>,
    sender: Sender<Message>,
    follower: Option<Follower>,
}

impl Hand {
    fn new(patience: Duration) -> Hand {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("scores.db");
        let clock = Clock::fixed(chrono_tz::UTC, noon("2026-03-31"));
        let Subscription { facts, sender, inbox } = Subscription::new();
        let subscription = Subscription { facts: Arc::clone(&facts), sender: sender.clone(), inbox };
        let options = OpenOptions {
            subscribers: vec![subscription.subscriber()],
            ..OpenOptions::new(OpenMode::Create, clock.clone())
        };
        let (store, writer) = Store::open(&file, options).expect("a new database");
        let catalog = Catalog::read(&store.reader().expect("a reader")).expect("a catalog");
        let shared = Arc::new(Shared::new(catalog, Coverage::of(&store).expect("a file")));
        let snapshots = Snapshots::new(store.clone(), sender.clone(), Arc::clone(&facts), patience).expect("a file");
        let follower = Follower::new(
            Arc::clone(&shared),
            facts,
            subscription.inbox,
            snapshots,
            clock.clone(),
            Ranking::DenseRank,
            Holding::new(usize::MAX),
        );
        Hand { _folder: folder, clock, store, writer, shared, sender, follower: Some(follower) }
    }

    fn award(&self, points: i64) {
        self.award_on(self.clock.today(), points);
    }

    fn award_on(&self, date: EventDate, points: i64) {
        let award = Award {
            user_id: UserId::try_from(1).expect("a user id"),
            date,
            points: Points::try_from(points).expect("points"),
            description: None,
            minimum_score: None,
        };
        let by = "tests".parse::<Username>().expect("a username");
        let stored = self.store.writer().write_blocking(move |write| score_events::award(write, &award, &by));
        stored.expect("stored");
    }

    /// Asks for standings as a reader does.
    fn ask(&self, period: Period) {
        self.ask_for(today(period));
    }

    fn ask_for(&self, key: StandingsKey) {
        self.shared.published_mut().insert(key, Arc::new(Published::new()));
    }

    fn view(&self, key: StandingsKey) -> Option<Arc<View>> {
        self.shared.published()[&key].view.borrow().clone()
    }

    /// The sum of the user's points over a period.
    fn score(&self, period: Period) -> Option<i64> {
        self.score_of(today(period))
    }

    fn score_of(&self, key: StandingsKey) -> Option<i64> {
        self.view(key)?.ranked.get(UserId::try_from(1).expect("a user id")).map(|entry| entry.score)
    }

    /// Keeps the writer's thread busy until what is returned is dropped.
    fn hold_writer(&self) -> Sender<()> {
        let (release, released) = channel::<()>();
        let (holding, held) = channel();
        let hold = move |_: bool| {
            let _ = holding.send(());
            let _ = released.recv_timeout(Duration::from_secs(20));
        };
        self.store.writer().look_between(hold).expect("room in the queue");
        held.recv().expect("the writer runs it");
        release
    }

    /// Waits until the writer has done all that was asked of it.
    fn await_writer(&self) {
        let (done, is_done) = channel();
        self.store.writer().look_between(move |_| done.send(()).unwrap_or_default()).expect("room in the queue");
        is_done.recv().expect("the writer runs it");
    }

    fn refresh(&mut self) -> Result<(), StoreError> {
        self.refresh_of(Scope::All)
    }

    fn refresh_of(&mut self, scope: Scope) -> Result<(), StoreError> {
        match self.follower().refresh(scope) {
            Ok(()) => Ok(()),
            Err(Interrupted::Failed(error)) => Err(error),
            Err(Interrupted::Stopped) => panic!("nobody stops it"),
        }
    }

    fn follower(&mut self) -> &mut Follower {
        self.follower.as_mut().expect("a follower that has no thread yet")
    }

    fn end(self) {
        self.writer.stop();
    }
}

#[test]
fn a_snapshot_that_comes_too_late_is_thrown_away() {
    let mut hand = Hand::new(Duration::from_millis(50));
    hand.award(3);
    hand.ask(Period::AllTime);
    hand.refresh().expect("a file that can be read");
    assert_eq!(hand.score(Period::AllTime), Some(3));
    let hold = hand.hold_writer();
    hand.ask(Period::Daily);
    assert!(matches!(hand.refresh(), Err(StoreError::Busy)), "the writer gives no snapshot");
    drop(hold);
    // Now the snapshot comes, and with the next commit it is an old one.
    hand.await_writer();
    hand.award(4);
    hand.follower().snapshots.patience = Duration::from_secs(20);
    hand.refresh().expect("a file that can be read");
    assert_eq!([hand.score(Period::AllTime), hand.score(Period::Daily)], [Some(7), Some(7)]);
    hand.award(5);
    hand.refresh().expect("a file that can be read");
    assert_eq!([hand.score(Period::AllTime), hand.score(Period::Daily)], [Some(12), Some(12)]);
    assert_eq!(hand.follower().progress.state(), State::Settled);
    hand.end();
}

#[test]
fn a_view_that_stays_over_midnight_moves_on_to_the_new_window() {
    let mut hand = Hand::new(Duration::from_secs(20));
    hand.award(3);
    hand.ask(Period::AllTime);
    hand.refresh().expect("a file that can be read");
    let view = hand.view(today(Period::AllTime)).expect("a view");
    hand.clock.set(noon("2026-04-01"));
    hand.refresh().expect("a file that can be read");
    let is_held = |follower: &Follower, last: &str| {
        follower.windows.get(&(EventDate::MIN, last.parse().expect("a date"))).is_some()
    };
    assert_eq!(["2026-03-31", "2026-04-01"].map(|last| is_held(hand.follower(), last)), [false, true]);
    // Nothing is missing now, so no snapshot is asked for, which the writer would not give.
    hand.award(4);
    hand.follower().snapshots.patience = Duration::from_millis(50);
    let still = hand.view(today(Period::AllTime)).expect("a view");
    assert!(Arc::ptr_eq(&view, &still), "nobody has another score");
    let hold = hand.hold_writer();
    hand.refresh().expect("no need of the file");
    drop(hold);
    assert_eq!(hand.score(Period::AllTime), Some(7));
    hand.end();
}

#[test]
fn a_window_that_was_made_before_a_refresh_failed_is_not_taken_for_the_one_that_it_was_made_from() {
    let mut hand = Hand::new(Duration::from_secs(20));
    hand.award_on(hand.clock.today().minus_days(1), 3);
    let key = today(Period::Weekly);
    hand.ask_for(key);
    hand.refresh().expect("a file that can be read");
    // The window of the day before is made, and then the refresh fails.
    let before = Period::Weekly.window(hand.clock.today().minus_days(1));
    let connection = hand.store.reader().expect("a reader");
    let made = hand.follower().windows.read_missing(&connection, &[before.into_inner()]);
    assert!(made.expect("a file that can be read"));
    // Both are asked for after a day has changed that only one of them has.
    hand.ask_for(key.yesterday());
    hand.award(4);
    for key in [key, key.yesterday()] {
        hand.refresh_of(Scope::Some(vec![key])).expect("no need of the file");
    }
    assert_eq!([key, key.yesterday()].map(|key| hand.score_of(key)), [Some(7), Some(3)]);
    hand.end();
}

#[test]
fn what_is_asked_for_while_it_is_about_to_be_let_go_stays() {
    let mut hand = Hand::new(Duration::from_secs(20));
    hand.award(3);
    let keys = [Period::Daily, Period::Weekly, Period::Monthly, Period::Yearly].map(today);
    keys.into_iter().for_each(|key| hand.ask_for(key));
    hand.refresh().expect("a file that can be read");
    hand.shared.published()[&keys[3]].touch();
    let (shared, follower) = (Arc::clone(&hand.shared), hand.follower());
    follower.holding = Holding::new(0);
    let published = shared.published().clone();
    let unasked = follower.holding.let_go(&published, &follower.rankings, &follower.windows);
    assert_eq!(unasked.len(), 3, "all but the one that was asked for last");
    let listener = published[&keys[0]].view.subscribe();
    published[&keys[1]].touch();
    let gone: Vec<StandingsKey> = shared.remove_unasked(&unasked).into_iter().map(|(key, _)| key).collect();
    assert_eq!(gone, [keys[2]]);
    drop(listener);
    hand.end();
}

/// Waits until something holds.
fn await_that(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn after_a_panic_all_is_read_anew_and_after_many_the_thread_ends() {
    let mut hand = Hand::new(Duration::from_secs(20));
    let follower = hand.follower.take().expect("a follower");
    let facts = follower.facts();
    let alive = hand.store.register_thread("standings");
    let check = |store: &Store| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(store.check())
    };
    let thread = std::thread::spawn(move || {
        let _alive = alive;
        supervise::follow(follower, Duration::from_millis(10));
    });
    hand.ask(Period::AllTime);
    for round in 1..=supervise::PANICS_MAX as i64 {
        hand.award(10);
        hand.sender.send(Message::Panic).expect("a thread");
        await_that("the board follows again", || hand.score(Period::AllTime) == Some(round * 10));
        // The panic may not have happened yet. The one who waits is answered after it, or let go by it.
        let (done, flushed) = oneshot::channel();
        hand.sender.send(Message::Flush(Flush { key: None, done })).expect("a thread");
        let _ = flushed.blocking_recv();
        assert!(check(&hand.store).is_ok());
    }
    hand.sender.send(Message::Panic).expect("a thread");
    thread.join().expect("an end without a panic");
    assert!(matches!(check(&hand.store), Err(StoreError::ThreadEnded("standings"))));
    // The views are still served. Committed transactions are not kept, since nobody takes them.
    let before = hand.score(Period::AllTime);
    for _ in 0..50 {
        hand.award(1);
        assert!(facts.is_empty());
    }
    assert_eq!(hand.score(Period::AllTime), before);
    hand.end();
}
