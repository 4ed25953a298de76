//! The rules that give points for deeds.

use rusqlite::{Connection, Row, named_params};

use super::columns::CategoryIds;
use super::error::StoreError;
use super::write::Write;
use crate::domain::{EventDate, Rule, RuleName};

/// All rules, in the order of [`RuleName::ALL`].
pub fn list(connection: &Connection) -> Result<Vec<Rule>, StoreError> {
    RuleName::ALL.into_iter().map(|name| get(connection, name)).collect()
}

/// One rule, by the primary key.
pub fn get(connection: &Connection, name: RuleName) -> Result<Rule, StoreError> {
    const SELECT: &str = "SELECT name, points, enabled, daily_limit, category_ids FROM rules WHERE name = ?1";
    Ok(connection.prepare_cached(SELECT)?.query_row([name], rule)?)
}

/// Stores all of a rule.
pub fn update(write: &Write<'_>, rule: &Rule) -> Result<(), StoreError> {
    const UPDATE: &str = "
        UPDATE rules SET points = :points, enabled = :enabled, daily_limit = :daily_limit, category_ids = :category_ids
        WHERE name = :name";
    write.connection.prepare_cached(UPDATE)?.execute(named_params! {
        ":name": rule.name,
        ":points": rule.points,
        ":enabled": rule.enabled,
        ":daily_limit": rule.daily_limit,
        ":category_ids": CategoryIds(rule.category_ids.clone()),
    })?;
    Ok(())
}

/// How many deeds each rule has counted on the days from `first` to `last`, in the order of [`RuleName::ALL`]. Reads a
/// row for each rule and day.
pub fn counted(connection: &Connection, first: EventDate, last: EventDate) -> Result<Vec<i64>, StoreError> {
    const SELECT: &str = "
        SELECT coalesce(sum(counted), 0) FROM rule_days WHERE rule = ?1 AND date BETWEEN ?2 AND ?3";
    let mut statement = connection.prepare_cached(SELECT)?;
    let counts = RuleName::ALL.into_iter().map(|name| statement.query_row((name, first, last), |row| row.get(0)));
    Ok(counts.collect::<Result<_, _>>()?)
}

/// Adds to the number of deeds that a rule has counted on a day.
pub(super) fn count(write: &Write<'_>, name: RuleName, date: EventDate, change: i64) -> Result<(), StoreError> {
    const UPSERT: &str = "
        INSERT INTO rule_days (rule, date, counted) VALUES (?1, ?2, ?3)
        ON CONFLICT DO UPDATE SET counted = counted + excluded.counted";
    write.connection.prepare_cached(UPSERT)?.execute((name, date, change))?;
    Ok(())
}

fn rule(row: &Row<'_>) -> rusqlite::Result<Rule> {
    Ok(Rule {
        name: row.get(0)?,
        points: row.get(1)?,
        enabled: row.get(2)?,
        daily_limit: row.get(3)?,
        category_ids: row.get::<_, CategoryIds>(4)?.0,
    })
}
