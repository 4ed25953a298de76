//! What the server tells systemd, if that has started it with `Type=notify`: that it serves, that it ends, and again and again
//! that it lives. Without systemd, nothing is told to anybody.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::store::{Store, StoreError};

/// Says that the server listens.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Says that the server finishes what is in flight.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Does what SIGHUP asks for, and says when it begins and when it is done.
pub fn reloading(reload: impl FnOnce()) {
    // systemd takes the message as an answer to its own only with the moment at which it was sent.
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
    reload();
    ready();
}

/// Says again and again that the server lives, if systemd wants to hear it (`WatchdogSec`). If it hears nothing for that
/// long, it starts the server anew. So nothing is said when a thread has ended or the check doesn't come to its end; a full disk,
/// or a file that was taken away, is no reason, since a start would not mend it.
pub async fn watch(store: Store) {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    // Twice within the time, so that one that is late costs nothing.
    let mut turns = tokio::time::interval((patience / 2).max(Duration::from_millis(1)));
    loop {
        turns.tick().await;
        if lives(&store, patience).await {
            tell(&[NotifyState::Watchdog]);
        }
    }
}

/// Whether the server lives: all its threads do, and the check comes to its end.
async fn lives(store: &Store, patience: Duration) -> bool {
    match tokio::time::timeout(patience, store.check()).await {
        Ok(Err(StoreError::ThreadEnded(name))) => {
            log::error!("the thread {name} has ended: systemd is not told that all is well");
            false
        }
        Err(_) => {
            log::error!("the check of the server takes too long: systemd is not told that all is well");
            false
        }
        Ok(_) => true,
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("systemd can't be told how the server is: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Clock;
    use crate::store::{OpenMode, OpenOptions};

    #[test]
    fn a_thread_that_has_ended_is_death_and_a_file_that_is_gone_is_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("scores.db");
        let options = OpenOptions::new(OpenMode::Create, Clock::system(chrono_tz::UTC));
        let (store, writer) = Store::open(&file, options).expect("a new database");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let lives = || runtime.block_on(lives(&store, Duration::from_secs(60)));
        let alive = store.register_thread("of a test");
        assert!(lives());
        std::fs::rename(&file, folder.path().join("away")).expect("it can be moved");
        assert!(lives(), "a start would not bring the file back");
        std::fs::rename(folder.path().join("away"), &file).expect("it can be moved back");
        drop(alive);
        assert!(!lives());
        writer.stop();
    }
}
