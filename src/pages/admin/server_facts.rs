//! What the page of the server tells of it, fact by fact. Whatever else is worth knowing is one more fact.

use chrono::TimeDelta;

use super::frame::Frame;
use super::keys;
use crate::domain::EventDate;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::store::api_keys::ApiKey;
use crate::store::key_lines::{self, KeyState};
use crate::web::App;

/// A key that ends within so many days is told beforehand.
const SOON_DAYS: u32 = 30;

/// How many keys that end soon are listed.
const SOON_MAX: usize = 20;

/// What is told of the server.
pub struct ServerFacts {
    /// What everybody may know who may see the page.
    pub facts: Vec<Fact>,
    /// Keys that end soon, the next one first; `None` if whoever looks may not manage keys.
    pub ending: Option<Vec<EndingKey>>,
    /// How many more keys end soon.
    pub more_ending: usize,
}

/// Something to know of the server.
pub struct Fact {
    /// What it is about.
    pub label: &'static str,
    /// What is so.
    pub value: String,
    /// Whether somebody should do something about it.
    pub alarming: bool,
}

/// A key that ends soon.
pub struct EndingKey {
    /// Its number.
    pub id: i64,
    /// What it is for, or how it begins.
    pub name: String,
    /// When it ends.
    pub expires: String,
    /// How long that is from today.
    pub left: String,
}

impl Fact {
    /// A fact about which nobody has to do anything.
    pub fn new(label: &'static str, value: impl Into<String>) -> Fact {
        Fact { label, value: value.into(), alarming: false }
    }
}

impl ServerFacts {
    /// Collects what somebody may know.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of(app: &App, admin: &Frame) -> Result<ServerFacts, ErrorPage> {
        let now = app.clock.now();
        let facts = vec![
            Fact::new("Version", env!("CARGO_PKG_VERSION")),
            Fact::new(
                "Running for",
                format!("{}, since {}", span(now.since(app.started_at)), format::moment(app.started_at)),
            ),
            Fact::new("Today", format::date(app.clock.today())),
        ];
        if !admin.may_see_keys() {
            return Ok(ServerFacts { facts, ending: None, more_ending: 0 });
        }
        let (at, today) = (app.actions.circumstances(), app.clock.today());
        let keys = app.store.read(move |connection| key_lines::list(connection, &at)).await?;
        let mut ending: Vec<(EventDate, ApiKey)> = keys
            .into_iter()
            .filter(|(_, state)| *state == KeyState::Works)
            .filter_map(|(key, _)| last_day(&key).map(|last| (last, key)))
            .filter(|(last, _)| *last <= today.plus_days(SOON_DAYS))
            .collect();
        ending.sort_by_key(|(last, key)| (*last, key.id));
        let more_ending = ending.len().saturating_sub(SOON_MAX);
        let told = |(last, key): &(EventDate, ApiKey)| EndingKey {
            id: key.id,
            name: match &key.description {
                Some(description) => format::cut(&format::plain(description), 80),
                None => format!("{}…", key.prefix),
            },
            expires: keys::expiry(key).unwrap_or_default(),
            left: match last.days_since(today) {
                ..=0 => "today".to_owned(),
                days => format!("in {}", format::count(days, "day", "days")),
            },
        };
        Ok(ServerFacts { facts, ending: Some(ending.iter().take(SOON_MAX).map(told).collect()), more_ending })
    }
}

/// The last day on which a key is active, if it has one.
fn last_day(key: &ApiKey) -> Option<EventDate> {
    let moment = key.ends_at.map(|at| EventDate::saturating(at.moment().date_naive()));
    moment.into_iter().chain(key.expires_on).min()
}

/// A length of time in one or two units.
fn span(length: TimeDelta) -> String {
    let (days, hours, minutes) = (length.num_days(), length.num_hours() % 24, length.num_minutes() % 60);
    match (days, hours, minutes) {
        (1.., 0, _) => format::count(days, "day", "days"),
        (1.., ..) => format!("{} {}", format::count(days, "day", "days"), format::count(hours, "hour", "hours")),
        (_, 1.., 0) => format::count(hours, "hour", "hours"),
        (_, 1.., _) => {
            format!("{} {}", format::count(hours, "hour", "hours"), format::count(minutes, "minute", "minutes"))
        }
        _ => format::count(minutes.max(0), "minute", "minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_two_units_at_most() {
        for (minutes, text) in [
            (0, "0 minutes"),
            (1, "1 minute"),
            (60, "1 hour"),
            (61, "1 hour 1 minute"),
            (1440, "1 day"),
            (3 * 1440 + 120 + 5, "3 days 2 hours"),
        ] {
            assert_eq!(span(TimeDelta::minutes(minutes)), text);
        }
        assert_eq!(span(TimeDelta::minutes(-5)), "0 minutes", "a clock may be set back");
    }
}
