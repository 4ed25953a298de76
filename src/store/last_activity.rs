//! When people last had points, and who had some lately.
//!
//! A user's last day is found by one step into each month, back from the newest. The list of who had points lately goes along
//! the index of days, newest first, and leaves out whoever has points on a later day. Both look at a limited number of entries.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, named_params};

use super::day_number::DayNumber;
use super::error::StoreError;
use crate::domain::{EventDate, EventId, UserId};

/// How many entries of indexes one request looks at, at most: some 20 milliseconds.
const EXAMINED_MAX: usize = 20_000;

/// Where the list of who had points lately goes on: after this event of this day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The day.
    pub date: EventDate,
    /// The event.
    pub id: EventId,
}

/// A page of who had points lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityPage {
    /// Users with their last day until today, latest first.
    pub users: Vec<(UserId, EventDate)>,
    /// Where the list goes on, if it does.
    pub next: Option<Place>,
}

/// The last days until `today` on which some users have points; whoever has none is not in it.
pub fn last_days(
    connection: &Connection,
    users: &[UserId],
    today: EventDate,
) -> Result<HashMap<UserId, EventDate>, StoreError> {
    let months = months(connection, today)?;
    let mut found = HashMap::with_capacity(users.len());
    for id in users {
        if let Some(date) = last_day(connection, &months, *id, today, EventDate::MIN, &mut 0)? {
            found.insert(*id, date);
        }
    }
    Ok(found)
}

/// Who had points lately, each once, with the last day of each until `today`: the users after `after`, at most `limit`.
pub fn lately(
    connection: &Connection,
    after: Option<Place>,
    today: EventDate,
    limit: usize,
) -> Result<ActivityPage, StoreError> {
    lately_within(connection, after, today, limit, EXAMINED_MAX)
}

fn lately_within(
    connection: &Connection,
    after: Option<Place>,
    today: EventDate,
    limit: usize,
    examined_max: usize,
) -> Result<ActivityPage, StoreError> {
    // Both use score_events_by_date, which holds all that is read.
    const OF_DAY: &str = "
        SELECT date, id, user_id FROM score_events INDEXED BY score_events_by_date
        WHERE date = :date AND id < :id ORDER BY id DESC";
    const BEFORE: &str = "
        SELECT date, id, user_id FROM score_events INDEXED BY score_events_by_date
        WHERE date < :date ORDER BY date DESC, id DESC";
    let snapshot = connection.unchecked_transaction()?;
    let months = months(&snapshot, today)?;
    let mut page = ActivityPage { users: Vec::new(), next: None };
    let mut left = examined_max;
    // Whoever has an event of that day on an earlier page has been listed there.
    let mut seen = match after {
        Some(place) => users_since(&snapshot, place, &mut left)?,
        None => HashSet::new(),
    };
    let mut shown = None;
    let first = after.unwrap_or(Place { date: today, id: EventId(i64::MAX) });
    for (statement, id) in [(OF_DAY, Some(first.id)), (BEFORE, None)] {
        let mut statement = snapshot.prepare_cached(statement)?;
        let mut rows = match id {
            Some(id) => statement.query(named_params! { ":date": first.date, ":id": id })?,
            None => statement.query(named_params! { ":date": first.date })?,
        };
        while let Some(row) = rows.next()? {
            let (place, user_id) = (Place { date: row.get(0)?, id: row.get(1)? }, row.get::<_, UserId>(2)?);
            left = left.saturating_sub(1);
            if seen.insert(user_id)
                && last_day(&snapshot, &months, user_id, today, place.date, &mut left)? == Some(place.date)
            {
                if page.users.len() == limit {
                    page.next = shown;
                    return Ok(page);
                }
                page.users.push((user_id, place.date));
                shown = Some(place);
            }
            if left == 0 {
                page.next = Some(place);
                return Ok(page);
            }
        }
    }
    Ok(page)
}

/// The users of the events of a day from its newest to the one at `place`, of which at most half of what may be looked at
/// is read.
fn users_since(connection: &Connection, place: Place, left: &mut usize) -> Result<HashSet<UserId>, StoreError> {
    const SELECT: &str = "
        SELECT user_id FROM score_events INDEXED BY score_events_by_date
        WHERE date = :date AND id >= :id ORDER BY id LIMIT :count";
    let mut statement = connection.prepare_cached(SELECT)?;
    let count = *left / 2;
    let parameters = named_params! { ":date": place.date, ":id": place.id, ":count": count as i64 };
    let users: Vec<UserId> = statement.query_map(parameters, |row| row.get(0))?.collect::<Result<_, _>>()?;
    *left -= users.len().min(count);
    Ok(users.into_iter().collect())
}

