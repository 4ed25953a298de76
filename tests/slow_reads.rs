//! Promise: reading ends in time, however much there is to read, and whether the server is ready is answered beside it.
//!
//! These tests reach into the library: no request of the contract reads for ever.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use scorekeeper::domain::Clock;
use scorekeeper::store::{OpenMode, OpenOptions, Store, StoreError, WriterThread};
use tokio::runtime::Runtime;

/// More reads at once than there are connections.
const READS: usize = 12;

fn open(file: &Path) -> (Store, WriterThread, Runtime) {
    let clock = Clock::system(chrono_tz::UTC);
    let (store, writer) = Store::open(file, OpenOptions::new(OpenMode::Serve, clock)).expect("a new file");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    (store, writer, runtime.expect("a runtime"))
}

/// Reads for ever.
fn endless(connection: &Connection) -> Result<i64, StoreError> {
    const SELECT: &str =
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT count(*) FROM numbers";
    Ok(connection.query_row(SELECT, [], |row| row.get(0))?)
}

#[test]
fn reads_end_in_time_and_keep_nobody_from_asking_whether_the_server_is_ready() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (store, writer, runtime) = open(&folder.path().join("scores.db"));
    let began = Instant::now();
    let reads: Vec<_> = (0..READS)
        .map(|_| {
            let store = store.clone();
            runtime.spawn(async move { store.read(|connection| endless(connection)).await })
        })
        .collect();
    runtime.block_on(async {
        for _ in 0..20 {
            let asked = Instant::now();
            assert!(store.check().await.is_ok());
            assert!(asked.elapsed() < Duration::from_secs(2), "answered after {:?}", asked.elapsed());
        }
        assert!(reads.iter().all(|read| !read.is_finished()), "the reads were there all the time");
        for read in reads {
            let end = read.await.expect("no panic");
            assert!(matches!(end, Err(StoreError::TooSlow | StoreError::Overloaded)), "{end:?}");
        }
    });
    let took = began.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(8)).contains(&took), "the reads ended after {took:?}");
    // The connections are as good as before.
    let count = runtime.block_on(store.read(|connection| Ok(connection.query_row("SELECT 1", [], |row| row.get(0))?)));
    assert!(matches!(count, Ok(1)), "{count:?}");
    writer.stop();
}

#[test]
fn work_that_panics_ends_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (store, writer, runtime) = open(&folder.path().join("scores.db"));
    runtime.block_on(async {
        let written: Result<(), _> = store.write(|_| panic!("so says the test")).await;
        assert!(matches!(written, Err(StoreError::Panicked)), "{written:?}");
        let read: Result<(), _> = store.read(|_| panic!("so says the test")).await;
        assert!(matches!(read, Err(StoreError::Panicked)), "{read:?}");
        assert!(store.check().await.is_ok());
    });
    writer.stop();
    // A thread that has ended is noticed.
    let check = runtime.block_on(store.check());
    assert!(matches!(check, Err(StoreError::ThreadEnded(_))), "{check:?}");
}
