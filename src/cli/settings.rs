//! `settings`: shows which settings are in force, and where each comes from.

use std::io::Write;
use std::path::PathBuf;

use rocket::figment::Figment;

use super::{Failure, table};
use crate::config::{self, Explained};

/// Prints a line for each setting. A secret is never shown. `database` is the value of the flag.
pub fn run(figment: &Figment, database: Option<PathBuf>) -> Result<(), Failure> {
    let explained = config::explain(figment, database).map_err(Failure::failed)?;
    let mut rows = vec![["SETTING", "VALUE", "COMES FROM"].map(str::to_owned)];
    rows.extend(explained.into_iter().map(|Explained { setting, value, origin }| {
        let value = match value {
            None => "(none)".to_owned(),
            Some(_) if setting.secret => "(set)".to_owned(),
            // Control characters are escaped, so that a line stays one line.
            Some(value) => value.chars().flat_map(printable).collect(),
        };
        [setting.key.to_owned(), value, origin.to_string()]
    }));
    std::io::stdout().write_all(table::columns(&rows).as_bytes()).map_err(Failure::failed)
}

/// The character as it is, or its escape if it controls a terminal.
fn printable(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = (!character.is_control()).then_some(character);
    escaped.into_iter().flatten().chain(plain)
}
