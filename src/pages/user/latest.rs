//! The list at the end of a user's page: what points were for, for those who may read it, else the latest days.

use crate::domain::{EventDate, ScoreEvent, UserId};
use crate::pages::format;
use crate::store::scores::DayScore;

/// How many characters of a description the list shows at most.
const DESCRIPTION_MAX: usize = 200;

/// Events of a user, newest first.
pub struct LatestEvents {
    /// The user.
    pub user: UserId,
    /// The day that was asked for.
    pub day: Option<EventDate>,
    /// Whether there are no newer ones.
    pub is_first: bool,
    /// The events.
    pub events: Vec<ScoreEvent>,
    /// Whether there are older ones.
    pub has_more: bool,
}

impl LatestEvents {
    /// Whether the user has no events at all, as far as this list tells.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.day.is_none() && self.is_first
    }
}

/// The list as it is shown.
pub struct LatestList {
    /// What it lists.
    pub title: String,
    /// Its lines.
    pub rows: Vec<LatestRow>,
    /// Whether only one day's are listed.
    pub is_of_day: bool,
    /// Whether there are no newer ones.
    pub is_first: bool,
    /// Where older ones are.
    pub older: Option<String>,
}

/// A line of the list: an event, or a day.
pub struct LatestRow {
    /// The day.
    pub date: String,
    /// Whether it is still to come.
    pub later: bool,
    /// The points, with their sign.
    pub points: String,
    /// Whether they were taken.
    pub taken: bool,
    /// What they were for.
    pub description: String,
}

impl LatestList {
    /// The list of events.
    pub fn new(latest: &LatestEvents, today: EventDate) -> LatestList {
        let LatestEvents { user, day, is_first, ref events, has_more } = *latest;
        let last = events.last().filter(|_| has_more);
        let of_day = day.map(|day| format!("date={day}&")).unwrap_or_default();
        LatestList {
            title: match day {
                Some(day) => format!("Points of {}", format::date(day)),
                None if is_first => "Latest points".to_owned(),
                None => "Older points".to_owned(),
            },
            rows: events.iter().map(|event| LatestRow::of_event(event, today)).collect(),
            is_of_day: day.is_some(),
            is_first,
            older: last.map(|event| format!("/users/{user}?{of_day}after={}#latest", event.id)),
        }
    }
}

impl LatestRow {
    fn of_event(event: &ScoreEvent, today: EventDate) -> LatestRow {
        let description = event.description.as_ref().map(|text| text.as_str()).unwrap_or_default();
        LatestRow {
            later: event.date > today,
            description: format::cut(&format::plain(description), DESCRIPTION_MAX),
            ..LatestRow::new(event.date, event.points.into())
        }
    }

    /// The line of a day.
    pub fn of_day(day: &DayScore) -> LatestRow {
        LatestRow::new(day.date, day.score)
    }

    fn new(date: EventDate, points: i64) -> LatestRow {
        LatestRow {
            date: format::short_date(date),
            later: false,
            points: format::signed(points),
            taken: points < 0,
            description: String::new(),
        }
    }
}
