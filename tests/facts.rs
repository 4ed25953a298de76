//! Promise: every subscriber of the store hears, after each commit and in order, which scores and which users, groups and
//! leaderboards have changed, and what they are now; of what was rolled back it hears nothing.
//!
//! These tests reach into the library: subscribers are its own parts.

use std::sync::{Arc, Mutex};

use scorekeeper::domain::{Award, Clock, Group, GroupId, LeaderboardName, Timestamp, User, UserId, Username};
use scorekeeper::store::directory::{GroupChange, UserChange};
use scorekeeper::store::leaderboards::Changed;
use scorekeeper::store::{
    Committed, DirectoryChange, OpenMode, OpenOptions, Store, StoreError, Subscriber, Write, WriterThread, directory,
    leaderboards, merge, score_events,
};
use tempfile::TempDir;

type Heard = Arc<Mutex<Vec<(&'static str, Arc<Committed>)>>>;

struct World {
    _folder: TempDir,
    store: Store,
    writer: WriterThread,
    heard: Heard,
}

impl World {
    fn new() -> World {
        let folder = TempDir::new().expect("a temporary folder");
        let heard = Heard::default();
        let subscriber = |name| -> Subscriber {
            let heard = Arc::clone(&heard);
            Box::new(move |committed| heard.lock().expect("no panic").push((name, committed)))
        };
        let clock = Clock::fixed(chrono_tz::UTC, Timestamp::from_millis(1_700_000_000_000));
        let options = OpenOptions {
            subscribers: vec![subscriber("first"), subscriber("second")],
            ..OpenOptions::new(OpenMode::Create, clock)
        };
        let (store, writer) = Store::open(&folder.path().join("scores.db"), options).expect("a new file");
        World { _folder: folder, store, writer, heard }
    }

    /// Writes, and returns what the subscribers then heard, which has to be the same.
    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> (Result<T, StoreError>, Arc<Committed>) {
        let answer = self.store.writer().write_blocking(work);
        let heard = std::mem::take(&mut *self.heard.lock().expect("no panic"));
        let [("first", first), ("second", second)] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!(first, second);
        (answer, Arc::clone(first))
    }
}

fn user_id(id: i64) -> UserId {
    id.try_into().expect("a user's number")
}

fn group_id(id: i64) -> GroupId {
    id.try_into().expect("a group's number")
}

fn user(id: i64, username: &str) -> User {
    User {
        id: user_id(id),
        username: username.parse().expect("a username"),
        name: None,
        avatar_template: format!("/avatars/{id}/{{size}}.svg"),
        suspended: false,
    }
}

fn put_user(write: &Write<'_>, id: i64, username: &str) -> Result<(), StoreError> {
    let change = UserChange { username: Some(username.parse().expect("a username")), ..UserChange::default() };
    directory::put_user(write, user_id(id), change).map(drop)
}

fn put_group(write: &Write<'_>, id: i64, members: &[i64]) -> Result<(), StoreError> {
    let user_ids = members.iter().map(|id| user_id(*id)).collect();
    let change = GroupChange { name: Some(format!("group {id}")), user_ids: Some(user_ids) };
    directory::put_group(write, group_id(id), change).map(drop)
}

fn group(id: i64, members: &[i64]) -> DirectoryChange {
    let user_ids = members.iter().map(|id| user_id(*id)).collect();
    DirectoryChange::Group {
        id: group_id(id),
        now: Some(Group { id: group_id(id), name: format!("group {id}"), user_ids }),
    }
}

fn award(write: &Write<'_>, id: i64, points: i64) -> Result<(), StoreError> {
    let award = Award {
        user_id: user_id(id),
        date: write.today,
        points: points.try_into().expect("points"),
        description: None,
        minimum_score: None,
    };
    score_events::award(write, &award, &"ada".parse::<Username>().expect("a username")).map(drop)
}

#[test]
fn every_subscriber_hears_what_each_commit_made_of_the_directory() {
    let world = World::new();
    let (_, heard) = world.write(|write| {
        put_user(write, 1, "ada")?;
        put_group(write, 7, &[2, 1])
    });
    let ada = DirectoryChange::User { id: user_id(1), now: Some(user(1, "ada")), suspended: false };
    assert_eq!(heard.directory, [ada, group(7, &[1, 2])]);
    assert_eq!(heard.scores, []);
    let first = heard.number;

    let (_, heard) = world.write(|write| directory::delete_user(write, user_id(1)).map(drop));
    assert_eq!(heard.directory, [DirectoryChange::User { id: user_id(1), now: None, suspended: false }]);
    assert_eq!(heard.number, first + 1);

    let (_, heard) = world.write(|write| directory::delete_group(write, group_id(7)).map(drop));
    assert_eq!(heard.directory, [DirectoryChange::Group { id: group_id(7), now: None }]);

    let name = LeaderboardName::try_from("Karaoke".to_owned()).expect("a board's name");
    let (made, heard) = world.write(move |write| leaderboards::create(write, &name, 1));
    let Ok(Changed::Done(board)) = made else { panic!("{made:?}") };
    let id = board.id;
    assert_eq!(heard.directory, [DirectoryChange::Leaderboard { id, now: Some(board) }]);

    let (_, heard) = world.write(move |write| leaderboards::delete(write, id).map(drop));
    assert_eq!(heard.directory, [DirectoryChange::Leaderboard { id, now: None }]);
    world.writer.stop();
}

#[test]
fn a_merge_tells_of_both_users_and_of_the_groups_that_changed() {
    let world = World::new();
    let (stored, _) = world.write(|write| {
        put_user(write, 1, "ada")?;
        put_user(write, 2, "bob")?;
        put_group(write, 7, &[1, 3])?;
        put_group(write, 8, &[2, 3])?;
        award(write, 1, 30)
    });
    stored.expect("users, groups and an award");
    let (_, heard) = world.write(|write| merge::merge(write, user_id(1), user_id(2), merge::Looked::NOWHERE).map(drop));
    let bob = DirectoryChange::User { id: user_id(2), now: Some(user(2, "bob")), suspended: false };
    let no_ada = DirectoryChange::User { id: user_id(1), now: None, suspended: false };
    assert_eq!(heard.directory, [group(7, &[2, 3]), bob, no_ada]);
    let scores: Vec<_> =
        heard.scores.iter().map(|change| (i64::from(change.user_id), change.score, change.days)).collect();
    assert_eq!(scores, [(1, -30, -1), (2, 30, 1)]);
    world.writer.stop();
}

#[test]
fn nobody_hears_of_what_was_rolled_back() {
    let world = World::new();
    let (answer, heard) = world.write(|write| {
        put_user(write, 1, "ada")?;
        award(write, 1, 30)?;
        Err::<(), _>(StoreError::Damaged("so says the test".to_owned()))
    });
    assert!(matches!(answer, Err(StoreError::Damaged(_))), "{answer:?}");
    assert_eq!((&heard.scores[..], &heard.directory[..]), (&[][..], &[][..]));
    let (_, heard) = world.write(|write| award(write, 1, 5));
    assert_eq!(heard.scores.len(), 1);
    world.writer.stop();
}
