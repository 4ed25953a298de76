//! The text of the metrics: what every part of the server counts, put together.
//!
//! Making it takes no lock that a request waits for: all of it is atomic numbers, and the sizes of files.

use std::sync::Arc;
use std::time::Instant;

use crate::actions::Actions;
use crate::domain::Timestamp;
use crate::front::Front;
use crate::jobs::Backups;
use crate::metrics::{Gauge, Text};
use crate::rollup::Rollup;
use crate::standings::Standings;
use crate::store::{Sizes, Store};
use crate::web::{Figures, WrongKeys};

/// Where the numbers come from.
pub(super) struct Sources {
    pub store: Store,
    pub actions: Arc<Actions>,
    pub rollup: Rollup,
    pub standings: Standings,
    pub requests: Arc<Figures>,
    pub wrong_keys: Arc<WrongKeys>,
    pub live: Arc<Gauge>,
    pub backups: Option<Backups>,
    pub front: Arc<Front>,
    /// When the server began.
    pub began: Instant,
}

impl Sources {
    /// The text as it is now.
    pub fn text(&self) -> String {
        let mut text = Text::default();
        self.about_process(&mut text);
        self.requests.write(&mut text);
        self.about_connections(&mut text);
        self.about_store(&mut text);
        self.about_scores(&mut text);
        self.about_backups(&mut text);
        text.finish()
    }

    fn about_process(&self, text: &mut Text) {
        text.gauges("scorekeeper_build_info", "1, with the version of the program.");
        text.sample("scorekeeper_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
        text.gauge("scorekeeper_uptime_seconds", "Time since the start.", self.began.elapsed().as_secs_f64());
        let ready = f64::from(u8::from(self.store.seems_well()));
        text.gauge("scorekeeper_ready", "1 if the server can do its work, as /health/ready tells, else 0.", ready);
        let follows = f64::from(u8::from(self.store.changes_at().is_some()));
        text.gauge(
            "scorekeeper_follower",
            "1 if the server only reads what something else keeps current, else 0.",
            follows,
        );
        if let Some(at) = self.store.followed_until() {
            const CHANGED: &str = "scorekeeper_followed_timestamp_seconds";
            text.gauge(CHANGED, "When something was last applied to the database that is followed.", at.as_secs_f64());
        }
    }

    fn about_connections(&self, text: &mut Text) {
        let open = self.front.open() as f64;
        text.gauge("scorekeeper_connections_open", "Connections that are open.", open);
        const CUT: &str = "scorekeeper_connections_cut_off_total";
        text.counters(CUT, "Clients whose connection was ended before they had wished it, by reason.");
        for (reason, count) in self.front.figures().by_reason() {
            text.sample(CUT, &[("reason", reason)], count as f64);
        }
        let live = self.live.get() as f64;
        text.gauge("scorekeeper_live_listeners", "Live streams of leaderboards that are open.", live);
        let wrong = self.wrong_keys.total();
        text.counter("scorekeeper_wrong_keys_total", "Keys that were sent and that nobody has made.", wrong);
    }

    fn about_store(&self, text: &mut Text) {
        let figures = self.store.figures();
        let waiting = self.store.writer().waiting() as f64;
        text.gauge("scorekeeper_write_queue_length", "Writes that wait for their transaction.", waiting);
        text.counter("scorekeeper_commits_total", "Transactions that were committed.", figures.commits.get());
        let failed = figures.failed_commits.get();
        text.counter("scorekeeper_commits_failed_total", "Transactions that could not be committed.", failed);
        const SECONDS: &str = "scorekeeper_commit_duration_seconds";
        text.histograms(SECONDS, "Time from the beginning of a transaction until it was safe on the disk.");
        text.histogram(SECONDS, &[], &figures.commit_seconds);
        const EVENTS: &str = "scorekeeper_commit_events";
        text.histograms(EVENTS, "Events stored by each transaction that stored any.");
        text.histogram(EVENTS, &[], &figures.commit_events);
        let stored = figures.events_stored.get();
        text.counter("scorekeeper_events_stored_total", "Events that were stored.", stored);
        let became = self.actions.figures();
        let refused = became.refused.get();
        text.counter("scorekeeper_events_refused_total", "Events that were refused by a rule.", refused);
        let replayed = became.replayed.get();
        text.counter("scorekeeper_events_replayed_total", "Events of requests that were repeated.", replayed);
        let Sizes { database, log, free } = self.store.sizes();
        text.gauge("scorekeeper_database_bytes", "Size of the database.", database as f64);
        text.gauge("scorekeeper_database_log_bytes", "Size of the write-ahead log beside it.", log as f64);
        if let Some(free) = free {
            text.gauge("scorekeeper_disk_free_bytes", "Space that is left on the disk of the database.", free as f64);
        }
    }

    fn about_scores(&self, text: &mut Text) {
        let age = self.standings.age().as_secs_f64();
        text.gauge(
            "scorekeeper_standings_age_seconds",
            "Time since the leaderboards last showed all that was committed.",
            age,
        );
        let figures = self.rollup.figures();
        text.counter("scorekeeper_rollup_runs_total", "Rebuilds of scores that came to their end.", figures.runs.get());
        let failures = figures.failures.get();
        text.counter("scorekeeper_rollup_failures_total", "Rebuilds of scores that met a fault.", failures);
        text.counter(
            "scorekeeper_rollup_differences_total",
            "Scores that were not the sums of their events, and are right now.",
            figures.differences.get(),
        );
    }

    fn about_backups(&self, text: &mut Text) {
        let Some(backups) = &self.backups else { return };
        if let Some(at) = backups.newest_at() {
            text.gauge("scorekeeper_backup_last_timestamp_seconds", "When the newest backup was made.", seconds(at));
        }
        let failures = backups.failures();
        text.counter("scorekeeper_backup_failures_total", "Backups by the clock that failed.", failures);
    }
}

/// A moment in seconds since 1970.
fn seconds(at: Timestamp) -> f64 {
    at.millis() as f64 / 1000.0
}
