//! What is drawn by chance: who gets points, and for which day. Every server and every other database gets the same
//! kind of draw.

use scorekeeper::domain::EventDate;

/// Days of history.
pub const DAYS: u32 = 730;

/// Any prime that does not divide the number of users: who has much is spread over the ids.
pub const SPREAD: u64 = 7_919;

/// xorshift64*, seeded: every run draws the same.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Begins anew; close seeds draw apart from the start.
    pub fn new(seed: u64) -> Random {
        Random((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number from 0 to less than 1.
    pub fn fraction(&mut self) -> f64 {
        self.next() as f64 / (1_u64 << 53) as f64
    }
}

/// People who are as unequal as visits to pages are: the user of rank n gets one n-th of what the first gets.
#[derive(Debug, Clone, Copy)]
pub struct Users(pub u64);

impl Users {
    /// The id of the user of that rank, counted from 0.
    pub fn id(self, rank: u64) -> u64 {
        1 + rank * SPREAD % self.0
    }

    /// Someone, by their share of the events.
    pub fn by_activity(self, random: &mut Random) -> u64 {
        let rank = (random.fraction() * (self.0 as f64).ln()).exp() as u64 - 1;
        self.id(rank.min(self.0 - 1))
    }

    /// Someone, all alike.
    pub fn evenly(self, random: &mut Random) -> u64 {
        1 + random.below(self.0)
    }

    /// Someone who has at least so many of `events` events (half of what such a user has on average is left as a
    /// margin).
    pub fn with_events(self, random: &mut Random, events: u64, least: u64) -> u64 {
        let ranks = events as f64 / (self.0 as f64).ln() / least as f64 / 2.0;
        self.id(random.below((ranks as u64).clamp(1, self.0)))
    }
}

/// The days that points are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    /// As they come in life: nine in ten are today's, the others even over two years.
    Lifelike,
    /// Even over two years.
    Even,
}

impl Dates {
    /// All there are.
    pub const ALL: [Dates; 2] = [Dates::Lifelike, Dates::Even];

    /// In the words of the tables.
    pub fn name(self) -> &'static str {
        match self {
            Dates::Lifelike => "nine in ten today's",
            Dates::Even => "even over two years",
        }
    }

    /// The name of its figures.
    pub fn key(self) -> &'static str {
        match self {
            Dates::Lifelike => "lifelike",
            Dates::Even => "even",
        }
    }

    /// How many days before today a date lies.
    pub fn age(self, random: &mut Random) -> u32 {
        if self == Dates::Lifelike && random.below(10) > 0 { 0 } else { random.below(DAYS.into()) as u32 }
    }
}

/// Today and the days before it, by their age.
pub fn days(today: EventDate) -> Vec<EventDate> {
    (0..DAYS).map(|age| today.minus_days(age)).collect()
}
