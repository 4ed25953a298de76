//! A model of the writer and the follower, in many orders: the writer's own loop and its telling, the queue of facts, and what
//! decides which snapshot is used and which facts are taken (`progress`), with the refresh in a few lines (`model/follower.rs`).
//!
//! The file holds one number, to which each commit adds another power of 16; memory holds that number once for each window. So
//! a change that is lost, or that is added twice, shows in the sum. A view must hold exactly the transactions up to the one that
//! it says.

mod follower;
mod server;
mod world;

use self::server::Server;
use self::world::{FOREIGN, Fault};
use crate::interleavings::{Explored, explore};

/// A period is asked for while commits go on.
fn a_period_is_asked_for(may_give_up: bool, fault: Fault) {
    let (server, writer, follower) = Server::start(may_give_up, fault);
    let first = server.submit(1);
    server.ask_for(1);
    first.take();
    let second = server.submit(16);
    second.take();
    server.end(writer, follower);
}

/// Somebody stores something while a refresh goes on, and wants to see it.
fn who_has_stored_looks(fault: Fault) {
    let (server, writer, follower) = Server::start(false, fault);
    server.commit(1);
    server.commit(16);
    assert!(server.view_now() & 16 != 0, "what was confirmed does not show");
    server.end(writer, follower);
}

/// Another process commits, and somebody wants to see it.
fn another_process_commits(fault: Fault) {
    let (server, writer, follower) = Server::start(false, fault);
    let mut seen = 0;
    let own = server.submit(1);
    server.commit_elsewhere();
    for _ in 0..2 {
        if server.shows_all_of_others(&mut seen) {
            assert!(server.view() & FOREIGN != 0, "what another process has committed does not show");
        }
        server.flush();
    }
    own.take();
    server.end(writer, follower);
}

type Model = fn(Fault);

/// The models, with their names.
const MODELS: [(&str, Model); 4] = [
    ("a period is asked for", |fault| a_period_is_asked_for(false, fault)),
    ("a period is asked for, and a snapshot is given up", |fault| a_period_is_asked_for(true, fault)),
    ("who has stored looks", who_has_stored_looks),
    ("another process commits", another_process_commits),
];

/// Runs a model in all orders.
fn explored((name, model): (&str, Model), fault: Fault) -> Explored {
    let explored = explore(1, move || model(fault));
    println!("{name}, {fault:?}: {explored:?}");
    explored
}

#[test]
fn views_hold_what_they_say_and_what_was_confirmed() {
    for model in MODELS {
        let explored = explored(model, Fault::None);
        assert!(matches!(explored, Explored::Holds(_)), "{}: {explored:?}", model.0);
    }
}

#[test]
fn faults_that_are_put_back_are_found() {
    for (fault, model, shows_as) in [
        (Fault::SnapshotsWithoutNumbers, 1, "does not hold what it says"),
        (Fault::HoldsAllThatIsTold, 0, "does not hold what it says"),
        (Fault::HoldsNothingNew, 0, "does not hold what it says"),
        (Fault::SnapshotsBesideTheWriter, 0, "does not hold what it says"),
        (Fault::WakesByAnEarlierLook, 0, "deadlock"),
        (Fault::AnswersFirst, 2, "confirmed does not show"),
        (Fault::AnswersWhoCameLater, 2, "confirmed does not show"),
        (Fault::CoversWhatIsUnread, 3, "another process has committed does not show"),
    ] {
        let explored = explored(MODELS[model], fault);
        assert!(matches!(&explored, Explored::Fails(what) if what.contains(shows_as)), "{fault:?}: {explored:?}");
    }
}
