//! The clock: what time it is, and which day.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::date::EventDate;
use super::timestamp::Timestamp;

/// The time and the community's time zone. Days begin at that zone's midnight.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: Tz,
    /// The time in milliseconds since 1970, if it is set by hand; `None`: the machine's time counts.
    fixed: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// A clock that tells the machine's time.
    pub fn system(zone: Tz) -> Clock {
        Clock { zone, fixed: None }
    }

    /// A clock that stands still until it is set, so that tests can choose the day.
    pub fn fixed(zone: Tz, now: Timestamp) -> Clock {
        Clock { zone, fixed: Some(Arc::new(AtomicI64::new(now.millis()))) }
    }

    /// Moves a clock made by [`Clock::fixed`], and all its clones. The machine's time can't be moved.
    pub fn set(&self, now: Timestamp) {
        if let Some(fixed) = &self.fixed {
            fixed.store(now.millis(), Ordering::SeqCst);
        }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.fixed {
            Some(fixed) => Timestamp::from_millis(fixed.load(Ordering::SeqCst)),
            None => Timestamp::new(Utc::now()),
        }
    }

    /// The day that it is now in the community's time zone.
    pub fn today(&self) -> EventDate {
        self.day_of(self.now())
    }

    /// The day that it was at a moment in the community's time zone.
    pub fn day_of(&self, moment: Timestamp) -> EventDate {
        let utc = moment.moment().naive_utc();
        let offset = self.zone.offset_from_utc_datetime(&utc).fix();
        // At the ends of chrono's calendar the zone's own time may lie beyond it. Both days are then far outside of ours.
        EventDate::saturating(utc.checked_add_offset(offset).unwrap_or(utc).date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_is_the_zones() {
        let evening = Timestamp::new("2026-03-31T22:30:00Z".parse().expect("a moment"));
        for (zone, today) in
            [("UTC", "2026-03-31"), ("Europe/Berlin", "2026-04-01"), ("America/New_York", "2026-03-31")]
        {
            let clock = Clock::fixed(zone.parse().expect("a zone"), evening);
            assert_eq!(clock.today().to_string(), today, "{zone}");
        }
    }

    #[test]
    fn every_moment_has_a_day_in_every_zone() {
        for (moment, day) in
            [("+262142-12-31 23:59:59.999", EventDate::MAX), ("-262143-01-01 00:00:00", EventDate::MIN)]
        {
            let moment: Timestamp = moment.parse().expect("a moment");
            for zone in ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"] {
                assert_eq!(Clock::fixed(zone.parse().expect("a zone"), moment).today(), day, "{moment} in {zone}");
            }
        }
    }
}
