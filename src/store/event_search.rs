//! Searching for events, newest first. A person can look for a user, days, a sign, words, or who acted.
//!
//! Words and acting usernames have no index, so a search may have to look at many events to find few. So one request
//! looks only at a limited number of events. It then returns how far it has come, and the next request goes on from
//! there. Rows are found by the table of users' events, by the index of days or by the primary key; each is in the order of
//! ids.

use std::ops::{ControlFlow, RangeInclusive};

use rusqlite::{Connection, Row, named_params};

use super::day_filter::DayFilter;
use super::error::StoreError;
use super::event_days::DaysMerged;
use super::event_rows::event;
use super::newest_events::ReadConnection;
use super::order::Order;
use super::revisions;
use super::user_events::{UserEvents, Walked};
use crate::domain::{EventDate, EventId, ScoreEvent, Timestamp, UserId, Username};

/// How many events one request looks at, at most.
const EXAMINED_MAX: usize = 20_000;

/// Each time that a description is so many bytes longer, it counts as one more event that is looked at.
const BYTES_EXAMINED: usize = 1024;

/// If a range has more days than this, the lists of its days are not merged. Then most events are of its days, so all
/// events are looked at and those of other days are left out.
const DAYS_MAX: usize = 2_000;

/// Whether points are given or taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// More than zero.
    Award,
    /// Less than zero.
    Deduction,
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct EventSearch {
    /// Only events of this user.
    pub user_id: Option<UserId>,
    /// Only events for this day and later ones.
    pub from_date: Option<EventDate>,
    /// Only events for this day and earlier ones.
    pub to_date: Option<EventDate>,
    /// Only events that give points, or only events that take points.
    pub sign: Option<Sign>,
    /// Only events with this text in their description, in upper or lower case.
    pub text: Option<String>,
    /// Only events that this username has created or changed.
    pub by: Option<Username>,
    /// Only events that were stored with the API key of this number.
    pub key_id: Option<i64>,
    /// Only events older than this one.
    pub before: Option<EventId>,
    /// Events on a page.
    pub limit: usize,
}

/// An event and who created it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEvent {
    /// The event.
    pub event: ScoreEvent,
    /// The acting username.
    pub created_by: String,
    /// The number of the API key that it was stored with, if that was a stored one.
    pub key_id: Option<i64>,
}

/// Why a page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchEnd {
    /// There are no more.
    Exhausted,
    /// The page is full; there are more before this event.
    Full(EventId),
    /// Enough events were looked at for one request. There may be more before this event, which was stored at that
    /// time.
    Paused(EventId, Timestamp),
}

/// A page of what was found, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The events.
    pub events: Vec<FoundEvent>,
    /// Why and where it ends.
    pub end: SearchEnd,
}

/// The columns that a search reads.
const COLUMNS: &str = "id, user_id, date, points, description, created_at, updated_at, created_by, key_id";

/// Looks for events.
pub fn search(connection: &ReadConnection<'_>, search: &EventSearch) -> Result<SearchPage, StoreError> {
    search_within(connection, search, EXAMINED_MAX)
}

fn search_within(
    connection: &ReadConnection<'_>,
    search: &EventSearch,
    examined_max: usize,
) -> Result<SearchPage, StoreError> {
    let snapshot = connection.unchecked_transaction()?;
    let days = DayFilter::new(&[], search.from_date, search.to_date);
    let mut page = PageBuilder::new(&snapshot, search, examined_max);
    if days.is_empty() {
        return Ok(page.finish());
    }
    let ids = i64::MIN..=search.before.map_or(i64::MAX, |EventId(before)| before.saturating_sub(1));
    if let Some(user_id) = search.user_id {
        examine_user(connection.on(&snapshot), user_id, &days, ids, &mut page)?;
        return Ok(page.finish());
    }
    if !days.is_any() {
        let with_events = days.with_events(&snapshot, DAYS_MAX + 1)?;
        if with_events.len() <= DAYS_MAX {
            examine_days(&snapshot, &with_events, ids, &mut page)?;
            return Ok(page.finish());
        }
    }
    let statement = format!("SELECT {COLUMNS} FROM score_events NOT INDEXED WHERE id <= :high ORDER BY id DESC");
    let mut statement = snapshot.prepare_cached(&statement)?;
    let mut rows = statement.query(named_params! { ":high": ids.end() })?;
    while let Some(row) = rows.next()? {
        if page.examine(found(row)?)?.is_break() {
            break;
        }
    }
    Ok(page.finish())
}

