//! Why settings are refused.

use rocket::figment::Figment;

use super::row::Setting;

/// A setting that can't be used. Its display is the one line that stops the start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The value of a key is not of the accepted form.
    #[error("setting {key}: {value} is not accepted; give {accepted}{hint}")]
    Value {
        /// The key.
        key: String,
        /// The value as it was given, or a word in its place if it is a secret.
        value: String,
        /// The form that would be accepted.
        accepted: &'static str,
        /// What was meant, if that can be guessed; else empty.
        hint: &'static str,
    },
    /// There is no setting of that name, so it would have no effect.
    #[error("{name} is unknown; {meant}")]
    Unknown {
        /// The key or the variable.
        name: String,
        /// What was meant, or all names that there are.
        meant: String,
    },
    /// The setting stands in a place where it would have no effect.
    #[error("{found} has no effect; {meant}")]
    Misplaced {
        /// The setting, and where it stands.
        found: String,
        /// What was meant.
        meant: String,
    },
    /// A setting of Rocket, or the file itself, can't be read.
    #[error("{0}")]
    Rocket(String),
}

impl ConfigError {
    /// The refusal of `value` for a setting.
    pub(super) fn value(setting: &Setting, value: &str, hint: &'static str) -> ConfigError {
        let value = if setting.secret { "the value given (not shown)".to_owned() } else { format!("{value:?}") };
        ConfigError::Value { key: setting.key.to_owned(), value, accepted: setting.accepted, hint }
    }

    /// The refusal of what Rocket or the parser of its file can't read. Figment lists several faults; the first says
    /// enough.
    pub(super) fn rocket(figment: &Figment, error: &rocket::figment::Error) -> ConfigError {
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
}
