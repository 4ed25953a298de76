//! What users may spend, and how that is found out without holding up the writer.
//!
//! A user's scores are found by one step into each month in which anybody has scores. For one user these are few steps. For
//! thousands of users, or where events go back for centuries, they are more than a command of the writer may take, since
//! everybody waits for it. Such a command is refused with the users in question ([`StoreError::FarBack`]). Whoever gave it reads
//! beside the writer what these may spend, and gives it again with that. What the writer has changed since is added. Where that is
//! not enough again and again, as while other processes change the file all the time, the rest is read in the transaction after all.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, named_params};

use super::day_number::DayNumber;
use super::error::StoreError;
use super::facts::Facts;
use super::months;
use super::recent_scores::RecentScores;
use crate::domain::{EventDate, UserId};

/// How many steps a command may take to find out what users may spend: a millisecond's work, or two.
const STEPS_MAX: u32 = 1_000;

/// From how many steps on it is quicker to add up all scores that there are: those of ten million events take a second.
const WALK_FROM: usize = 1 << 19;

/// What users might spend, as it was read beside the writer.
#[derive(Debug)]
pub struct Spendable {
    /// It shows all transactions up to this one.
    all_up_to: u64,
    /// It shows none after this one.
    none_after: u64,
    today: EventDate,
    scores: HashMap<UserId, i64>,
}

impl Spendable {
    /// Reads what these users may spend, all as of one moment. `committed` tells the number of the last transaction that was told.
    pub(super) fn read(
        connection: &Connection,
        users: &[UserId],
        today: EventDate,
        committed: impl Fn() -> u64,
    ) -> Result<Spendable, StoreError> {
        let all_up_to = committed();
        let moment = connection.unchecked_transaction()?;
        let months = months::count(&moment, today, u32::MAX)?;
        // One more may be committed and not told yet.
        let none_after = committed() + 1;
        let scores = sums(&moment, users, months, today)?;
        Ok(Spendable { all_up_to, none_after, today, scores })
    }

    /// Reads the same users in a transaction of the writer, however long everybody has to wait for that.
    pub(super) fn read_again(&self, connection: &Connection, today: EventDate) -> Result<Spendable, StoreError> {
        let users: Vec<UserId> = self.scores.keys().copied().collect();
        let months = months::count(connection, today, u32::MAX)?;
        let scores = sums(connection, &users, months, today)?;
        Ok(Spendable { all_up_to: 0, none_after: 0, today, scores })
    }

    /// What has to be added to it to make it true in a transaction on the day `today`: `recent` tells what has changed since a
    /// transaction, `own` what that transaction itself has changed before. `None`: that is not known.
    pub(super) fn changes(&self, today: EventDate, recent: &RecentScores, own: &Facts) -> Option<Changes> {
        if self.today != today || own.unlisted {
            return None;
        }
        let mut changes = Changes::new();
        let recent = recent.since(self.all_up_to)?.map(|(number, change)| (*number <= self.none_after, change));
        for (may_be_in_it, change) in recent.chain(own.scores.iter().map(|change| (false, change))) {
            if self.scores.contains_key(&change.user_id) {
                let sum = changes.entry(change.user_id).or_insert(Some(0));
                // Of a day to come, only deductions count, and the sum of a day does not tell them.
                let is_unsure = may_be_in_it || change.date > today;
                *sum = sum.filter(|_| !is_unsure).and_then(|sum| sum.checked_add(change.score));
            }
        }
        Some(changes)
    }
}

/// What has to be added to what users might spend; `None`: that is not known, and the user has to be looked up.
pub(super) type Changes = HashMap<UserId, Option<i64>>;

/// What these users may spend, where anybody has scores in so many months.
fn sums(
    connection: &Connection,
    users: &[UserId],
    months: u32,
    today: EventDate,
) -> Result<HashMap<UserId, i64>, StoreError> {
    let mut scores: HashMap<UserId, i64> = users.iter().map(|user_id| (*user_id, 0)).collect();
    if (months as usize).saturating_mul(scores.len()) < WALK_FROM {
        for (user_id, score) in &mut scores {
            *score = overall(connection, *user_id, today)?;
        }
    } else {
        add_up(connection, today, &mut scores)?;
    }
    for (user_id, score) in &mut scores {
        let (deductions, _) = future_deductions(connection, *user_id, today, u32::MAX)?;
        *score = score.saturating_add(deductions);
    }
    Ok(scores)
}

/// What a command is told of what users may spend.
#[derive(Debug, Clone)]
pub enum Briefing {
    /// Nothing: it looks up whom it needs.
    Nothing,
    /// What was read beside the writer.
    Read(Arc<Spendable>),
    /// The same, and that it may read the rest by itself, however long everybody has to wait for that.
    MayRead(Arc<Spendable>),
}

