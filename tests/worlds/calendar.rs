//! What time it is in a world, and where the clock jumps: to the edges of days, of summer times, of months and of years.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::support::random::Random;

/// Zones without and with summer time: with half an hour of it, with one that begins at midnight, and one that has lost a day.
const ZONES: [Tz; 11] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::America__Sao_Paulo,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Apia,
    Tz::Pacific__Kiritimati,
    Tz::Asia__Kathmandu,
    Tz::Asia__Beirut,
    Tz::Africa__Casablanca,
    Tz::America__St_Johns,
];

/// The periods by name, in the order of their numbers.
pub const PERIODS: [&str; 6] = ["all_time", "yearly", "quarterly", "monthly", "weekly", "daily"];

/// The time of day in a zone. It stands still until it is set.
#[derive(Debug, Clone)]
pub struct Calendar {
    pub zone: Tz,
    pub now: DateTime<Utc>,
}

impl Calendar {
    /// A zone, and a moment at which something is about to happen there.
    pub fn draw(random: &mut Random) -> Calendar {
        let zone = *random.pick(&ZONES);
        let years = match zone {
            // The last summer time began in 2018; the day that was left out is the 30th of December 2011.
            Tz::America__Sao_Paulo => (2010, 2018),
            Tz::Pacific__Apia => (2010, 2012),
            _ => (2010, 2035),
        };
        let year = random.between(years.0, years.1) as i32;
        let day = NaiveDate::from_yo_opt(year, random.between(1, 365) as u32).expect("a day of each year");
        let mut calendar = Calendar { zone, now: noon(day) };
        calendar.now = match random.below(6) {
            0 | 1 => calendar.next_change().unwrap_or(calendar.now),
            2 => calendar.years_end(),
            3 => noon(NaiveDate::from_ymd_opt(year / 4 * 4, 2, 27).expect("a date")),
            4 => noon(NaiveDate::from_ymd_opt(year, 3, 30).expect("a date")),
            _ => calendar.next_midnight(),
        } - TimeDelta::milliseconds(random.between(1, 86_400_000));
        calendar
    }

    /// The day that it is.
    pub fn today(&self) -> NaiveDate {
        self.day_of(self.now)
    }

    fn day_of(&self, moment: DateTime<Utc>) -> NaiveDate {
        moment.with_timezone(&self.zone).date_naive()
    }

    /// The first moment of the next day.
    fn next_midnight(&self) -> DateTime<Utc> {
        let today = self.today();
        first_moment(self.now, self.now + TimeDelta::hours(50), |moment| self.day_of(moment) > today)
    }

    /// When clocks are next moved in the zone, if that is within 400 days.
    fn next_change(&self) -> Option<DateTime<Utc>> {
        let offset = |moment: DateTime<Utc>| moment.with_timezone(&self.zone).naive_local() - moment.naive_utc();
        let before = offset(self.now);
        let changed = (1..1600).map(|count| self.now + TimeDelta::hours(6 * count)).find(|at| offset(*at) != before)?;
        Some(first_moment(changed - TimeDelta::hours(6), changed, |moment| offset(moment) != before))
    }

    /// The first moment of the next year.
    fn years_end(&self) -> DateTime<Utc> {
        let year = self.today().year();
        first_moment(self.now, self.now + TimeDelta::days(367), |moment| self.day_of(moment).year() > year)
    }

    /// Where the clock jumps next.
    pub fn draw_jump(&self, random: &mut Random) -> DateTime<Utc> {
        let hours = |count: i64| TimeDelta::hours(count);
        let about = |edge: DateTime<Utc>, random: &mut Random| {
            edge + *random.pick(&[TimeDelta::milliseconds(-1), TimeDelta::zero(), TimeDelta::minutes(45), hours(3)])
        };
        match random.below(20) {
            0..=6 => about(self.next_midnight(), random),
            7..=9 => about(self.next_change().unwrap_or_else(|| self.next_midnight()), random),
            10 => about(self.years_end(), random),
            11..=13 => self.now + hours(random.between(1, 80)),
            14 | 15 => self.now + hours(random.between(140, 1_000)),
            16 => self.now + hours(random.between(7_000, 20_000)),
            17 => self.now + TimeDelta::milliseconds(random.between(1, 5_000)),
            _ => self.now - TimeDelta::seconds(random.between(1, 200_000)),
        }
    }

    /// The first day of a period, by its number.
    pub fn first_day(&self, period: usize) -> NaiveDate {
        let today = self.today();
        match period {
            0 => NaiveDate::from_ymd_opt(1, 1, 1).expect("a date"),
            1 => months_before(today, 12),
            2 => months_before(today, 3),
            3 => months_before(today, 1),
            4 => today - Days::new(7),
            _ => today - Days::new(1),
        }
    }
}

/// The same day of an earlier month, or the last one that it has.
fn months_before(day: NaiveDate, count: i32) -> NaiveDate {
    let months = day.year() * 12 + day.month0() as i32 - count;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) as u32 + 1);
    (1..=day.day()).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day)).expect("a month has a first day")
}

fn noon(day: NaiveDate) -> DateTime<Utc> {
    Utc.from_utc_datetime(&day.and_hms_opt(12, 0, 0).expect("a time"))
}

/// The first moment after `before`, to the millisecond, at which something is so; it is at `after`, and stays so.
fn first_moment(before: DateTime<Utc>, after: DateTime<Utc>, is_so: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
    let (mut before, mut after) = (before.timestamp_millis(), after.timestamp_millis());
    let moment = |millis| DateTime::from_timestamp_millis(millis).expect("a moment of these centuries");
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if is_so(moment(middle)) { after = middle } else { before = middle }
    }
    moment(after)
}

#[test]
fn days_and_summer_times_begin_when_they_do() {
    let calendar = |zone, now: &str| Calendar { zone, now: now.parse().expect("a moment") };
    let berlin = calendar(Tz::Europe__Berlin, "2026-03-28T12:00:00Z");
    assert_eq!(berlin.next_midnight().to_rfc3339(), "2026-03-28T23:00:00+00:00");
    assert_eq!(berlin.next_change().expect("summer").to_rfc3339(), "2026-03-29T01:00:00+00:00");
    assert_eq!(berlin.years_end().to_rfc3339(), "2026-12-31T23:00:00+00:00");
    let apia = calendar(Tz::Pacific__Apia, "2011-12-29T12:00:00Z");
    assert_eq!(apia.today().to_string(), "2011-12-29");
    let after = Calendar { now: apia.next_midnight(), ..apia };
    assert_eq!(after.today().to_string(), "2011-12-31", "a day that Samoa left out");
    assert_eq!(months_before("2024-03-31".parse().expect("a date"), 1).to_string(), "2024-02-29");
    assert_eq!(months_before("2026-01-31".parse().expect("a date"), 3).to_string(), "2025-10-31");
    assert_eq!(months_before("2024-02-29".parse().expect("a date"), 12).to_string(), "2023-02-28");
}
