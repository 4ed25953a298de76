//! Finding users by the beginning of their names.

use rusqlite::{Connection, named_params};

use super::error::StoreError;
use crate::domain::{UserId, Username};

/// Users whose usernames begin with a given text, in the order of their names. They stand side by side in the unique
/// index of folded names.
pub fn by_beginning(connection: &Connection, beginning: &Username, limit: u32) -> Result<Vec<UserId>, StoreError> {
    const SELECT: &str = "
        SELECT id FROM users WHERE folded >= :first AND folded < :beyond ORDER BY folded LIMIT :limit";
    let first = beginning.folded();
    let beyond = format!("{first}{}", char::MAX);
    let mut statement = connection.prepare_cached(SELECT)?;
    let users =
        statement.query_map(named_params! { ":first": first, ":beyond": beyond, ":limit": limit }, |row| row.get(0))?;
    Ok(users.collect::<Result<_, _>>()?)
}