/// The months that have scores, from that of `today` back, as numbers YYYYMM. Each takes one step along the primary key.
fn months(connection: &Connection, today: EventDate) -> Result<Vec<u32>, StoreError> {
    const SELECT: &str = "
        WITH RECURSIVE months (month) AS (
            SELECT max(month) FROM scores WHERE month <= :last
            UNION ALL
            SELECT (SELECT max(month) FROM scores WHERE month < months.month) FROM months WHERE months.month IS NOT NULL
        )
        SELECT month FROM months WHERE month IS NOT NULL";
    let mut statement = connection.prepare_cached(SELECT)?;
    let months = statement.query_map(named_params! { ":last": DayNumber::from(today).month() }, |row| row.get(0))?;
    Ok(months.collect::<Result<_, _>>()?)
}

/// The last day from `first` to `today` on which a user has points, by one step for each month. The steps are taken off what
/// is left to be looked at.
fn last_day(
    connection: &Connection,
    months: &[u32],
    user_id: UserId,
    today: EventDate,
    first: EventDate,
    left: &mut usize,
) -> Result<Option<EventDate>, StoreError> {
    const SELECT: &str = "
        SELECT max(day) FROM scores
        WHERE month = :month AND user_id = :user_id AND day <= :last AND events > 0";
    let (today, first) = (DayNumber::from(today), DayNumber::from(first));
    let mut statement = connection.prepare_cached(SELECT)?;
    for month in months.iter().copied().filter(|month| *month >= first.month()) {
        *left = left.saturating_sub(1);
        let last = if month == today.month() { today.of_its_month() } else { 31 };
        let parameters = named_params! { ":month": month, ":user_id": user_id, ":last": last };
        let day: Option<u32> = statement.query_row(parameters, |row| row.get(0))?;
        if let Some(day) = day {
            return Ok(Some(DayNumber::of_month(month, day).date()?));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Award, Clock, Timestamp, Username};
    use crate::store::{OpenMode, OpenOptions, ReadConnection, Store, score_events};

    fn day(text: &str) -> EventDate {
        text.parse().expect("a date")
    }

    /// Awards 1 point each to these users on these days, and asks.
    fn with_awards(awards: &[(i64, &str)], test: impl FnOnce(&Store)) {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let clock = Clock::fixed(chrono_tz::UTC, Timestamp::from_millis(1_700_000_000_000));
        let file = folder.path().join("scores.db");
        let (store, writer) = Store::open(&file, OpenOptions::new(OpenMode::Create, clock)).expect("a new database");
        let awards: Vec<(i64, EventDate)> = awards.iter().map(|(user, date)| (*user, day(date))).collect();
        let stored = store.writer().write_blocking(move |write| {
            for (user, date) in awards {
                let (user_id, points) = (user.try_into().expect("a user id"), 1.try_into().expect("points"));
                let award = Award { user_id, date, points, description: None, minimum_score: None };
                score_events::award(write, &award, &"ana".parse::<Username>().expect("a username"))?;
            }
            Ok(())
        });
        stored.expect("stored");
        test(&store);
        writer.stop();
    }

    /// All who had points until that day, page by page.
    fn all(store: &Store, today: &str, limit: usize, examined_max: usize) -> Vec<(i64, String)> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let today = day(today);
            let read = |connection: &ReadConnection<'_>| lately_within(connection, after, today, limit, examined_max);
            let page = store.read_blocking(read).expect("a page");
            found.extend(page.users.iter().map(|(id, date)| (i64::from(*id), date.to_string())));
            match page.next {
                Some(next) => after = Some(next),
                None => return found,
            }
        }
    }

    #[test]
    fn each_is_listed_once_by_the_last_day_whatever_the_pages() {
        let awards = [
            (1, "2023-01-05"),
            (2, "2023-03-07"),
            (1, "2023-03-07"),
            (3, "2023-03-07"),
            (2, "2023-03-07"),
            (4, "2022-12-31"),
            (3, "2023-02-01"),
            (1, "2023-09-01"),
            (5, "2023-09-02"),
        ];
        with_awards(&awards, |store| {
            let march = |users: [i64; 3]| users.map(|id| (id, "2023-03-07".to_owned())).to_vec();
            let until_march: Vec<_> = march([2, 3, 1]).into_iter().chain([(4, "2022-12-31".to_owned())]).collect();
            for limit in [1, 2, 3, 50] {
                assert_eq!(all(store, "2023-08-31", limit, 1_000), until_march, "{limit}");
            }
            let now: Vec<i64> = all(store, "2023-12-31", 2, 1_000).into_iter().map(|(id, _)| id).collect();
            assert_eq!(now, [5, 1, 2, 3, 4]);
            // Little work for each page leaves nobody out.
            assert_eq!(all(store, "2023-12-31", 50, 12).len(), 5);
            let users = [1, 4, 5, 9].map(|id: i64| id.try_into().expect("a user id"));
            let days =
                store.read_blocking(|connection| last_days(connection, &users, day("2023-08-31"))).expect("days");
            let days: Vec<_> = users.iter().map(|id| days.get(id).map(EventDate::to_string)).collect();
            assert_eq!(days, [Some("2023-03-07".to_owned()), Some("2022-12-31".to_owned()), None, None]);
        });
    }
}
