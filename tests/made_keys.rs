//! Promise: nothing outlives its key. What a key makes may do no more, lasts no longer, comes from no more networks, and works
//! only while the key works. The clock of these tests stands still until it is set.

use std::sync::Arc;

use chrono::TimeDelta;
use scorekeeper::actions::{Actions, Actor, KeyRefusal, MadeKey, Presumed, Refusal};
use scorekeeper::domain::{Award, Clock, KeyRef, Networks, Permissions, PlainKey, Scope, Sender, Timestamp};
use scorekeeper::store::api_keys::NewKey;
use scorekeeper::store::key_lines::KeyState;
use scorekeeper::store::{OpenMode, OpenOptions, Store, WriterThread};
use tempfile::TempDir;

use crate::leaderboards::quick;
use crate::live::Listener;
use crate::support::browser::Browser;
use crate::support::keys::{list, make_key, revoke, rotate};
use crate::support::{KEY, Setup};

/// A file with keys, and the actions on it.
pub struct House {
    pub actions: Actions,
    pub clock: Clock,
    store: Store,
    runtime: tokio::runtime::Runtime,
    writer: Option<WriterThread>,
    _folder: Arc<TempDir>,
}

/// A moment of the first of June 2026.
pub fn at(hour: i64, minute: i64) -> Timestamp {
    let midnight: Timestamp = Timestamp::new("2026-06-01T00:00:00Z".parse().expect("a moment"));
    Timestamp::new(midnight.moment() + TimeDelta::minutes(60 * hour + minute))
}

/// An award of a point.
fn award() -> Award {
    Award {
        user_id: 13.try_into().expect("a user"),
        date: "2026-06-01".parse().expect("a day"),
        points: 1.try_into().expect("points"),
        description: None,
        minimum_score: None,
    }
}

/// A key that may do all, from anywhere, without an end.
pub fn unbounded() -> NewKey {
    NewKey {
        username: None,
        permissions: Permissions::ALL,
        networks: Networks::default(),
        description: None,
        expires_on: None,
    }
}

impl House {
    pub fn new() -> House {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        let clock = Clock::fixed(chrono_tz::UTC, at(9, 0));
        let options = OpenOptions::new(OpenMode::Create, clock.clone());
        let (store, writer) = Store::open(&folder.path().join("scores.db"), options).expect("a database");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let actions = Actions::new(store.clone(), clock.clone());
        House { actions, store, clock, runtime, writer: Some(writer), _folder: folder }
    }

    /// The actor of a command on the machine.
    pub fn command_line(&self) -> Actor {
        Actor::of_command_line("system".parse().expect("a username"))
    }

    pub fn make(&self, actor: &Actor, new: NewKey) -> Result<MadeKey, Refusal> {
        self.runtime.block_on(self.actions.create_key(actor, new, None))
    }

    #[track_caller]
    pub fn made(&self, actor: &Actor, new: NewKey) -> (i64, PlainKey) {
        let made = self.make(actor, new).expect("a key");
        (made.id, made.plain.expect("a key that is shown"))
    }

    pub fn rotated(&self, actor: &Actor, id: i64, grace: TimeDelta) -> Result<(i64, PlainKey), Refusal> {
        let rotated = self.runtime.block_on(self.actions.rotate_key(actor, id, grace, None))?;
        Ok((rotated.id, rotated.plain.expect("a key that is shown")))
    }

    pub fn revoke(&self, id: i64) {
        self.runtime.block_on(self.actions.revoke_key(&self.command_line(), id)).expect("the key is revoked");
    }

    /// Who acts with a key from an address. An event is stored with it too, which must go as well as that, whether the key is
    /// looked up for it or remembered.
    pub fn actor_from(&self, key: &PlainKey, address: &str) -> Result<Actor, Refusal> {
        let sender = Sender { address: address.parse().expect("an address"), is_certain: true };
        let found = self.actions.authenticate(key, Some("ana"), sender);
        let wanted = found.clone().and_then(|actor| actor.require(Scope::EventsAward));
        for time in ["first", "second"] {
            let presumed = self.actions.recall(key, Some("ana"), sender).map_or_else(
                || {
                    let actor = self.actions.authenticate(key, Some("ana"), sender)?;
                    self.actions.remember(key, &actor);
                    Ok(Presumed::certain(actor))
                },
                Ok,
            );
            let stored =
                presumed.and_then(|presumed| self.runtime.block_on(self.actions.award(&presumed, award(), None)));
            assert_eq!(format!("{:?}", stored.map(drop)), format!("{wanted:?}"), "the {time} time");
        }
        found
    }

