//! Refuses settings that would silently have no effect: a name that is written wrongly, a setting in a wrong place.

use std::ffi::OsString;
use std::path::Path;

use rocket::figment::value::{Dict, Value};
use rocket::figment::{Figment, Profile, Provider};

use super::forms::wrapping;
use super::row::{TABLE, VARIABLE_PREFIX};
use super::{ConfigError, Setting, Settings};

/// How many letters of a wrong name may differ from a right one, so that the right one is suggested.
const MISTAKES_MAX: usize = 3;

/// Profiles that are always there, beside the one that is active.
const PROFILES: [&str; 4] = ["default", "global", "debug", "release"];

/// Settings of Rocket that many people expect among our settings.
const OF_ROCKET: [&str; 3] = ["address", "port", "workers"];

/// Settings of Rocket that only its own listener heeds, with ours that do the same.
const OF_ROCKETS_LISTENER: [(&str, &str); 3] =
    [("tls", "tls_certificate and tls_key"), ("keep_alive", "idle_timeout"), ("ip_header", "trusted_proxies")];

/// Refuses an environment variable that looks like one of ours but is none.
pub(super) fn variables(mut names: impl Iterator<Item = String>) -> Result<(), ConfigError> {
    let is_wrong = |name: &String| {
        name.get(..VARIABLE_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(VARIABLE_PREFIX))
            && !Settings::TABLE.iter().any(|setting| setting.variable() == *name)
    };
    let Some(name) = names.find(is_wrong) else { return Ok(()) };
    let key = name[VARIABLE_PREFIX.len()..].to_lowercase();
    let meant = if OF_ROCKET.contains(&key.as_str()) {
        format!("did you mean ROCKET_{}?", key.to_uppercase())
    } else {
        match nearest(&key) {
            Some(setting) => format!("did you mean {}?", setting.variable()),
            None => format!("after {VARIABLE_PREFIX} comes one of {}", keys().to_uppercase()),
        }
    };
    Err(ConfigError::Unknown { name: format!("variable {name}"), meant })
}

/// Refuses a file of settings that was chosen but does not exist. The file is searched for as figment does it: in the
/// folder where the program is started, and in the folders above that one.
pub(super) fn chosen_file(chosen: Option<OsString>) -> Result<(), ConfigError> {
    let Some(chosen) = chosen else { return Ok(()) };
    let path = Path::new(&chosen);
    let here = std::env::current_dir().unwrap_or_default();
    // If the path is absolute, joining it to a folder gives the path itself.
    if here.ancestors().any(|folder| folder.join(path).is_file()) {
        return Ok(());
    }
    Err(ConfigError::Misplaced {
        found: format!("variable ROCKET_CONFIG: {path:?}"),
        meant: "there is no such file; give the name of one that exists".to_owned(),
    })
}

/// Refuses the name of a profile that no table can have.
pub(super) fn profile(name: Option<&str>) -> Result<(), ConfigError> {
    let Some(name) = name else { return Ok(()) };
    match wrapping(name) {
        "" => Ok(()),
        hint => Err(ConfigError::Misplaced {
            found: format!("variable ROCKET_PROFILE: {name:?}"),
            meant: format!("give the name of a profile{hint}"),
        }),
    }
}

/// Refuses settings that stand in a wrong table of any profile, and tables with wrong names.
pub(super) fn tables(figment: &Figment) -> Result<(), ConfigError> {
    let tables = figment.data().map_err(|error| ConfigError::rocket(figment, &error))?;
    for (profile, table) in &tables {
        table_name(profile, table, figment.profile())?;
        for (key, value) in table {
            in_profile(figment, profile, key, value)?;
        }
    }
    Ok(())
}

/// Refuses a table that no profile reads.
fn table_name(profile: &Profile, table: &Dict, active: &Profile) -> Result<(), ConfigError> {
    if profile == active || PROFILES.iter().any(|known| profile == known) {
        return Ok(());
    }
    let refused = |found: String, meant: &str| {
        Err(ConfigError::Misplaced { found, meant: format!("did you mean [{meant}.{TABLE}]?") })
    };
    let name = profile.as_str().as_str();
    if is_near(name, TABLE) {
        return refused(format!("table [{name}]"), "default");
    }
    // The table may be for a profile that is active at other times. But if its name differs only a little from a known
    // one, it is a mistake.
    match PROFILES.iter().find(|known| is_near(name, known)) {
        Some(known) if table.contains_key(TABLE) => refused(format!("table [{name}.{TABLE}]"), known),
        _ => Ok(()),
    }
}

/// Refuses an entry of a profile's table that belongs into our table, and entries of our table that are no settings.
fn in_profile(figment: &Figment, profile: &Profile, key: &str, value: &Value) -> Result<(), ConfigError> {
    let of_file = figment
        .get_metadata(value.tag())
        .is_some_and(|metadata| metadata.source.as_ref().is_some_and(|s| s.file_path().is_some()));
    let of_environment =
        figment.get_metadata(value.tag()).is_some_and(|metadata| metadata.name.contains("environment"));
    let found =
        if of_file { format!("{key} under [{profile}]") } else { format!("variable ROCKET_{}", key.to_uppercase()) };
    if key == TABLE {
        return match value.as_dict().and_then(|table| table.keys().find(|key| find(key).is_none())) {
            Some(unknown) => Err(ConfigError::Unknown { name: format!("setting {unknown}"), meant: meant_by(unknown) }),
            None => Ok(()),
        };
    }
    if let Some((_, ours)) = OF_ROCKETS_LISTENER.iter().find(|(theirs, _)| *theirs == key)
        && (of_file || of_environment)
    {
        let meant = format!("connections are scorekeeper's own; see {ours} under [default.{TABLE}]");
        return Err(ConfigError::Misplaced { found: format!("setting {found}"), meant });
    }
    if let Some(setting) = Settings::TABLE.iter().find(|setting| setting.key.eq_ignore_ascii_case(key)) {
        let meant = format!("put {} under [default.{TABLE}], or set {}", setting.key, setting.variable());
        return Err(ConfigError::Misplaced { found: format!("setting {found}"), meant });
    }
    if value.as_dict().is_some() && is_near(key, TABLE) {
        let found = format!("table [{profile}.{key}]");
        return Err(ConfigError::Misplaced { found, meant: format!("did you mean [{profile}.{TABLE}]?") });
    }
    Ok(())
}

fn find(key: &str) -> Option<&'static Setting> {
    Settings::TABLE.iter().find(|setting| setting.key == key)
}

/// The keys of all settings as a text, for a person to read.
fn keys() -> String {
    Settings::TABLE.iter().map(|setting| setting.key).collect::<Vec<_>>().join(", ")
}

fn meant_by(key: &str) -> String {
    match nearest(&key.to_lowercase()) {
        Some(setting) => format!("did you mean {}?", setting.key),
        None => format!("the settings are {}", keys()),
    }
}

/// The setting whose key is most like this one; `None` if no key is like it.
fn nearest(key: &str) -> Option<&'static Setting> {
    let by_distance = Settings::TABLE.iter().map(|setting| (distance(key, setting.key), setting));
    let (distance, setting) = by_distance.min_by_key(|(distance, _)| *distance)?;
    (distance <= MISTAKES_MAX && distance * 2 < setting.key.len()).then_some(setting)
}

fn is_near(name: &str, known: &str) -> bool {
    distance(&name.to_lowercase(), known) <= 2
}

fn distance(one: &str, other: &str) -> usize {
    strsim::damerau_levenshtein(one, other)
}
