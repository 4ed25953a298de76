//! Users of the directory in an order of their own, a page at a time.

use rusqlite::{Connection, named_params};

use super::error::StoreError;
use crate::domain::UserId;

/// The users after a number, by number, at most `limit` of them. This goes along the primary key.
pub fn by_number(connection: &Connection, after: i64, limit: usize) -> Result<Vec<UserId>, StoreError> {
    const SELECT: &str = "SELECT id FROM users WHERE id > :after ORDER BY id LIMIT :limit";
    let mut statement = connection.prepare_cached(SELECT)?;
    let users = statement.query_map(named_params! { ":after": after, ":limit": limit as i64 }, |row| row.get(0))?;
    Ok(users.collect::<Result<_, _>>()?)
}

/// The users by username, those after the user of that number, at most `limit` of them. This goes along the unique index of
/// folded usernames. If there is no such user, the list begins anew.
pub fn by_username(connection: &Connection, after: i64, limit: usize) -> Result<Vec<UserId>, StoreError> {
    const SELECT: &str = "
        SELECT id FROM users
        WHERE folded > coalesce((SELECT folded FROM users WHERE id = :after), '')
        ORDER BY folded LIMIT :limit";
    let mut statement = connection.prepare_cached(SELECT)?;
    let users = statement.query_map(named_params! { ":after": after, ":limit": limit as i64 }, |row| row.get(0))?;
    Ok(users.collect::<Result<_, _>>()?)
}
