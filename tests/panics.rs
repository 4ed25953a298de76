//! The promise: a defect costs its own request only, and is told apart from a database that can't be used right now.

use scorekeeper::domain::Clock;
use scorekeeper::store::{OpenMode, OpenOptions, Store, StoreError};

#[test]
fn work_that_panics_is_told_of_as_a_defect_and_the_next_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = OpenOptions::new(OpenMode::Create, Clock::system(chrono_tz::UTC));
    let (store, writer) = Store::open(&folder.path().join("scores.db"), options).expect("a store");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let written = store.write::<(), _>(|_| panic!("a defect in a write")).await;
        assert!(matches!(written, Err(StoreError::Panicked)), "{written:?}");
        let read = store.read::<(), _>(|_| panic!("a defect in a read")).await;
        assert!(matches!(read, Err(StoreError::Panicked)), "{read:?}");

        assert_eq!(store.write(|_| Ok(13)).await.expect("the writer goes on"), 13);
        assert_eq!(store.read(|_| Ok(14)).await.expect("readers go on"), 14);
    });
    drop(store);
    writer.stop();
}
