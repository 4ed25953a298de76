//! What can't be brought about from outside: a snapshot that comes too late.

use std::sync::mpsc::{Sender, channel};

use tempfile::TempDir;

use super::*;
use crate::domain::{Award, LeaderboardId, Period, Points, Timestamp, UserId};
use crate::standings::{Subscription, View};
use crate::store::{OpenMode, OpenOptions, Store, WriterThread, open_reader, score_events};

/// A follower that runs only when the test says so, and the file that it follows.
struct Hand {
    _folder: TempDir,
    store: Store,
    writer: WriterThread,
    follower: Follower,
}

impl Hand {
    fn new(patience: Duration) -> Hand {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("scores.db");
        let now = Timestamp::new("2026-03-31T12:00:00Z".parse().expect("a moment"));
        let clock = Clock::fixed(chrono_tz::UTC, now);
        let Subscription { facts, sender, inbox } = Subscription::new();
        let subscription = Subscription { facts: Arc::clone(&facts), sender: sender.clone(), inbox };
        let options = OpenOptions {
            subscribers: vec![subscription.subscriber()],
            ..OpenOptions::new(OpenMode::Create, clock.clone())
        };
        let (store, writer) = Store::open(&file, options).expect("a new database");
        let connection = open_reader(&file).expect("a reader");
        let shared = Arc::new(Shared::new(Catalog::read(&connection).expect("a catalog")));
        let snapshots = Snapshots::new(store.writer().clone(), &file, connection, sender, Arc::clone(&facts), patience);
        let follower = Follower::new(shared, facts, subscription.inbox, snapshots, clock, Ranking::DenseRank);
        Hand { _folder: folder, store, writer, follower }
    }

    fn award(&self, points: i64) {
        let award = Award {
            user_id: UserId::try_from(1).expect("a user id"),
            date: self.follower.today,
            points: Points::try_from(points).expect("points"),
            description: None,
            minimum_score: None,
        };
        let by = "tests".parse().expect("a username");
        let stored = self.store.writer().write_blocking(move |write| score_events::award(write, &award, &by));
        stored.expect("stored");
    }

    /// Asks for standings as a reader does.
    fn ask(&self, period: Period) {
        let key = StandingsKey::today(LeaderboardId::GLOBAL, period);
        self.follower.shared.published_mut().insert(key, Arc::new(Published::new()));
    }

    fn view(&self, period: Period) -> Arc<View> {
        let key = StandingsKey::today(LeaderboardId::GLOBAL, period);
        let view = self.follower.shared.published()[&key].view.borrow().clone();
        view.expect("a view")
    }

    /// The sum of the user's points over a period.
    fn score(&self, period: Period) -> Option<i64> {
        self.view(period).ranked.get(UserId::try_from(1).expect("a user id")).map(|entry| entry.score)
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
        match self.follower.refresh(Scope::All) {
            Ok(()) => Ok(()),
            Err(Interrupted::Failed(error)) => Err(error),
            Err(Interrupted::Stopped) => panic!("nobody stops it"),
        }
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
    hand.follower.snapshots.patience = Duration::from_secs(20);
    hand.refresh().expect("a file that can be read");
    assert_eq!([hand.score(Period::AllTime), hand.score(Period::Daily)], [Some(7), Some(7)]);
    hand.award(5);
    hand.refresh().expect("a file that can be read");
    assert_eq!([hand.score(Period::AllTime), hand.score(Period::Daily)], [Some(12), Some(12)]);
    assert_eq!(hand.follower.state, State::Settled);
    hand.end();
}
