//! Settings, typed and checked once at the start.
//!
//! Each setting is one row of the list in this file. The field of [`Settings`], the reader, the sentence of a refusal
//! and what `scorekeeper settings` shows are all made from this row, and the documents are tested against it.
//! `sources` tells where values come from, and which source beats which.

#[macro_use]
mod row;
mod checks;
mod error;
mod forms;
mod sources;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use ipnet::IpNet;
use rocket::figment::Figment;

pub use error::ConfigError;
pub use forms::LogFormat;
pub use row::Setting;
pub use sources::{Origin, address, figment};

use crate::domain::{Origins, PathPrefix, PlainKey, Ranking, ServerAddress, WebhookSecret};
use crate::jobs::{BackupPlan, Schedule};
use forms::{
    ADDRESS, BASE_PATH, COUNT, COUNT_FROM_1, FILE, FLAG, KEY, LOG_FORMAT, NETWORKS, ORIGINS, RANKING, SECRET, SERVER,
    SPAN, TIME_ZONE,
};
use sources::Sources;

settings! {
    /// The SQLite file; it and its folder are created if missing.
    database: PathBuf = FILE, default "scorekeeper.db";
    /// An all-users key beside the stored ones, for deployments that are configured by environment.
    api_key: Option<PlainKey> = KEY, secret true;
    /// Decides which day is today: an IANA name such as `Europe/Berlin`.
    time_zone: Tz = TIME_ZONE, default "UTC";
    /// How often today's scores are rebuilt from the events.
    today_every: Duration = SPAN, default "1h";
    /// How often the scores of the last `recent_days` days are rebuilt.
    recent_every: Duration = SPAN, default "24h";
    /// How many days are recent.
    recent_days: u32 = COUNT, default "10";
    /// The longest that a leaderboard may lag behind a committed change.
    standings_every: Duration = SPAN, default "1s";
    /// How many megabytes leaderboards may take in memory; those asked for longest ago are let go, and built again when asked for.
    standings_memory: u32 = COUNT_FROM_1, default "256";
    /// How equal scores are counted in `position`: `dense_rank`, `rank` or `row_number`.
    ranking: Ranking = RANKING, default "dense_rank";
    /// How many recalculations the server accepts over HTTP in 24 hours.
    recalculations_per_day: u32 = COUNT, default "5";
    /// How many API requests with a key the server answers in 60 seconds; 0 is no limit (Discourse has 60).
    requests_per_minute: u32 = COUNT, default "0";
    /// How many wrong keys one client address (of IPv6: one /64) may send in 60 seconds before it is told to wait; 0 is no limit.
    failed_keys_per_minute: u32 = COUNT, default "10";
    /// `false`: reading scores, leaderboards and pictures needs a key too.
    public: bool = FLAG, default "true";
    /// `true`: a user's page shows everyone what points were for, and not only those who may read events.
    public_descriptions: bool = FLAG, default "false";
    /// The path under which a proxy shows the server, such as `/points`; the proxy may take it away or pass it on.
    base_path: Option<PathPrefix> = BASE_PATH;
    /// Sites whose pages may read public scores and leaderboards from a browser, and show `/embed` in a frame; `*` is any.
    origins: Option<Origins> = ORIGINS;
    /// How many connections may be open; fewer if the limit of descriptors leaves fewer.
    max_connections: u32 = COUNT_FROM_1, default "4096";
    /// How long the head of a request may take to arrive, from its first byte.
    header_timeout: Duration = SPAN, default "10s";
    /// How long the whole body of a request may take to arrive.
    body_timeout: Duration = SPAN, default "30s";
    /// How long a connection may be silent, a new one too.
    idle_timeout: Duration = SPAN, default "75s";
    /// How long a client may take nothing of its reply.
    stall_timeout: Duration = SPAN, default "30s";
    /// The networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    trusted_proxies: Option<Vec<IpNet>> = NETWORKS;
    /// The certificate to speak TLS with: a file in PEM, read anew when it changes.
    tls_certificate: Option<PathBuf> = FILE;
    /// The private key of the certificate: a file in PEM.
    tls_key: Option<PathBuf> = FILE;
    /// A folder for backups by the clock, `scorekeeper-YYYYMMDDTHHMMSSZ.db`; none are made without it.
    backup_folder: Option<PathBuf> = FILE;
    /// The time between two backups.
    backup_every: Duration = SPAN, default "24h";
    /// How many backups stay: the newest. Other files in the folder are left alone.
    backup_keep: u32 = COUNT_FROM_1, default "7";
    /// Whether a start that writes tables anew, after an upgrade, copies the file before: `scorekeeper.db.before-V16`.
    backup_before_migration: bool = FLAG, default "true";
    /// Only read the database, which something else keeps current (`litestream restore -f`); the address of the server where changes are made.
    read_only_from: Option<ServerAddress> = SERVER;
    /// An address and port to serve `/metrics` on, without a key; without it `/metrics` is on the main port and needs a key.
    metrics_address: Option<SocketAddr> = ADDRESS;
    /// What Discourse signs its webhooks with; if it is not set, a secret can be made in the administration.
    discourse_secret: Option<WebhookSecret> = SECRET, secret true;
    /// A file to log to, beside stderr.
    log_file: Option<PathBuf> = FILE;
    /// The form of a log line: `text`, or `json` for one object a line.
    log_format: LogFormat = LOG_FORMAT, default "text";
}

impl Settings {
    /// Reads and checks every setting. `database` is the value of the flag `--database`.
    ///
    /// # Errors
    /// The first fault that is found, as one line.
    pub fn load(figment: &Figment, database: Option<PathBuf>) -> Result<Settings, ConfigError> {
        let sources = Sources::open(figment, database)?;
        let mut settings = Settings::read(&sources)?;
        // The name of a file on the command line need not be Unicode. Every other value has to be.
        if let Some(database) = sources.into_flag() {
            settings.database = database;
        }
        Ok(settings)
    }

    /// Where backups go and when they are made; `None`: none are made by the clock.
    pub fn backup_plan(&self) -> Option<BackupPlan> {
        let folder = self.backup_folder.clone()?;
        Some(BackupPlan { folder, every: self.backup_every, keep: self.backup_keep })
    }

    /// When scores are rebuilt by the clock.
    pub fn schedule(&self) -> Schedule {
        Schedule { today_every: self.today_every, recent_every: self.recent_every, recent_days: self.recent_days }
    }
}

/// The value of a setting as text, for a person to look at.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Which setting it is.
    pub setting: &'static Setting,
    /// The value that is in force; `None` if there is none.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Tells of each setting which value is in force and why. `database` is the value of the flag `--database`.
///
/// # Errors
/// What [`Settings::load`] would refuse.
pub fn explain(figment: &Figment, database: Option<PathBuf>) -> Result<Vec<Explained>, ConfigError> {
    let sources = Sources::open(figment, database)?;
    Settings::read(&sources)?;
    let explained = Settings::TABLE.iter().map(|setting| {
        let (value, origin) = match sources.given(setting)? {
            Some((value, origin)) => (Some(value), origin),
            None => (setting.default.map(str::to_owned), Origin::Default),
        };
        Ok(Explained { setting, value, origin })
    });
    explained.collect()
}
