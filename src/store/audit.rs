//! The log of administration: who changed keys, leaderboards, users, groups and rules, and who had scores rebuilt.
//!
//! An entry is written in the transaction that makes the change, so neither is ever stored without the other. Nothing
//! changes an entry. It is removed when its time is over.

use std::fmt;

use chrono::TimeDelta;
use rusqlite::{Connection, Row, named_params};
use serde::Serialize;

use super::error::StoreError;
use super::write::Write;
use crate::domain::{Author, GroupId, KeyRef, LeaderboardId, RuleName, Source, Timestamp, UserId, Username};

/// How long an entry is kept.
pub const KEPT: TimeDelta = TimeDelta::days(400);

/// What stands in the column of the key if another program told of something, and its signature was checked.
const WEBHOOK: i64 = -1;

/// How many entries one transaction of [`forget_old`] looks at, at most.
const FORGET_MAX: i64 = 1000;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A key was made.
    KeyCreate,
    /// A key got a successor, and works no longer or for a limited time.
    KeyRotate,
    /// A key was revoked.
    KeyRevoke,
    /// A leaderboard was made.
    BoardCreate,
    /// A leaderboard was changed.
    BoardUpdate,
    /// A leaderboard was deleted.
    BoardDelete,
    /// A group was made.
    GroupCreate,
    /// A group's name or members were changed.
    GroupUpdate,
    /// A group was deleted.
    GroupDelete,
    /// The directory was told of a user.
    UserCreate,
    /// A user's names, picture or suspension were changed.
    UserUpdate,
    /// The directory has forgotten a user's names.
    UserDelete,
    /// A user became part of another one.
    UserMerge,
    /// Many users were made and changed at once.
    UserBatch,
    /// A rule that gives points for activity was changed.
    RuleUpdate,
    /// A secret was made, with which another program signs what it sends.
    WebhookSecret,
    /// Scores were rebuilt because somebody asked for it.
    RecalculationStart,
}

impl Action {
    /// The name in replies and in the file: a kind of thing, a dot, and what was done.
    pub const fn name(self) -> &'static str {
        match self {
            Action::KeyCreate => "key.create",
            Action::KeyRotate => "key.rotate",
            Action::KeyRevoke => "key.revoke",
            Action::BoardCreate => "board.create",
            Action::BoardUpdate => "board.update",
            Action::BoardDelete => "board.delete",
            Action::GroupCreate => "group.create",
            Action::GroupUpdate => "group.update",
            Action::GroupDelete => "group.delete",
            Action::UserCreate => "user.create",
            Action::UserUpdate => "user.update",
            Action::UserDelete => "user.delete",
            Action::UserMerge => "user.merge",
            Action::UserBatch => "user.batch",
            Action::RuleUpdate => "rule.update",
            Action::WebhookSecret => "webhook.secret",
            Action::RecalculationStart => "recalculation.start",
        }
    }
}

/// What something was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A key, by its number.
    Key(i64),
    /// A leaderboard.
    Board(LeaderboardId),
    /// A group.
    Group(GroupId),
    /// A user.
    User(UserId),
    /// Many users.
    Users,
    /// A rule.
    Rule(RuleName),
    /// What another program sends.
    Webhook(Source),
    /// The scores of all users.
    Scores,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Key(id) => write!(f, "key {id}"),
            Subject::Board(id) => write!(f, "board {}", id.0),
            Subject::Group(id) => write!(f, "group {}", i64::from(*id)),
            Subject::User(id) => write!(f, "user {id}"),
            Subject::Users => f.write_str("users"),
            Subject::Rule(name) => write!(f, "rule {name}"),
            Subject::Webhook(source) => write!(f, "webhook {}", source.name()),
            Subject::Scores => f.write_str("scores"),
        }
    }
}

/// A kind of thing that entries are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// API keys.
    Key,
    /// Leaderboards.
    Board,
    /// Groups.
    Group,
    /// Users.
    User,
    /// Rules that give points for activity.
    Rule,
    /// What another program sends.
    Webhook,
    /// Recalculations.
    Recalculation,
}

impl Kind {
    /// All kinds, in the order in which they are listed for a person.
    pub const ALL: [Kind; 7] =
        [Kind::Key, Kind::Board, Kind::Group, Kind::User, Kind::Rule, Kind::Webhook, Kind::Recalculation];

    /// The name in requests and in the file: the word before the dot of an action.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Key => "key",
            Kind::Board => "board",
            Kind::Group => "group",
            Kind::User => "user",
            Kind::Rule => "rule",
            Kind::Webhook => "webhook",
            Kind::Recalculation => "recalculation",
        }
    }
}

