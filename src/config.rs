//! Settings, typed and checked once at the start.
//!
//! They come from `Rocket.toml` (`[default.scorekeeper]`, or the section of the active profile), then from variables
//! `SCOREKEEPER_<KEY>`, then from flags; each beats the one before. Rocket's own settings keep their ways.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono_tz::Tz;
use rocket::figment::providers::{Env, Format, Serialized, Toml};
use rocket::figment::value::{Dict, Value};
use rocket::figment::{Figment, Profile};

use crate::domain::{PlainKey, Ranking};
use crate::rollup::Schedule;

/// Where log lines go beside stderr, and in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// A file that is appended to.
    pub file: Option<PathBuf>,
    /// The form of a line.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<LogFormat, ()> {
        match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(()),
        }
    }
}

/// Every setting of scorekeeper.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The SQLite file.
    pub database: PathBuf,
    /// An all-users key beside the stored ones.
    pub api_key: Option<PlainKey>,
    /// Decides what today is.
    pub time_zone: Tz,
    /// When scores are rebuilt.
    pub schedule: Schedule,
    /// The longest that a leaderboard may lag behind a committed change.
    pub standings_every: Duration,
    /// How positions are counted.
    pub ranking: Ranking,
    /// Recalculations within 24 hours.
    pub recalculations_per_day: u32,
    /// Authenticated requests within 60 seconds; 0: any number.
    pub requests_per_minute: u32,
    /// Whether scores may be read without a key.
    pub public: bool,
    /// Logging.
    pub log: LogSettings,
}

/// A setting that can't be used. Its display is the one line that stops the start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The value of a key is not of the accepted form.
    #[error("setting {key}: {value} is not accepted; give {accepted}")]
    Value {
        /// The key.
        key: String,
        /// The value as it was given, or a word in its place if it is a secret.
        value: String,
        /// The form that would do.
        accepted: &'static str,
    },
    /// There is no such key.
    #[error("setting {key} is unknown; the settings are {known}")]
    Unknown {
        /// The key.
        key: String,
        /// All keys.
        known: String,
    },
    /// A setting of Rocket, or the file itself, can't be read.
    #[error("{0}")]
    Rocket(String),
}

/// The keys, in the order of the documentation.
const KEYS: [&str; 13] = [
    "database",
    "api_key",
    "time_zone",
    "today_every",
    "recent_every",
    "recent_days",
    "standings_every",
    "ranking",
    "recalculations_per_day",
    "requests_per_minute",
    "public",
    "log_file",
    "log_format",
];

/// The longest span between two runs of a timer.
const SPAN_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// Settings of Rocket that differ from its own defaults; its file and variables may set them otherwise.
fn rocket_defaults() -> impl serde::Serialize {
    serde_json::json!({
        // A header that anyone can send would otherwise be believed to name the client.
        "ip_header": false,
        "ident": false,
        "cli_colors": false,
        "log_level": "off",
        // Above the longest that a request waits for the database. Signals are ours (see the server).
        "shutdown": { "ctrlc": false, "signals": [], "grace": 10, "mercy": 2 },
    })
}

/// The sources of settings, in their order of precedence.
pub fn figment() -> Figment {
    let file = std::env::var("ROCKET_CONFIG").unwrap_or_else(|_| "Rocket.toml".to_owned());
    Figment::from(rocket::Config::default())
        .select(Profile::from_env_or("ROCKET_PROFILE", rocket::Config::DEFAULT_PROFILE))
        .merge(Serialized::defaults(rocket_defaults()))
        .merge(Toml::file(file).nested())
        .merge(Env::prefixed("ROCKET_").ignore(&["PROFILE", "CONFIG"]).global())
}