/// What a command knows of what users may spend.
#[derive(Debug, Default)]
pub(super) struct Spending {
    known: RefCell<Known>,
    /// In how many months anybody has scores, once it is counted.
    months: Cell<Option<u32>>,
    /// `None`: any number.
    steps_left: Cell<Option<u32>>,
}

#[derive(Debug, Default)]
struct Known {
    read: Option<Arc<Spendable>>,
    changes: Changes,
}

impl Spending {
    /// Knows nothing, as at the beginning of a command.
    pub fn begin(&self) {
        self.months.set(None);
        self.steps_left.set(Some(STEPS_MAX));
        if self.known.borrow().read.is_some() {
            self.known.take();
        }
    }

    /// Takes any number of steps from now on.
    pub fn take_any_number(&self) {
        self.steps_left.set(None);
    }

    /// Believes what was read, with what has to be added to it.
    pub fn believe(&self, read: Arc<Spendable>, changes: Changes) {
        *self.known.borrow_mut() = Known { read: Some(read), changes };
    }

    /// Takes a number of steps, if they are left.
    fn take(&self, steps: u32) -> Option<()> {
        if let Some(left) = self.steps_left.get() {
            self.steps_left.set(Some(left.checked_sub(steps)?));
        }
        Some(())
    }

    /// How many there may be of something, if one more is too many.
    fn one_too_many(&self) -> u32 {
        self.steps_left.get().map_or(u32::MAX, |_| STEPS_MAX + 1)
    }

    fn known(&self, user_id: UserId) -> Option<i64> {
        let known = self.known.borrow();
        let score = known.read.as_ref()?.scores.get(&user_id).copied()?;
        match known.changes.get(&user_id) {
            None => Some(score),
            Some(change) => change.map(|change| score.saturating_add(change)),
        }
    }

    /// What a user may spend now; `None` if looking it up takes more steps than are left.
    pub fn of(&self, connection: &Connection, user_id: UserId, today: EventDate) -> Result<Option<i64>, StoreError> {
        if let Some(score) = self.known(user_id) {
            return Ok(Some(score));
        }
        let months = match self.months.get() {
            Some(months) => months,
            None => {
                let months = months::count(connection, today, self.one_too_many())?;
                self.months.set(Some(months));
                months
            }
        };
        if self.take(months).is_none() {
            return Ok(None);
        }
        let (deductions, count) = future_deductions(connection, user_id, today, self.one_too_many())?;
        if self.take(count).is_none() {
            return Ok(None);
        }
        Ok(Some(overall(connection, user_id, today)?.saturating_add(deductions)))
    }
}

/// The sum of all points up to `today`, minus every deduction that is dated after `today`. In a command of the writer,
/// [`Write::spendable`] takes its place.
pub fn spendable(connection: &Connection, user_id: UserId, today: EventDate) -> Result<i64, StoreError> {
    let (deductions, _) = future_deductions(connection, user_id, today, u32::MAX)?;
    Ok(overall(connection, user_id, today)?.saturating_add(deductions))
}

/// The sum of a user's points up to `today`.
fn overall(connection: &Connection, user_id: UserId, today: EventDate) -> Result<i64, StoreError> {
    months::total(connection, user_id, &(EventDate::MIN..=today))
}

