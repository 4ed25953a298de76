//! A year of days as a field of squares, with a column for each week. The more points a day has, the darker its square
//! is.

use std::collections::HashMap;
use std::fmt::Write as _;

use chrono::Datelike;

use crate::domain::EventDate;
use crate::pages::format;
use crate::store::scores::DayScore;

/// How many weeks there are. The last one is the present week.
const WEEKS: u32 = 53;

/// How many weeks the first of the two halves has. The halves stand side by side if there is room for that, and
/// otherwise one above the other.
const FIRST_HALF: u32 = 27;

/// The distance from a square to the next, and the height of the room above for the names of months.
const STEP: u32 = 13;
const TOP: u32 = 16;

/// A day with points.
pub struct HeatSquare {
    /// The distance from the left.
    pub x: u32,
    /// The distance from the top.
    pub y: u32,
    /// The class for the stylesheet: `h1` to `h4`, or `hm` for a day that took more than it gave.
    pub class: &'static str,
    /// The day, as it is written in an address.
    pub date: EventDate,
    /// The day and its points.
    pub title: String,
}

/// One half of the year.
pub struct HeatHalf {
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// Days without points, in one path.
    pub empty: String,
    /// Days with points.
    pub squares: Vec<HeatSquare>,
    /// The names of months, each with the place where it begins.
    pub months: Vec<(u32, String)>,
}

/// The year.
pub struct Heat {
    /// The left half and the right half.
    pub halves: Vec<HeatHalf>,
    /// In words, for those who can't see it.
    pub summary: String,
    /// Days with points, newest first, and what they are.
    pub days: Vec<(String, String)>,
}

impl Heat {
    /// Draws the year up to today out of all of a user's days.
    pub fn new(days: &[DayScore], today: EventDate) -> Heat {
        let weekday = today.calendar_day().weekday().num_days_from_monday();
        let first = today.minus_days((WEEKS - 1) * 7 + weekday);
        let points: HashMap<EventDate, i64> =
            days.iter().filter(|day| day.date >= first).map(|day| (day.date, day.score)).collect();
        let levels = Levels::of(points.values().copied());
        let halves = [(0, FIRST_HALF), (FIRST_HALF, WEEKS)]
            .map(|(from, to)| half(first, today, from..to, &points, &levels))
            .into();
        let shown = days.iter().rev().take_while(|day| day.date >= first);
        Heat {
            halves,
            summary: format!(
                "{} with points since {}",
                format::count(points.len() as i64, "day", "days"),
                format::date(first)
            ),
            days: shown.map(|day| (format::short_date(day.date), format::number(day.score))).collect(),
        }
    }
}

fn half(
    first: EventDate,
    today: EventDate,
    weeks: std::ops::Range<u32>,
    points: &HashMap<EventDate, i64>,
    levels: &Levels,
) -> HeatHalf {
    let (mut empty, mut squares, mut months) = (String::new(), Vec::new(), Vec::new());
    for (column, week) in weeks.clone().enumerate() {
        let x = column as u32 * STEP;
        for row in 0..7 {
            let day = first.plus_days(week * 7 + row);
            if day > today {
                break;
            }
            if day.calendar_day().day() == 1 {
                months.push((x, day.calendar_day().format("%b").to_string()));
            }
            let y = TOP + row * STEP;
            match points.get(&day) {
                None | Some(0) => drop(write!(empty, "M{x} {y}h11v11h-11z")),
                Some(&score) => {
                    let title = format!("{}: {}", format::short_date(day), format::points(score));
                    squares.push(HeatSquare { x, y, class: levels.class(score), date: day, title });
                }
            }
        }
    }
    // Both halves are as wide as the longer one, so that their squares have the same size. A name at the very edge would
    // be cut, so it is left out.
    let width = FIRST_HALF * STEP;
    months.retain(|(x, _)| x + 2 * STEP <= width);
    HeatHalf { width, height: TOP + 7 * STEP, empty, squares, months }
}

/// Where one shade ends and the next begins: at the quarters of the days with points, so that one great day does not make
/// all others pale.
struct Levels([i64; 3]);

impl Levels {
    fn of(points: impl Iterator<Item = i64>) -> Levels {
        let mut given: Vec<i64> = points.filter(|points| *points > 0).collect();
        given.sort_unstable();
        let quarter = |number: usize| given.get(given.len() * number / 4).copied().unwrap_or(i64::MAX);
        Levels([quarter(1), quarter(2), quarter(3)])
    }

    fn class(&self, points: i64) -> &'static str {
        match points {
            ..0 => "hm",
            _ => ["h1", "h2", "h3", "h4"][self.0.iter().filter(|level| points >= **level).count()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_ends_today() {
        let today: EventDate = "2026-03-31".parse().expect("a date");
        let days = [
            DayScore { date: "2025-03-24".parse().expect("a date"), score: 5 },
            DayScore { date: "2025-04-01".parse().expect("a date"), score: -5 },
            DayScore { date: today, score: 9 },
        ];
        let heat = Heat::new(&days, today);
        let squares: usize = heat.halves.iter().map(|half| half.squares.len()).sum();
        // The first is a Monday, 53 weeks before: one more week than there is room for.
        assert_eq!((squares, heat.days.len()), (2, 2));
        assert_eq!(heat.halves[0].squares[0].class, "hm");
        assert_eq!(heat.days[0], ("31 Mar 2026".to_owned(), "9".to_owned()));
    }
}