/// A change, as it is told: what was different before, and what is different now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What was done.
    pub action: Action,
    /// What it was done to.
    pub subject: Subject,
    /// What was changed, as it was before, in one line; `None`: there was nothing.
    pub before: Option<String>,
    /// What was changed, as it is now, in one line; `None`: there is nothing any more.
    pub after: Option<String>,
}

/// An entry of the log. Its JSON has these keys in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// Its number. A later entry has a higher one.
    pub id: i64,
    /// When it was done.
    pub at: Timestamp,
    /// The acting username.
    pub by: Username,
    /// The number of the API key; `None`: the configured key, a webhook, or a command on the machine itself.
    pub key: Option<i64>,
    /// Whether another program told of it, and its signature was checked.
    #[serde(skip)]
    pub is_of_webhook: bool,
    /// The client's address; `None`: a command on the machine itself.
    pub address: Option<String>,
    /// The name of what was done.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// What was changed, as it was before; `None`: there was nothing.
    pub before: Option<String>,
    /// What was changed, as it was then; `None`: there was nothing any more.
    pub after: Option<String>,
}

/// Which entries to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only entries about things of this kind.
    pub kind: Option<Kind>,
    /// The list goes on after the entry of this number, with those before it in time.
    pub after: Option<i64>,
    /// How many entries a page holds.
    pub limit: usize,
}

/// Writes down a change that this transaction makes.
pub fn record(write: &Write<'_>, author: &Author, change: &Change) -> Result<(), StoreError> {
    const INSERT: &str = "
        INSERT INTO audit_entries (at, by, key_id, address, action, subject, before, after)
        VALUES (:at, :by, :key_id, :address, :action, :subject, :before, :after)";
    write.connection.prepare_cached(INSERT)?.execute(named_params! {
        ":at": write.now,
        ":by": author.username,
        ":key_id": if author.key == KeyRef::Webhook { Some(WEBHOOK) } else { author.key.stored() },
        ":address": author.address.map(|address| address.to_string()),
        ":action": change.action.name(),
        ":subject": change.subject.to_string(),
        ":before": change.before,
        ":after": change.after,
    })?;
    Ok(())
}

/// A page of the log, newest first, and whether more follow.
pub fn page(connection: &Connection, filter: &AuditFilter) -> Result<(Vec<AuditEntry>, bool), StoreError> {
    // Entries of all kinds are found by the primary key, those of one kind by their index, both in the order of ids.
    const ALL: &str = "
        SELECT id, at, by, key_id, address, action, subject, before, after FROM audit_entries
        WHERE id < :before_id AND :kind IS NULL ORDER BY id DESC LIMIT :count";
    const OF_KIND: &str = "
        SELECT id, at, by, key_id, address, action, subject, before, after
        FROM audit_entries INDEXED BY audit_entries_by_kind
        WHERE kind = :kind AND id < :before_id ORDER BY id DESC LIMIT :count";
    let mut statement = connection.prepare_cached(if filter.kind.is_some() { OF_KIND } else { ALL })?;
    let parameters = named_params! {
        ":before_id": filter.after.unwrap_or(i64::MAX),
        ":kind": filter.kind.map(Kind::name),
        ":count": filter.limit as i64 + 1,
    };
    let mut entries = statement.query_map(parameters, entry)?.collect::<Result<Vec<_>, _>>()?;
    let more = entries.len() > filter.limit;
    entries.truncate(filter.limit);
    Ok((entries, more))
}

/// Removes entries that are older than [`KEPT`], at most a fixed number at a time. Returns whether there may be more.
pub fn forget_old(write: &Write<'_>) -> Result<bool, StoreError> {
    // The oldest entries have the lowest ids. So no index of times is needed.
    const DELETE: &str = "
        DELETE FROM audit_entries
        WHERE id IN (SELECT id FROM audit_entries ORDER BY id LIMIT :count) AND at <= :oldest";
    let oldest = Timestamp::new(write.now.moment() - KEPT);
    let removed =
        write.connection.prepare_cached(DELETE)?.execute(named_params! { ":oldest": oldest, ":count": FORGET_MAX })?;
    Ok(i64::try_from(removed).is_ok_and(|removed| removed == FORGET_MAX))
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let key: Option<i64> = row.get(3)?;
    Ok(AuditEntry {
        id: row.get(0)?,
        at: row.get(1)?,
        by: row.get(2)?,
        key: key.filter(|key| *key != WEBHOOK),
        is_of_webhook: key == Some(WEBHOOK),
        address: row.get(4)?,
        action: row.get(5)?,
        subject: row.get(6)?,
        before: row.get(7)?,
        after: row.get(8)?,
    })
}
