//! Finding users by what they are called.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::StoreError;
use crate::domain::{UserId, Username};

/// The user of that name.
pub fn by_username(connection: &Connection, username: &Username) -> Result<Option<UserId>, StoreError> {
    // By the unique index of folded names.
    const SELECT: &str = "SELECT id FROM users WHERE folded = :folded";
    let mut statement = connection.prepare_cached(SELECT)?;
    Ok(statement.query_row(named_params! { ":folded": username.folded() }, |row| row.get(0)).optional()?)
}

/// Users whose names begin so, in the order of their names: a stretch of the same index.
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
