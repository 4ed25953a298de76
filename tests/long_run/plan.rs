//! How long the run is, and what happens how often in it.

use std::time::Duration;

/// Ends of times and spans of a run.
pub struct Plan {
    /// How long the load goes on.
    pub length: Duration,
    /// The mean of the time between two kills.
    pub kill_every: Duration,
    /// How long before the end the last kill comes, so that a leak of one process has time to show.
    pub calm: Duration,
    /// From the moment that the disk has space again to the moment that it is filled.
    pub fill_every: Duration,
    /// How long the disk stays full after the first write was refused.
    pub full_for: Duration,
    /// A backup by the clock.
    pub backup_every: Duration,
    /// The replica is restored and checked.
    pub restore_every: Duration,
    /// What runs in the process is measured.
    pub measure_every: Duration,
    /// When the figures of the start are taken.
    pub first_figures: Duration,
    /// The size of the disk in mebibytes.
    pub disk: u32,
}

impl Plan {
    /// The short form, or as many minutes as `LONG_RUN_MINUTES` says.
    pub fn of_environment() -> Plan {
        match std::env::var("LONG_RUN_MINUTES") {
            Ok(minutes) => Plan::of_minutes(minutes.parse().expect("LONG_RUN_MINUTES is a whole number")),
            Err(_) => Plan::short(),
        }
    }

    fn short() -> Plan {
        let seconds = Duration::from_secs;
        Plan {
            length: seconds(20),
            kill_every: seconds(4),
            calm: seconds(2),
            fill_every: seconds(7),
            full_for: seconds(2),
            backup_every: seconds(8),
            restore_every: seconds(600),
            measure_every: seconds(1),
            first_figures: seconds(3),
            disk: 160,
        }
    }

    fn of_minutes(minutes: u32) -> Plan {
        let minute = Duration::from_secs(60);
        let length = minute * minutes;
        let is_long = minutes >= 30;
        let calm = if is_long { length / 6 } else { Duration::from_secs(10) };
        Plan {
            length,
            // Two a minute, over the whole run.
            kill_every: (length - calm) / (2 * minutes),
            calm,
            fill_every: if is_long { minute * 3 } else { Duration::from_secs(40) },
            full_for: Duration::from_secs(6),
            backup_every: if is_long { minute * 5 } else { Duration::from_secs(30) },
            restore_every: if is_long { minute * 10 } else { minute },
            measure_every: Duration::from_secs(10),
            first_figures: minute,
            disk: 160 + 12 * minutes,
        }
    }
}