    #[track_caller]
    pub fn actor(&self, key: &PlainKey) -> Actor {
        self.actor_from(key, "192.0.2.1").expect("a key that works")
    }

    pub fn works(&self, key: &PlainKey) -> bool {
        match self.actor_from(key, "192.0.2.1") {
            Ok(_) => true,
            Err(Refusal::InvalidAccess) => false,
            Err(other) => panic!("{other}"),
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.stop();
        }
    }
}

#[test]
fn a_key_that_is_revoked_earlier_in_a_transaction_stores_nothing_later_in_it() {
    let house = House::new();
    let (id, key) = house.made(&house.command_line(), unbounded());
    let actor = house.actor(&key);
    let sender = Sender { address: actor.address.expect("an address"), is_certain: true };
    let presumed = house.actions.recall(&key, Some("ana"), sender).expect("a key that is remembered");
    // While the writer is held, both are queued, one after the other. So they share the next transaction.
    let ((begun, begins), (go_on, held)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
    let hold = move |_| {
        begun.send(()).unwrap_or_default();
        held.recv().unwrap_or_default();
    };
    let writer = house.store.writer();
    writer.look_between(hold).expect("the writer takes it");
    begins.recv().expect("the writer is held");
    let queued = async |count: usize| {
        while writer.waiting() < count {
            tokio::task::yield_now().await;
        }
    };
    let by = house.command_line();
    let store = async {
        queued(1).await;
        house.actions.award(&presumed, award(), None).await
    };
    let go_on = async {
        queued(2).await;
        go_on.send(()).expect("the writer waits");
    };
    let all = async { tokio::join!(house.actions.revoke_key(&by, id), store, go_on) };
    let (revoked, stored, ()) = house.runtime.block_on(all);
    revoked.expect("the key is revoked");
    assert!(matches!(stored, Err(Refusal::InvalidAccess)), "{stored:?}");
}

#[test]
fn a_key_makes_none_that_may_do_more() {
    let house = House::new();
    let some = Permissions::of(&[Scope::Keys, Scope::EventsRead, Scope::EventsDeduct]);
    let (_, maker) = house.made(&house.command_line(), NewKey { permissions: some, ..unbounded() });
    let maker = house.actor(&maker);
    for scope in Scope::ALL {
        let made = house.make(&maker, NewKey { permissions: Permissions::of(&[scope]), ..unbounded() });
        match made {
            Ok(_) => assert!(some.holds(scope), "{scope}"),
            Err(Refusal::NotPermitted(missing)) => assert!(missing == scope && !some.holds(scope), "{scope}"),
            Err(other) => panic!("{scope}: {other}"),
        }
    }
    let (_, reads) = house.made(&house.command_line(), NewKey { permissions: Permissions::READ_ONLY, ..unbounded() });
    let refused = house.make(&house.actor(&reads), NewKey { permissions: Permissions::READ_ONLY, ..unbounded() });
    assert!(matches!(refused, Err(Refusal::NotPermitted(Scope::Keys))), "{refused:?}");
}

#[test]
fn a_key_makes_none_that_lasts_longer_or_comes_from_more_networks() {
    let house = House::new();
    let day = |text: &str| Some(text.parse().expect("a day"));
    let networks = |text: &str| text.parse::<Networks>().expect("networks");
    let bounds = NewKey { expires_on: day("2026-06-30"), networks: networks("192.0.2.0/24"), ..unbounded() };
    let (_, maker) = house.made(&house.command_line(), bounds);
    let maker = house.actor(&maker);
    for last in ["2026-07-01", "9999-12-31"] {
        let refused = house.make(&maker, NewKey { expires_on: day(last), ..unbounded() });
        assert!(matches!(refused, Err(Refusal::Key(KeyRefusal::Outlives { .. }))), "{refused:?}");
    }
    for wider in ["192.0.0.0/16", "0.0.0.0/0", "192.0.2.0/24,::/0", "198.51.100.1"] {
        let refused = house.make(&maker, NewKey { networks: networks(wider), ..unbounded() });
        assert!(matches!(refused, Err(Refusal::Key(KeyRefusal::MoreNetworks { .. }))), "{refused:?}");
    }
    // Left out, the bounds are the maker's own; narrower ones are taken.
    let (_, like) = house.made(&maker, unbounded());
    let narrow = NewKey { expires_on: day("2026-06-10"), networks: networks("192.0.2.8/29"), ..unbounded() };
    let (_, narrow) = house.made(&maker, narrow);
    let like = house.actor(&like);
    assert_eq!((like.expires_on, &like.networks), (maker.expires_on, &maker.networks));
    let outside = |key: &PlainKey, address: &str| matches!(house.actor_from(key, address), Err(Refusal::NotFromHere));
    assert!(outside(&narrow, "192.0.2.16") && !outside(&narrow, "192.0.2.15") && !outside(&narrow, "::ffff:192.0.2.9"));
}

#[test]
fn a_key_ends_with_the_key_that_it_was_made_with() {
    let house = House::new();
    let (first, admin) = house.made(&house.command_line(), unbounded());
    let (second, shop) = house.made(&house.actor(&admin), unbounded());
    let (_, till) = house.made(&house.actor(&shop), unbounded());
    let (_, other) = house.made(&house.command_line(), unbounded());
    assert!(house.works(&admin) && house.works(&shop) && house.works(&till) && house.works(&other));
    let shop_actor = house.actor(&shop);
    house.revoke(first);
    assert!(!house.works(&admin) && !house.works(&shop) && !house.works(&till), "what was made with it ends too");
    assert!(house.works(&other));
    // Who was let in before the revocation makes nothing after it.
    let late = house.make(&shop_actor, unbounded());
    assert!(matches!(late, Err(Refusal::InvalidAccess)), "{late:?}");
    let late = house.rotated(&house.command_line(), second, TimeDelta::zero());
    assert!(matches!(late, Err(Refusal::Key(KeyRefusal::Ended(KeyState::MakerEnded)))), "{late:?}");
}

#[test]
fn a_key_that_was_made_without_a_last_day_ends_on_its_makers() {
    let house = House::new();
    let bounded = NewKey { expires_on: Some("2026-06-01".parse().expect("a day")), ..unbounded() };
    let (_, admin) = house.made(&house.command_line(), bounded);
    let (_, shop) = house.made(&house.actor(&admin), unbounded());
    house.clock.set(at(23, 59));
    assert!(house.works(&admin) && house.works(&shop));
    house.clock.set(at(24, 0));
    assert!(!house.works(&admin) && !house.works(&shop));
}

#[test]
fn what_a_key_has_made_goes_on_under_its_successor_and_ends_with_that() {
    let house = House::new();
    let (first, admin) = house.made(&house.command_line(), unbounded());
    let (_, shop) = house.made(&house.actor(&admin), unbounded());
    let (second, next) = house.rotated(&house.command_line(), first, TimeDelta::hours(1)).expect("a successor");
    // What the old key makes in its time of grace does not go beyond it.
    let (_, late) = house.made(&house.actor(&admin), unbounded());
    assert!(house.works(&late));
    house.clock.set(at(9, 59));
    assert!(house.works(&admin) && house.works(&late));
    house.clock.set(at(10, 0));
    assert!(!house.works(&admin) && !house.works(&late));
    assert!(house.works(&next) && house.works(&shop));
    // However often the key is replaced.
    let (third, _) = house.rotated(&house.command_line(), second, TimeDelta::zero()).expect("a successor");
    assert!(house.works(&shop) && !house.works(&next));
    house.revoke(third);
    assert!(!house.works(&shop));
}

#[test]
fn revoking_a_replaced_key_ends_what_it_has_made_and_leaves_its_successor() {
    let house = House::new();
    let (first, admin) = house.made(&house.command_line(), unbounded());
    let (_, shop) = house.made(&house.actor(&admin), unbounded());
    let (_, next) = house.rotated(&house.command_line(), first, TimeDelta::hours(1)).expect("a successor");
    house.revoke(first);
    assert!(!house.works(&admin) && !house.works(&shop) && house.works(&next));
}

#[test]
fn a_key_can_not_put_itself_in_a_place_where_it_would_outlive_itself() {
    let house = House::new();
    let (first, admin) = house.made(&house.command_line(), unbounded());
    let (_, deputy) = house.made(&house.actor(&admin), unbounded());
    let (other_id, _) = house.made(&house.command_line(), unbounded());
    for acting in [&admin, &deputy] {
        let refused = house.rotated(&house.actor(acting), first, TimeDelta::hours(1));
        assert!(matches!(refused, Err(Refusal::Key(KeyRefusal::NeededByActor))), "{refused:?}");
    }
    // Another key's successor ends with the key that made it.
    let (_, successor) = house.rotated(&house.actor(&deputy), other_id, TimeDelta::zero()).expect("a successor");
    assert!(house.works(&successor));
    house.revoke(first);
    assert!(!house.works(&successor));
}

#[test]
fn the_rights_of_the_acting_key_bound_what_it_replaces() {
    let house = House::new();
    let (strong, _) = house.made(&house.command_line(), unbounded());
    let some = Permissions::of(&[Scope::Keys, Scope::EventsRead]);
    let weak = NewKey { permissions: some, expires_on: Some("2026-06-30".parse().expect("a day")), ..unbounded() };
    let (_, weak) = house.made(&house.command_line(), weak);
    let refused = house.rotated(&house.actor(&weak), strong, TimeDelta::zero());
    assert!(matches!(refused, Err(Refusal::NotPermitted(_))), "{refused:?}");
    let reads = NewKey { permissions: Permissions::of(&[Scope::EventsRead]), ..unbounded() };
    let (endless, _) = house.made(&house.command_line(), reads);
    let refused = house.rotated(&house.actor(&weak), endless, TimeDelta::zero());
    assert!(matches!(refused, Err(Refusal::Key(KeyRefusal::Outlives { .. }))), "{refused:?}");
    let of_ana = NewKey { username: Some("ana".parse().expect("a username")), ..unbounded() };
    let (_, of_ana) = house.made(&house.command_line(), of_ana);
    let refused = house.rotated(&house.actor(&of_ana), strong, TimeDelta::zero());
    assert!(matches!(refused, Err(Refusal::OfAnotherUsername)), "{refused:?}");
}

#[test]
fn a_long_line_of_makers_ends_somewhere() {
    let house = House::new();
    let mut actor = house.command_line();
    let mut made = 0;
    let refused = loop {
        match house.make(&actor, unbounded()) {
            Ok(key) => {
                made += 1;
                actor = house.actor(&key.plain.expect("a key that is shown"));
            }
            Err(refused) => break refused,
        }
    };
    assert!(made > 100 && matches!(refused, Refusal::InvalidAccess), "{made}: {refused}");
    assert!(matches!(actor.key, KeyRef::Stored(_)));
}

#[test]
fn sessions_and_streams_of_a_made_key_end_with_its_maker() {
    let server = quick().start();
    server.award(13, "2023-04-14", 15);
    let folder = server.folder();
    let (_, made) = (make_key(folder.path(), &[]), make_key(folder.path(), &[]));
    // As the page of the administration makes a key.
    server.sql().execute("UPDATE api_keys SET made_with = 1 WHERE id = 2", []).expect("a maker");
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(&made, "ana").status, 303);
    let mut listener = Listener::with(
        &server,
        "/leaderboard/1/live",
        &format!("Authorization: Bearer {made}\r\nApi-Username: ana\r\n"),
    );
    listener.data();
    // A replaced maker changes nothing for them.
    let next = rotate(folder.path(), &["1", "--grace", "0s"]);
    browser.page("/admin/events");
    assert_eq!((list(&server, &made).status, list(&server, &next).status), (200, 200));
    revoke(folder.path(), 3);
    listener.assert_end();
    assert_eq!(browser.get("/admin/events").header("Location"), Some("/admin/sign-in?to=%2Fadmin%2Fevents"));
    assert_eq!(list(&server, &made).status, 403);
}

#[test]
fn a_stream_ends_when_the_grace_of_its_key_is_over() {
    let server = quick().start();
    server.award(13, "2023-04-14", 15);
    let key = make_key(server.folder().path(), &[]);
    let mut listener =
        Listener::with(&server, "/leaderboard/1/live", &format!("Api-Key: {key}\r\nApi-Username: ana\r\n"));
    listener.data();
    rotate(server.folder().path(), &["1", "--grace", "1s"]);
    listener.assert_end();
    assert_eq!(list(&server, &key).status, 403);
}

#[test]
fn what_the_configured_key_has_made_works_while_one_is_configured() {
    let setup = Setup::new();
    let made = make_key(setup.folder(), &[]);
    let server = setup.start();
    server.sql().execute("UPDATE api_keys SET made_with = 0", []).expect("a maker");
    assert_eq!((list(&server, &made).status, list(&server, KEY).status), (200, 200));
    let server = Setup::in_folder(server.stop()).env("SCOREKEEPER_API_KEY", "another").start();
    assert_eq!((list(&server, &made).status, list(&server, "another").status), (200, 200));
    let server = Setup::in_folder(server.stop()).without_env("SCOREKEEPER_API_KEY").start();
    assert_eq!(list(&server, &made).status, 403);
}
