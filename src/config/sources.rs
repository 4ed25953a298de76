//! Where values come from: a flag, which beats the environment, which beats the file, which beats the default.
//!
//! The file is `Rocket.toml`. Our settings stand in its table `[default.scorekeeper]`, or in the same table of the
//! active profile. Rocket's own settings are given in Rocket's own way.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use rocket::figment::providers::{Env, Format, Serialized, Toml};
use rocket::figment::value::{Dict, Value};
use rocket::figment::{Figment, Profile};

use super::forms::Form;
use super::row::{Setting, TABLE};
use super::{ConfigError, checks};

/// Settings of Rocket for which we have other defaults than Rocket. Rocket's file and variables can change them.
fn rocket_defaults() -> impl serde::Serialize {
    serde_json::json!({
        // Otherwise Rocket would take the client's address from a header that anyone can send.
        "ip_header": false,
        "ident": false,
        "cli_colors": false,
        "log_level": "off",
        // The grace is longer than any request waits for the database. Signals are handled by our own code (see the
        // server).
        "shutdown": { "ctrlc": false, "signals": [], "grace": 10, "mercy": 2 },
    })
}

/// The file and the variables of Rocket, in their order of precedence.
pub fn figment() -> Figment {
    let file = std::env::var_os("ROCKET_CONFIG").unwrap_or_else(|| "Rocket.toml".into());
    Figment::from(rocket::Config::default())
        .select(Profile::from_env_or("ROCKET_PROFILE", rocket::Config::DEFAULT_PROFILE))
        .merge(Serialized::defaults(rocket_defaults()))
        .merge(Toml::file(file).nested())
        .merge(Env::prefixed("ROCKET_").ignore(&["PROFILE", "CONFIG"]).global())
}

/// Where the server of these settings listens, as Rocket's own settings say.
///
/// # Errors
/// Rocket can't read its settings.
pub fn address(figment: &Figment) -> Result<SocketAddr, ConfigError> {
    let config: rocket::Config = figment.extract().map_err(|error| ConfigError::rocket(figment, &error))?;
    Ok(SocketAddr::new(config.address, config.port))
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag(&'static str),
    /// An environment variable.
    Environment(String),
    /// The file of settings.
    File(PathBuf),
    /// Nothing was given, so the default counts.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(flag) => write!(f, "flag {flag}"),
            Origin::Environment(variable) => write!(f, "environment {variable}"),
            Origin::File(file) => write!(f, "file {}", file.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// All values that were given, not yet read.
pub(super) struct Sources<'f> {
    figment: &'f Figment,
    /// What `--database` says: the only setting that has a flag.
    flag: Option<PathBuf>,
    file: Dict,
}

impl Sources<'_> {
    /// Opens the file. Every line of it has to make sense, also a line that another source beats.
    pub fn open(figment: &Figment, flag: Option<PathBuf>) -> Result<Sources<'_>, ConfigError> {
        checks::variables(std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()))?;
        checks::chosen_file(std::env::var_os("ROCKET_CONFIG"))?;
        checks::profile(std::env::var("ROCKET_PROFILE").ok().as_deref())?;
        figment.extract::<rocket::Config>().map_err(|error| ConfigError::rocket(figment, &error))?;
        checks::tables(figment)?;
        let file: Dict = if figment.contains(TABLE) {
            figment.extract_inner(TABLE).map_err(|error| ConfigError::rocket(figment, &error))?
        } else {
            Dict::new()
        };
        Ok(Sources { figment, flag, file })
    }

    /// What the flag says, as it was given.
    pub fn into_flag(self) -> Option<PathBuf> {
        self.flag
    }

    /// The value of a setting that has a default.
    pub fn required<T>(&self, setting: &Setting, form: &Form<T>, default: &str) -> Result<T, ConfigError> {
        let given = self.given(setting)?.map_or_else(|| default.to_owned(), |(text, _)| text);
        form.parse(&given).map_err(|hint| ConfigError::value(setting, &given, hint))
    }

    /// The value of a setting that has no default.
    pub fn optional<T>(&self, setting: &Setting, form: &Form<T>) -> Result<Option<T>, ConfigError> {
        let Some((given, _)) = self.given(setting)? else { return Ok(None) };
        form.parse(&given).map(Some).map_err(|hint| ConfigError::value(setting, &given, hint))
    }

    /// A value as text, and where it comes from; `None` if the setting is left to its default. A variable is always text:
    /// a key of digits alone is a key, not a number.
    pub fn given(&self, setting: &Setting) -> Result<Option<(String, Origin)>, ConfigError> {
        let refused = |value: &str| Err(ConfigError::value(setting, value, ""));
        if setting.key == "database"
            && let Some(flag) = &self.flag
        {
            return Ok(Some((flag.to_string_lossy().into_owned(), Origin::Flag("--database"))));
        }
        let variable = setting.variable();
        match std::env::var(&variable) {
            Ok(value) => return Ok(Some((value, Origin::Environment(variable)))),
            Err(std::env::VarError::NotPresent) => {}
            Err(std::env::VarError::NotUnicode(value)) => return refused(&value.to_string_lossy()),
        }
        let Some(value) = self.file.get(setting.key) else { return Ok(None) };
        let text = match value {
            Value::String(_, text) => text.clone(),
            Value::Num(_, number) => match (number.to_i128(), number.to_f64()) {
                (Some(whole), _) => whole.to_string(),
                (None, Some(fraction)) => fraction.to_string(),
                (None, None) => return refused("a number"),
            },
            Value::Bool(_, flag) => flag.to_string(),
            Value::Char(_, character) => character.to_string(),
            Value::Empty(..) => return Ok(None),
            Value::Dict(..) => return refused("a table"),
            Value::Array(_, items) if setting.list => match items.iter().map(Value::as_str).collect::<Option<Vec<_>>>()
            {
                Some(items) => items.join(", "),
                None => return refused("a list of other values than texts"),
            },
            Value::Array(..) => return refused("an array"),
        };
        Ok(Some((text, self.origin(value))))
    }

    /// Where a value of the file's table comes from. A variable of Rocket's can set the table as well.
    fn origin(&self, value: &Value) -> Origin {
        let metadata = self.figment.get_metadata(value.tag());
        match metadata.and_then(|metadata| metadata.source.as_ref()?.file_path()) {
            Some(file) => Origin::File(file.to_owned()),
            None => Origin::Environment(format!("ROCKET_{}", TABLE.to_uppercase())),
        }
    }
}