impl Settings {
    /// Reads and checks every setting. `database` is the flag's value.
    pub fn load(figment: &Figment, database: Option<PathBuf>) -> Result<Settings, ConfigError> {
        // One faulty value in the file must not hide behind another's absence: reading all of it comes first.
        figment.extract::<rocket::Config>().map_err(|error| rocket_fault(figment, &error))?;
        let file: Dict = if figment.contains("scorekeeper") {
            figment.extract_inner("scorekeeper").map_err(|error| rocket_fault(figment, &error))?
        } else {
            Dict::new()
        };
        let known = || KEYS.join(", ");
        if let Some(key) = file.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(ConfigError::Unknown { key: key.clone(), known: known() });
        }
        let source = Source { file };
        Settings::read(&source, database)
    }

    fn read(source: &Source, database: Option<PathBuf>) -> Result<Settings, ConfigError> {
        const SPAN: &str = "a time such as \"1h\" or \"30s\", longer than 0 and at most 366 days";
        let span = |key, default| {
            let read = |text: &str| {
                humantime::parse_duration(text).ok().filter(|span| (1..=SPAN_MAX.as_nanos()).contains(&span.as_nanos()))
            };
            source.get(key, default, SPAN, read)
        };
        let count = |key, default| {
            source.get(key, default, "a whole number from 0 to 4294967295", |text| text.parse::<u32>().ok())
        };
        const PATH: &str = "the name of a file";
        let path = |text: &str| (!text.trim().is_empty()).then(|| PathBuf::from(text));
        Ok(Settings {
            database: match database {
                Some(database) => database,
                None => source.get("database", "scorekeeper.db", PATH, path)?,
            },
            api_key: source.get_optional("api_key", "a key of 1 to 255 visible ASCII characters", |text| {
                let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
                (visible && (1..=255).contains(&text.len())).then(|| PlainKey::received(text))
            })?,
            time_zone: source
                .get("time_zone", "UTC", "an IANA name such as \"Europe/Berlin\"", |text| text.parse::<Tz>().ok())?,
            schedule: Schedule {
                today_every: span("today_every", "1h")?,
                recent_every: span("recent_every", "24h")?,
                recent_days: count("recent_days", "10")?,
            },
            standings_every: span("standings_every", "1s")?,
            ranking: source.get("ranking", "dense_rank", "dense_rank, rank or row_number", |text| text.parse().ok())?,
            recalculations_per_day: count("recalculations_per_day", "5")?,
            requests_per_minute: count("requests_per_minute", "0")?,
            public: source.get("public", "true", "true or false", |text| text.parse::<bool>().ok())?,
            log: LogSettings {
                file: source.get_optional("log_file", PATH, path)?,
                format: source.get("log_format", "text", "text or json", |text| text.parse().ok())?,
            },
        })
    }
}

/// Values by key: the environment's, else the file's.
struct Source {
    file: Dict,
}

impl Source {
    fn get<T>(
        &self,
        key: &str,
        default: &str,
        accepted: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let given = self.text(key, accepted)?.unwrap_or_else(|| default.to_owned());
        read(&given).ok_or_else(|| fault(key, &given, accepted))
    }

    fn get_optional<T>(
        &self,
        key: &str,
        accepted: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        match self.text(key, accepted)? {
            Some(given) => read(&given).map(Some).ok_or_else(|| fault(key, &given, accepted)),
            None => Ok(None),
        }
    }

    /// A value as text. A variable is always text: a key of digits alone is a key, not a number.
    fn text(&self, key: &str, accepted: &'static str) -> Result<Option<String>, ConfigError> {
        match std::env::var(format!("SCOREKEEPER_{}", key.to_uppercase())) {
            Ok(value) => return Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => {}
            Err(std::env::VarError::NotUnicode(value)) => {
                return Err(fault(key, &value.to_string_lossy(), accepted));
            }
        }
        match self.file.get(key) {
            None => Ok(None),
            Some(Value::String(_, text)) => Ok(Some(text.clone())),
            Some(Value::Num(_, number)) => match (number.to_i128(), number.to_f64()) {
                (Some(whole), _) => Ok(Some(whole.to_string())),
                (None, Some(fraction)) => Ok(Some(fraction.to_string())),
                (None, None) => Err(fault(key, "a number", accepted)),
            },
            Some(Value::Bool(_, flag)) => Ok(Some(flag.to_string())),
            Some(Value::Char(_, character)) => Ok(Some(character.to_string())),
            Some(Value::Empty(..)) => Ok(None),
            Some(Value::Dict(..)) => Err(fault(key, "a table", accepted)),
            Some(Value::Array(..)) => Err(fault(key, "an array", accepted)),
        }
    }
}

fn fault(key: &str, value: &str, accepted: &'static str) -> ConfigError {
    let value = if key == "api_key" { "the value given (not shown)".to_owned() } else { format!("{value:?}") };
    ConfigError::Value { key: key.to_owned(), value, accepted }
}

/// A setting of Rocket that can't be read. Figment lists several faults; the first says enough.
fn rocket_fault(figment: &Figment, error: &rocket::figment::Error) -> ConfigError {
    let key = error.path.join(".").to_lowercase();
    let value = figment.find_value(&key).ok();
    let value =
        value.and_then(|value| value.as_str().map(str::to_owned).or_else(|| serde_json::to_string(&value).ok()));
    let kind = error.kind.to_string();
    let reason = kind.lines().next().unwrap_or_default();
    ConfigError::Rocket(match value {
        Some(value) => format!("setting {key}: {value:?} is not accepted by Rocket: {reason}"),
        None => format!("Rocket.toml or ROCKET_*: {}", error.to_string().lines().next().unwrap_or_default()),
    })
}
