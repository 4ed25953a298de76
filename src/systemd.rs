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
        match tokio::time::timeout(patience, store.check()).await {
            Ok(Err(StoreError::ThreadEnded(name))) => {
                log::error!("the thread {name} has ended: systemd is not told that all is well")
            }
            Err(_) => log::error!("the check of the server takes too long: systemd is not told that all is well"),
            Ok(_) => tell(&[NotifyState::Watchdog]),
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("systemd can't be told how the server is: {error}");
    }
}
