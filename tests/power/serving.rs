//! Power cuts while a server serves.

use std::sync::Arc;

use tempfile::TempDir;

use super::cuts::{bites, survive};
use super::ledger::Ledger;
use super::load::{Client, work};
use super::recording::Recording;
use crate::support::forum::SECRET;

#[test]
fn what_clients_were_answered_outlives_a_power_cut() {
    let mut recording = Recording::begin(Arc::new(TempDir::new().expect("a temporary folder")));
    let server = recording.serve(&[("SCOREKEEPER_DISCOURSE_SECRET", SECRET)]);
    let mut ledger = work(&server, "a", 14);
    // A clean end moves the log into the file. The next server begins a new log.
    server.stop();
    let server = recording.serve(&[("SCOREKEEPER_DISCOURSE_SECRET", SECRET)]);
    ledger.0.extend(work(&server, "b", 14).0);
    server.kill();
    let recorded = recording.end();
    survive("clients", &recorded, 320, &|folder, known| ledger.judge(folder, known));
    bites("clients", &recorded, 60, &|folder, known| ledger.judge(folder, known));
}

/// The log is moved into the file beside the writer once it is long.
#[test]
fn a_power_cut_during_a_checkpoint_under_load_loses_nothing() {
    let mut recording = Recording::begin(Arc::new(TempDir::new().expect("a temporary folder")));
    let server = recording.serve(&[]);
    let filler = "x".repeat(9_000);
    let mut clients: Vec<Client<'_>> = ["a", "b"].map(|name| Client::new(&server, name, 10)).into();
    std::thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(|| {
                for _ in 0..30 {
                    client.batch(70, &filler);
                    client.create("");
                }
            });
        }
    });
    let ledger = Ledger(clients.into_iter().flat_map(|client| client.changes).collect());
    server.stop();
    let recorded = recording.end();
    let is_written = |call: &super::calls::Call| {
        call.name == "pwrite64" && call.path(0).is_some_and(|path| path.ends_with("scores.db"))
    };
    let copied = recorded.calls.calls.iter().filter(|call| is_written(call)).count();
    assert!(copied > 4_000, "{copied} pages were written into the file: no checkpoint was met");
    survive("checkpoint", &recorded, 60, &|folder, known| ledger.judge(folder, known));
    bites("checkpoint", &recorded, 20, &|folder, known| ledger.judge(folder, known));
}
