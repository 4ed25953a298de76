//! Days, moments, and the windows of periods.

use std::sync::OnceLock;

use chrono_tz::Tz;

use crate::domain::{Clock, EventDate, Period, Timestamp};

/// Zones at both ends of the calendar and between, with jumps of half an hour, at midnight and of a whole day.
const ZONES: [&str; 11] = [
    "Africa/Monrovia",
    "America/Juneau",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Asia/Manila",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
];

/// A day as a number of four bytes, a moment as one of eight, a number of two, and a text.
pub fn periods(data: &[u8]) {
    let (day, rest) = data.split_first_chunk().map_or((0, data), |(bytes, rest)| (u32::from_le_bytes(*bytes), rest));
    let (millis, rest) = rest.split_first_chunk().map_or((0, rest), |(bytes, rest)| (i64::from_le_bytes(*bytes), rest));
    let (count, rest) = rest.split_first_chunk().map_or((1, rest), |(bytes, rest)| (u16::from_le_bytes(*bytes), rest));
    for today in [EventDate::MIN.plus_days(day % 3_652_059), EventDate::MAX, EventDate::MIN] {
        windows(today);
        steps(today, count.into());
    }
    day_in_each_zone(Timestamp::from_millis(millis));
    if let Ok(text) = std::str::from_utf8(rest) {
        texts(text);
    }
}

/// A window holds its day as the last, begins before or on it, and never moves back.
fn windows(today: EventDate) {
    for period in Period::ALL {
        let (window, next) = (period.window(today), period.window(today.next()));
        assert!(window.contains(&today) && *window.end() == today && window.start() <= window.end());
        // From the last of February to the first of March, the first day of a month moves by up to four days.
        let moved = next.start().days_since(*window.start());
        assert!((0..=4).contains(&moved), "{period} on {today}: {moved}");
        assert!(window.start() >= Period::AllTime.window(today).start());
        assert_eq!(Period::from_number(period.number().into()), Some(period));
    }
    let starts = Period::ALL.map(|period| *period.window(today).start());
    assert!(starts.is_sorted(), "{today}: {starts:?}");
}

/// Steps forth and back meet, but at the ends of the calendar.
fn steps(today: EventDate, days: u32) {
    let (later, earlier) = (today.plus_days(days), today.minus_days(days));
    assert!(earlier <= today && today <= later);
    assert!(later.minus_days(days) == today || later == EventDate::MAX);
    assert!(earlier.plus_days(days) == today || earlier == EventDate::MIN);
    assert!(later.days_since(today) <= i64::from(days));
    assert!(today.minus_months(days) <= today);
    assert_eq!(today.to_string().parse(), Ok(today));
}

/// Each zone has a day for a moment: the day in UTC, or the one before or after it.
pub(super) fn day_in_each_zone(moment: Timestamp) {
    static CLOCKS: OnceLock<Vec<Clock>> = OnceLock::new();
    let clocks = CLOCKS.get_or_init(|| {
        let zones = ZONES.map(|name| name.parse::<Tz>().expect("a zone"));
        zones.into_iter().map(Clock::system).collect()
    });
    let utc = Clock::system(Tz::UTC).day_of(moment);
    for clock in clocks {
        assert!((-1..=1).contains(&clock.day_of(moment).days_since(utc)), "{clock:?} at {moment}");
    }
    let clock = Clock::fixed(Tz::UTC, moment);
    assert_eq!((clock.now(), clock.today()), (moment, utc));
    // Years of four digits without a sign.
    let written = moment.to_string();
    assert!(written.len() != 24 || written.parse() == Ok(moment), "{written}");
    assert_eq!(Timestamp::from_millis(moment.millis()), moment);
}

/// A text that is read as a day, a moment or a period is that when it is written.
fn texts(text: &str) {
    if let Ok(day) = text.parse::<EventDate>() {
        assert_eq!(day.to_string(), text);
        windows(day);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        day_in_each_zone(moment);
    }
    if let Ok(period) = text.parse::<Period>() {
        assert_eq!(period.to_string().parse(), Ok(period));
    }
}