/// The sum of a user's deductions that are dated after `today`, and how many they are; of more than `max`, only so many count.
fn future_deductions(
    connection: &Connection,
    user_id: UserId,
    today: EventDate,
    max: u32,
) -> Result<(i64, u32), StoreError> {
    // This uses the index of deductions.
    const DEDUCTIONS: &str = "
        SELECT coalesce(sum(points), 0), count(*) FROM (
            SELECT points FROM score_events INDEXED BY score_events_deductions
            WHERE user_id = :user_id AND date > :today AND points < 0 LIMIT :max)";
    let mut statement = connection.prepare_cached(DEDUCTIONS)?;
    let parameters = named_params! { ":user_id": user_id, ":today": today, ":max": max };
    Ok(statement.query_row(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Adds to the sums of some users all their scores up to `today`, in one walk along the table.
fn add_up(connection: &Connection, today: EventDate, sums: &mut HashMap<UserId, i64>) -> Result<(), StoreError> {
    const SELECT: &str = "
        SELECT user_id, score FROM scores
        WHERE month <= :today / 100 AND month * 100 + day <= :today AND events > 0";
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query(named_params! { ":today": DayNumber::from(today) })?;
    while let Some(row) = rows.next()? {
        if let Some(sum) = sums.get_mut(&row.get(0)?) {
            *sum = sum.saturating_add(row.get(1)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::domain::{Award, Clock, Timestamp, Username};
    use crate::store::{OpenMode, OpenOptions, Store, StoreError, Write, score_events};

    fn user(id: i64) -> UserId {
        id.try_into().expect("a user id")
    }

    fn award(store: &Store, user_id: UserId) {
        award_on(store, user_id, "2023-04-14", 5);
    }

    fn award_on(store: &Store, user_id: UserId, date: &str, points: i64) {
        let (date, points) = (date.parse().expect("a date"), points.try_into().expect("points"));
        let award = Award { user_id, date, points, description: None, minimum_score: None };
        let by: Username = "ana".parse().expect("a username");
        store.writer().write_blocking(move |write| score_events::award(write, &award, &by)).expect("stored");
    }

    /// What a command takes for the truth of these users, if it was told before that each can spend 77.
    fn believed(store: &Store, number: u64, today: &str, users: [i64; 2]) -> [i64; 2] {
        let (scores, today) = (users.map(|id| (user(id), 77)).into(), today.parse().expect("a day"));
        let told = Briefing::Read(Arc::new(Spendable { all_up_to: number, none_after: number + 1, today, scores }));
        let ask = move |write: &Write<'_>| {
            write.know(told)?;
            let mut found = users.map(|id| write.spendable(user(id), || Arc::new([])));
            Ok([std::mem::replace(&mut found[0], Ok(0))?, std::mem::replace(&mut found[1], Ok(0))?])
        };
        store.writer().write_blocking(ask).expect("an answer")
    }

    #[test]
    fn what_was_read_is_believed_of_those_whose_scores_have_not_changed_since() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let (file, clock) =
            (folder.path().join("scores.db"), Clock::fixed(chrono_tz::UTC, Timestamp::from_millis(1_700_000_000_000)));
        let (store, writer) = Store::open(&file, OpenOptions::new(OpenMode::Create, clock)).expect("a new database");
        let today = "2023-11-14";
        award(&store, user(13));
        let number = store.writer().committed();
        assert_eq!(believed(&store, number, today, [13, 14]), [77, 77]);
        award(&store, user(14));
        award(&store, user(13));
        assert_eq!(believed(&store, number, today, [13, 14]), [82, 82], "five points each were added since");
        let before = store.writer().committed();
        award(&store, user(13));
        assert_eq!(
            believed(&store, before, today, [13, 14]),
            [15, 77],
            "it may be that what was read holds this already"
        );
        award_on(&store, user(14), "2023-11-15", -2);
        award_on(&store, user(14), "2023-11-15", 9);
        assert_eq!(believed(&store, number, today, [13, 14]), [87, 3], "of a day to come, only deductions count");
        assert_eq!(believed(&store, number, "2023-11-13", [13, 14]), [15, 3], "it is of the day before");
        let number = store.writer().committed();
        let failed = store.writer().write_blocking(|write| {
            crate::store::scores::add(write, user(13), write.today, 1, 1)?;
            Err::<(), _>(StoreError::Overloaded)
        });
        assert!(failed.is_err());
        assert_eq!(believed(&store, number, today, [13, 14]), [77, 77], "what failed has changed nothing");
        // Another process. What was read as of the same transaction may have been read before its change.
        let other = Connection::open(&file).expect("the database opens");
        other.execute_batch("UPDATE scores SET score = score + 1 WHERE month < 202311").expect("a change");
        assert_eq!(believed(&store, number, today, [13, 14]), [16, 4]);
        let number = store.writer().committed();
        assert_eq!(believed(&store, number, today, [13, 14]), [77, 77]);
        writer.stop();
    }

    #[test]
    fn both_ways_to_read_find_what_users_can_spend() {
        let connection = Connection::open_in_memory().expect("a database");
        connection
            .execute_batch(
                "CREATE TABLE scores (month, user_id, day, score, events, PRIMARY KEY (month, user_id, day)) WITHOUT ROWID;
                 INSERT INTO scores VALUES (202303, 13, 31, 7, 1), (202304, 13, 14, 5, 2), (202304, 14, 14, 3, 1),
                     (202304, 13, 15, 90, 1), (202305, 14, 1, 90, 1), (202304, 13, 13, 90, 0)",
            )
            .expect("scores");
        let today = "2023-04-14".parse().expect("a day");
        let mut walked: HashMap<UserId, i64> = [(user(13), 0), (user(15), 0)].into();
        add_up(&connection, today, &mut walked).expect("sums");
        assert_eq!(walked, [(user(13), 12), (user(15), 0)].into());
        for (id, sum) in [(13, 12), (14, 3), (15, 0)] {
            assert_eq!(overall(&connection, user(id), today).expect("a sum"), sum, "{id}");
        }
        assert_eq!(months::count(&connection, today, 9).expect("a count"), 2);
        assert_eq!(months::count(&connection, today, 1).expect("a count"), 1);
    }
}
