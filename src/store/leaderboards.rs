//! The settings of leaderboards. The positions of users are not in this file.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::columns::GroupIds;
use super::error::StoreError;
use super::facts::DirectoryChange;
use super::write::Write;
use crate::domain::{Leaderboard, LeaderboardId, LeaderboardName, LeaderboardSettings};

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed<T> {
    /// It is done.
    Done(T),
    /// There is no such board.
    Unknown,
    /// Another board has that name.
    NameTaken,
}

/// The row of a board that another program has written, and that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The number of the board.
    pub id: LeaderboardId,
    /// The column that holds no value of its kind.
    pub column: String,
}

/// All boards that can be read, by number.
pub fn list(connection: &Connection) -> Result<Vec<Leaderboard>, StoreError> {
    all(connection).map(|(boards, _)| boards)
}

/// All boards that can be read, and those that can't, both by number.
pub fn all(connection: &Connection) -> Result<(Vec<Leaderboard>, Vec<Unreadable>), StoreError> {
    const SELECT: &str = "
        SELECT id, name, created_by_id, from_date, to_date, visible_to_groups_ids, included_groups_ids,
               excluded_groups_ids, default_period, updated_at, period_filter_disabled
        FROM leaderboards ORDER BY id";
    let mut statement = connection.prepare_cached(SELECT)?;
    let (mut boards, mut unreadable) = (Vec::new(), Vec::new());
    for row in statement.query_map([], readable)? {
        match row? {
            Ok(board) => boards.push(board),
            Err(fault) => unreadable.push(fault),
        }
    }
    Ok((boards, unreadable))
}

/// Boards by number, of those that can be read: at most `limit` that come after a number, and whether more follow.
pub fn page(connection: &Connection, after: i64, limit: usize) -> Result<(Vec<Leaderboard>, bool), StoreError> {
    // This walks along the primary key, and ends after the last row that is asked for.
    const SELECT: &str = "
        SELECT id, name, created_by_id, from_date, to_date, visible_to_groups_ids, included_groups_ids,
               excluded_groups_ids, default_period, updated_at, period_filter_disabled
        FROM leaderboards WHERE id > ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(SELECT)?;
    let rows = statement.query_map([after], readable)?;
    let boards = rows.filter_map(|row| row.map(Result::ok).transpose()).take(limit + 1);
    let mut boards = boards.collect::<Result<Vec<_>, _>>()?;
    let more = boards.len() > limit;
    boards.truncate(limit);
    Ok((boards, more))
}

/// The board of that number, if it can be read.
pub fn get(connection: &Connection, id: LeaderboardId) -> Result<Option<Leaderboard>, StoreError> {
    const SELECT: &str = "
        SELECT id, name, created_by_id, from_date, to_date, visible_to_groups_ids, included_groups_ids,
               excluded_groups_ids, default_period, updated_at, period_filter_disabled
        FROM leaderboards WHERE id = ?1";
    let found = connection.prepare_cached(SELECT)?.query_row([id], readable).optional()?;
    Ok(found.and_then(Result::ok))
}

/// Whether there is a board of that number, even one that can't be read.
pub fn exists(connection: &Connection, id: LeaderboardId) -> Result<bool, StoreError> {
    const SELECT: &str = "SELECT EXISTS (SELECT 1 FROM leaderboards WHERE id = ?1)";
    Ok(connection.prepare_cached(SELECT)?.query_row([id], |row| row.get(0))?)
}

/// Makes a board that ranks everyone over all days.
pub fn create(
    write: &Write<'_>,
    name: &LeaderboardName,
    created_by_id: i64,
) -> Result<Changed<Leaderboard>, StoreError> {
    if owner_of(write, name)?.is_some() {
        return Ok(Changed::NameTaken);
    }
    const INSERT: &str = "
        INSERT INTO leaderboards (name, folded, created_by_id, updated_at)
        VALUES (:name, :folded, :created_by_id, :now)
        RETURNING id, name, created_by_id, from_date, to_date, visible_to_groups_ids, included_groups_ids,
                  excluded_groups_ids, default_period, updated_at, period_filter_disabled";
    let board = write.connection.prepare_cached(INSERT)?.query_row(
        named_params! {
            ":name": name, ":folded": name.folded(), ":created_by_id": created_by_id, ":now": write.now,
        },
        leaderboard,
    )?;
    write.note_directory(DirectoryChange::Leaderboard { id: board.id, now: Some(board.clone()) });
    Ok(Changed::Done(board))
}