/// Looks at a user's events on some days, newest first.
fn examine_user(
    snapshot: ReadConnection<'_>,
    user_id: UserId,
    days: &DayFilter,
    ids: RangeInclusive<i64>,
    page: &mut PageBuilder<'_>,
) -> Result<(), StoreError> {
    let mut maker = snapshot.prepare_cached("SELECT created_by, key_id FROM score_events WHERE id = ?1")?;
    let mut walk = UserEvents::new(snapshot, user_id, days, Order::Descending, ids, page.search.limit + 1)?;
    loop {
        let missed = walk.cost.missed;
        match walk.next(page.left)? {
            Walked::Event(event) => {
                page.pass_over(walk.cost.missed - missed);
                let (created_by, key_id) = maker.query_row([event.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
                if page.examine(FoundEvent { event, created_by, key_id })?.is_break() {
                    return Ok(());
                }
            }
            Walked::Paused(id, stored_at) => {
                page.end = SearchEnd::Paused(id, stored_at);
                return Ok(());
            }
            Walked::End => return Ok(()),
        }
    }
}

/// Looks at the events of some days, newest first.
fn examine_days(
    snapshot: &Connection,
    days: &[EventDate],
    ids: RangeInclusive<i64>,
    page: &mut PageBuilder<'_>,
) -> Result<(), StoreError> {
    let mut merged = DaysMerged::new(snapshot, days, Order::Descending, ids)?;
    let mut select = snapshot.prepare_cached(&format!("SELECT {COLUMNS} FROM score_events WHERE id = ?1"))?;
    while let Some(id) = merged.next()? {
        if let Some(row) = select.query([id])?.next()?
            && page.examine(found(row)?)?.is_break()
        {
            break;
        }
    }
    Ok(())
}

/// Reads a row of [`COLUMNS`].
fn found(row: &Row<'_>) -> rusqlite::Result<FoundEvent> {
    Ok(FoundEvent { event: event(row)?, created_by: row.get(7)?, key_id: row.get(8)? })
}

/// A page in the making.
struct PageBuilder<'s> {
    connection: &'s Connection,
    search: &'s EventSearch,
    /// The words, in lower case.
    text: Option<String>,
    by: Option<String>,
    left: usize,
    events: Vec<FoundEvent>,
    end: SearchEnd,
}

impl<'s> PageBuilder<'s> {
    fn new(connection: &'s Connection, search: &'s EventSearch, examined_max: usize) -> PageBuilder<'s> {
        PageBuilder {
            connection,
            search,
            text: search.text.as_ref().map(|text| text.to_lowercase()),
            by: search.by.as_ref().map(Username::folded),
            left: examined_max,
            events: Vec::new(),
            end: SearchEnd::Exhausted,
        }
    }

    fn finish(self) -> SearchPage {
        SearchPage { events: self.events, end: self.end }
    }

    /// Counts events that were looked at, but are of other days. At least one more event is looked at in any case, so
    /// that each request makes progress.
    fn pass_over(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count).max(1);
    }

    /// Looks at one more event. Breaks if the page ends with it; the end of the page is noted then.
    fn examine(&mut self, found: FoundEvent) -> Result<ControlFlow<()>, StoreError> {
        let fits = self.fits(&found)?;
        if fits
            && self.events.len() == self.search.limit
            && let Some(last) = self.events.last()
        {
            self.end = SearchEnd::Full(last.event.id);
            return Ok(ControlFlow::Break(()));
        }
        let event = &found.event;
        let cost = 1 + event.description.as_ref().map_or(0, |text| text.as_str().len() / BYTES_EXAMINED);
        self.left = self.left.saturating_sub(cost);
        if self.left == 0 {
            self.end = SearchEnd::Paused(event.id, event.created_at);
        }
        if fits {
            self.events.push(found);
        }
        Ok(if self.left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn fits(&mut self, found: &FoundEvent) -> Result<bool, StoreError> {
        let event = &found.event;
        let points = i64::from(event.points);
        let sign = match self.search.sign {
            None => true,
            Some(Sign::Award) => points > 0,
            Some(Sign::Deduction) => points < 0,
        };
        let in_days = self.search.from_date.is_none_or(|first| first <= event.date)
            && self.search.to_date.is_none_or(|last| event.date <= last);
        let with_key = self.search.key_id.is_none_or(|key_id| found.key_id == Some(key_id));
        if !sign || !in_days || !with_key {
            return Ok(false);
        }
        if let Some(text) = &self.text {
            let description = event.description.as_ref().map(|description| description.as_str().to_lowercase());
            if !description.is_some_and(|description| description.contains(text)) {
                return Ok(false);
            }
        }
        match &self.by {
            Some(by) if found.created_by.to_lowercase() != *by => {
                let (changed, names) = revisions::changed_by(self.connection, event.id, by)?;
                // Each name that was read counts as one more event that is looked at.
                self.pass_over(names);
                Ok(changed)
            }
            _ => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Award, Clock, Correction, Points};
    use crate::store::{OpenMode, OpenOptions, Store, score_events};

    fn points(points: i64) -> Points {
        points.try_into().expect("points")
    }

    /// Ten users and five days in turn, ids 1 to `count`; each tenth event is a deduction, each seventh says "Karaoke".
    fn with_events(count: i64, test: impl FnOnce(&Store)) {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let clock = Clock::fixed(chrono_tz::UTC, Timestamp::from_millis(1_700_000_000_000));
        let file = folder.path().join("scores.db");
        let (store, writer) = Store::open(&file, OpenOptions::new(OpenMode::Create, clock)).expect("a new database");
        let stored = store.writer().write_blocking(move |write| {
            for id in 1..=count {
                let award = Award {
                    user_id: (id % 10 + 1).try_into().expect("a user id"),
                    date: format!("2023-04-{:02}", 10 + id % 5).parse().expect("a date"),
                    points: points(if id % 10 == 0 { -5 } else { 5 }),
                    description: (id % 7 == 0).then(|| "Karaoke Ärger".to_owned().try_into().expect("short")),
                    minimum_score: None,
                };
                score_events::award(write, &award, &"ana".parse::<Username>().expect("a username"))?;
            }
            let correction = Correction { id: EventId(3), points: points(6), description: None, minimum_score: None };
            score_events::correct(write, &correction, &"Bob".parse().expect("a username"))
        });
        assert_eq!(stored.expect("stored"), score_events::Revised::Done);
        test(&store);
        writer.stop();
    }

    fn ids(page: &SearchPage) -> Vec<i64> {
        page.events.iter().map(|found| found.event.id.0).collect()
    }

    /// Everything that a search finds, page by page, and how many pages that took. `examined_max` is how many events
    /// are looked at for each page.
    fn all(store: &Store, wanted: &EventSearch, examined_max: usize) -> (Vec<i64>, usize) {
        let (mut found, mut pages, mut wanted) = (Vec::new(), 0, wanted.clone());
        loop {
            let page = store.read_blocking(|connection| search_within(connection, &wanted, examined_max));
            let page = page.expect("a page");
            found.extend(ids(&page));
            pages += 1;
            wanted.before = match page.end {
                SearchEnd::Exhausted => return (found, pages),
                SearchEnd::Full(before) | SearchEnd::Paused(before, _) => Some(before),
            };
        }
    }

    #[test]
    fn every_filter_finds_what_fits_whatever_the_pages() {
        with_events(300, |store| {
            let any = EventSearch { limit: 7, ..EventSearch::default() };
            let day = |text: &str| Some(text.parse().expect("a date"));
            let user = |id: i64| Some(id.try_into().expect("a user id"));
            let one_day = EventSearch { user_id: user(1), from_date: day("2023-04-10"), ..any.clone() };
            type Fits = fn(i64) -> bool;
            let cases: [(EventSearch, Fits); 9] = [
                (any.clone(), |_| true),
                (EventSearch { user_id: user(4), ..any.clone() }, |id| id % 10 == 3),
                (EventSearch { from_date: day("2023-04-13"), ..any.clone() }, |id| id % 5 >= 3),
                (EventSearch { to_date: day("2023-04-10"), ..any.clone() }, |id| id % 5 == 0),
                (EventSearch { to_date: day("2023-04-10"), ..one_day }, |id| id % 10 == 0),
                (EventSearch { sign: Some(Sign::Deduction), ..any.clone() }, |id| id % 10 == 0),
                (EventSearch { sign: Some(Sign::Award), ..any.clone() }, |id| id % 10 != 0),
                (EventSearch { text: Some("karaoke äR".to_owned()), ..any.clone() }, |id| id % 7 == 0),
                (EventSearch { by: Some("bOB".parse().expect("a username")), ..any.clone() }, |id| id == 3),
            ];
            for (wanted, fits) in cases {
                let want: Vec<i64> = (1..=300).rev().filter(|id| fits(*id)).collect();
                for examined_max in [1, 10, 299, 300, 301, 20_000] {
                    assert_eq!(all(store, &wanted, examined_max).0, want, "{wanted:?} {examined_max}");
                }
            }
            let none = EventSearch { from_date: day("2023-04-12"), to_date: day("2023-04-11"), ..any };
            assert_eq!(all(store, &none, 10), (Vec::new(), 1));
        });
    }

    #[test]
    fn a_request_looks_at_so_many_and_says_how_far_it_came() {
        with_events(300, |store| {
            let wanted =
                EventSearch { by: Some("bob".parse().expect("a username")), limit: 7, ..EventSearch::default() };
            let page = store.read_blocking(|connection| search_within(connection, &wanted, 100)).expect("a page");
            let stored_at = Timestamp::from_millis(1_700_000_000_000);
            assert_eq!(page, SearchPage { events: Vec::new(), end: SearchEnd::Paused(EventId(201), stored_at) });
            assert_eq!(all(store, &wanted, 100), (vec![3], 4));
            let plain = EventSearch { limit: 7, ..EventSearch::default() };
            let page = store.read_blocking(|connection| search_within(connection, &plain, 100)).expect("a page");
            assert_eq!((ids(&page), page.end), ((294..=300).rev().collect(), SearchEnd::Full(EventId(294))));
        });
    }
}
