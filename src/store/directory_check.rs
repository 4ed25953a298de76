//! What other programs have written of users, groups and leaderboards that can't be read, or can't be so. All else goes on
//! without it, so somebody has to be told.

use rusqlite::Connection;

use super::error::StoreError;
use super::leaderboards;
use crate::domain::LeaderboardId;

/// The first layout with users, groups and leaderboards.
pub(super) const LAYOUT_OF_BOARDS: i64 = 6;

/// Hands a line for each fault to `tell`.
pub(super) fn find(connection: &Connection, mut tell: impl FnMut(String)) -> Result<(), StoreError> {
    const MEMBERS: &str = "
        SELECT group_id, user_id FROM group_members WHERE user_id < 1 OR user_id > 2147483647 ORDER BY 1, 2";
    let mut statement = connection.prepare(MEMBERS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (group, member): (i64, i64) = (row.get(0)?, row.get(1)?);
        tell(format!("group {group} has the member {member}, which can be no user and is left out"));
    }
    const NAMES: &str = "
        SELECT 'user', id, 'username', username FROM users UNION ALL
        SELECT 'user', id, 'name', name FROM users UNION ALL
        SELECT 'user', id, 'avatar_template', avatar_template FROM users UNION ALL
        SELECT 'group', id, 'name', name FROM groups";
    let mut statement = connection.prepare(NAMES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if row.get_ref(3)?.as_bytes_or_null().is_ok_and(|bytes| bytes.is_none_or(is_text)) {
            continue;
        }
        let (kind, id, column): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        tell(format!("{kind} {id} has a {column} that is not UTF-8"));
    }
    for leaderboards::Unreadable { id: LeaderboardId(id), column } in leaderboards::all(connection)?.1 {
        tell(format!("leaderboard {id} has a {column} that can't be read, and is left out"));
    }
    Ok(())
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok()
}
