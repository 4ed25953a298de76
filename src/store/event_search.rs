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
use super::event_totals::{self, Sign, Totals};
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
    /// Whether the page tells how many events fit, and how many points they give and take, on all pages together.
    pub with_totals: bool,
    /// What a request before this one has counted, which looked at events down to `before`. This one goes on counting there.
    pub counted: Option<Totals>,
}

impl EventSearch {
    /// Whether there is only a sign or days to look for, so that the index of days holds all that has to be counted.
    fn is_plain(&self) -> bool {
        self.user_id.is_none() && self.text.is_none() && self.by.is_none() && self.key_id.is_none()
    }
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
    /// What fits on all pages together, if that was asked for.
    pub totals: Option<Totals>,
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
    // The walk of a page that begins with the newest event counts on the way. For a later page all is counted anew, unless
    // the search only goes on where it has stopped.
    let counts = search.with_totals && !search.is_plain() && (search.before.is_none() || search.counted.is_some());
    let mut page = walk(connection, &snapshot, search, PageBuilder::new(&snapshot, search, examined_max, counts))?;
    if search.with_totals && !counts {
        page.totals = Some(match search.is_plain() {
            true => event_totals::of_days(&snapshot, search.from_date, search.to_date, search.sign)?,
            false => {
                let all = EventSearch { before: None, limit: 0, ..search.clone() };
                walk(connection, &snapshot, &all, PageBuilder::new(&snapshot, &all, examined_max, true))?
                    .totals
                    .unwrap_or_default()
            }
        });
    }
    Ok(page)
}

/// Goes along the index that leads to the events, and looks at them one by one.
fn walk<'s>(
    connection: &ReadConnection<'_>,
    snapshot: &'s Connection,
    search: &'s EventSearch,
    mut page: PageBuilder<'s>,
) -> Result<SearchPage, StoreError> {
    let days = DayFilter::new(&[], search.from_date, search.to_date);
    if days.is_empty() {
        return Ok(page.finish());
    }
    let ids = i64::MIN..=search.before.map_or(i64::MAX, |EventId(before)| before.saturating_sub(1));
    if let Some(user_id) = search.user_id {
        examine_user(connection.on(snapshot), user_id, &days, ids, &mut page)?;
        return Ok(page.finish());
    }
    if !days.is_any() {
        let with_events = days.with_events(snapshot, DAYS_MAX + 1)?;
        if with_events.len() <= DAYS_MAX {
            examine_days(snapshot, &with_events, ids, &mut page)?;
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
                let (created_by, key_id) = match page.needs_maker() {
                    true => maker.query_row([event.id], |row| Ok((row.get(0)?, row.get(1)?)))?,
                    false => (String::new(), None),
                };
                if page.examine(FoundEvent { event, created_by, key_id })?.is_break() {
                    return Ok(());
                }
            }
            Walked::Paused(id, stored_at) => {
                page.pause(id, stored_at);
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
    /// What fits so far, if that is counted. Then the walk goes on when the page is full.
    totals: Option<Totals>,
}

impl<'s> PageBuilder<'s> {
    fn new(connection: &'s Connection, search: &'s EventSearch, examined_max: usize, counts: bool) -> PageBuilder<'s> {
        PageBuilder {
            connection,
            search,
            text: search.text.as_ref().map(|text| text.to_lowercase()),
            by: search.by.as_ref().map(Username::folded),
            left: examined_max,
            events: Vec::new(),
            end: SearchEnd::Exhausted,
            totals: counts.then(|| Totals { is_all: true, ..search.counted.unwrap_or_default() }),
        }
    }

    fn finish(self) -> SearchPage {
        SearchPage { events: self.events, end: self.end, totals: self.totals }
    }

    /// Notes that enough was looked at for one request. A page that is full already ends where it became full.
    fn pause(&mut self, last: EventId, stored_at: Timestamp) {
        if let Some(totals) = &mut self.totals {
            totals.is_all = false;
        }
        if self.end == SearchEnd::Exhausted {
            self.end = SearchEnd::Paused(last, stored_at);
        }
    }

    /// Whether it matters who created the next event: for a filter, or because it is shown.
    fn needs_maker(&self) -> bool {
        self.events.len() < self.search.limit || self.search.by.is_some() || self.search.key_id.is_some()
    }

    /// Counts events that were looked at, but are of other days. At least one more event is looked at in any case, so
    /// that each request makes progress.
    fn pass_over(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count).max(1);
    }

    /// Looks at one more event. Breaks if the page ends with it; the end of the page is noted then.
    fn examine(&mut self, found: FoundEvent) -> Result<ControlFlow<()>, StoreError> {
        let fits = self.fits(&found)?;
        let event = &found.event;
        if let (true, Some(totals)) = (fits, &mut self.totals) {
            totals.add(event.points.into());
        }
        if fits
            && self.end == SearchEnd::Exhausted
            && self.events.len() == self.search.limit
            && let Some(last) = self.events.last()
        {
            self.end = SearchEnd::Full(last.event.id);
            if self.totals.is_none() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let cost = 1 + event.description.as_ref().map_or(0, |text| text.as_str().len() / BYTES_EXAMINED);
        self.left = self.left.saturating_sub(cost);
        if self.left == 0 {
            self.pause(event.id, event.created_at);
        }
        if fits && self.events.len() < self.search.limit {
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
mod tests;