/// Replaces everything of a board except who made it.
pub fn update(
    write: &Write<'_>,
    id: LeaderboardId,
    settings: LeaderboardSettings,
) -> Result<Changed<Leaderboard>, StoreError> {
    if owner_of(write, &settings.name)?.is_some_and(|owner| owner != id) {
        return Ok(Changed::NameTaken);
    }
    const UPDATE: &str = "
        UPDATE leaderboards SET
            name = :name, folded = :folded, from_date = :from_date, to_date = :to_date,
            visible_to_groups_ids = :visible, included_groups_ids = :included, excluded_groups_ids = :excluded,
            default_period = :default_period, period_filter_disabled = :disabled, updated_at = :now
        WHERE id = :id
        RETURNING id, name, created_by_id, from_date, to_date, visible_to_groups_ids, included_groups_ids,
                  excluded_groups_ids, default_period, updated_at, period_filter_disabled";
    let parameters = named_params! {
        ":id": id,
        ":name": settings.name,
        ":folded": settings.name.folded(),
        ":from_date": settings.from_date,
        ":to_date": settings.to_date,
        ":visible": GroupIds(settings.visible_to_groups_ids),
        ":included": GroupIds(settings.included_groups_ids),
        ":excluded": GroupIds(settings.excluded_groups_ids),
        ":default_period": settings.default_period,
        ":disabled": settings.period_filter_disabled,
        ":now": write.now,
    };
    let board = write.connection.prepare_cached(UPDATE)?.query_row(parameters, leaderboard).optional()?;
    let Some(board) = board else { return Ok(Changed::Unknown) };
    write.note_directory(DirectoryChange::Leaderboard { id, now: Some(board.clone()) });
    Ok(Changed::Done(board))
}

/// Removes a board. `false`: there is no such board.
pub fn delete(write: &Write<'_>, id: LeaderboardId) -> Result<bool, StoreError> {
    let removed = write.connection.prepare_cached("DELETE FROM leaderboards WHERE id = ?1")?.execute([id])?;
    write.note_directory(DirectoryChange::Leaderboard { id, now: None });
    Ok(removed > 0)
}

/// The board that has the given name.
fn owner_of(write: &Write<'_>, name: &LeaderboardName) -> Result<Option<LeaderboardId>, StoreError> {
    const SELECT: &str = "SELECT id FROM leaderboards WHERE folded = ?1";
    Ok(write.connection.prepare_cached(SELECT)?.query_row([name.folded()], |row| row.get(0)).optional()?)
}

/// The board of a row, or why it is none.
fn readable(row: &Row<'_>) -> rusqlite::Result<Result<Leaderboard, Unreadable>> {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    match leaderboard(row) {
        Ok(board) => Ok(Ok(board)),
        Err(
            FromSqlConversionFailure(at, ..)
            | IntegralValueOutOfRange(at, _)
            | InvalidColumnType(at, ..)
            | Utf8Error(at, _),
        ) => Ok(Err(Unreadable { id: row.get(0)?, column: row.as_ref().column_name(at)?.to_owned() })),
        Err(error) => Err(error),
    }
}

fn leaderboard(row: &Row<'_>) -> rusqlite::Result<Leaderboard> {
    Ok(Leaderboard {
        id: row.get(0)?,
        name: row.get(1)?,
        created_by_id: row.get(2)?,
        from_date: row.get(3)?,
        to_date: row.get(4)?,
        visible_to_groups_ids: row.get::<_, GroupIds>(5)?.0,
        included_groups_ids: row.get::<_, GroupIds>(6)?.0,
        excluded_groups_ids: row.get::<_, GroupIds>(7)?.0,
        default_period: row.get(8)?,
        updated_at: row.get(9)?,
        period_filter_disabled: row.get(10)?,
    })
}
