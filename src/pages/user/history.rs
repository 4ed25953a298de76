//! The history of a user's points as a chart: the running total above, the points of each day below.

use std::fmt::Write as _;

use chrono::Datelike;

use crate::domain::EventDate;
use crate::pages::chart::Scale;
use crate::pages::format;
use crate::store::scores::DayScore;
use crate::web::kinds::{JsonType, Kind, Parameter};

/// The most bars that a chart may have. If there are more days than this, a bar stands for more than one day.
const BARS_MAX: i64 = 400;

/// The heights of the two drawings; their width is one unit for each bar.
const TOTAL_HEIGHT: i64 = 200;
const BARS_HEIGHT: i64 = 100;

/// Which stretch of days the chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartRange {
    /// The last 30 days.
    Month,
    /// The last 365 days.
    Year,
    /// From the first scored day on.
    All,
}

impl ChartRange {
    /// All of them, shortest first.
    pub const ALL: [ChartRange; 3] = [ChartRange::Month, ChartRange::Year, ChartRange::All];

    /// What it is called in an address.
    pub fn name(self) -> &'static str {
        match self {
            ChartRange::Month => "month",
            ChartRange::Year => "year",
            ChartRange::All => "all",
        }
    }

    /// What it is called on the page.
    pub fn label(self) -> &'static str {
        match self {
            ChartRange::Month => "30 days",
            ChartRange::Year => "12 months",
            ChartRange::All => "All time",
        }
    }

    fn first(self, days: &[DayScore], today: EventDate) -> EventDate {
        match self {
            ChartRange::Month => today.minus_days(29),
            ChartRange::Year => today.minus_days(364),
            // A chart of one day says little, so it shows at least 30 days.
            ChartRange::All => days.first().map_or(today, |day| day.date).min(today.minus_days(29)),
        }
    }
}

impl Parameter for ChartRange {
    const KIND: Kind =
        Kind { json: JsonType::Word(&["month", "year", "all"]), accepted: "month, year or all", example: "year" };

    fn from_text(text: &str) -> Option<ChartRange> {
        ChartRange::ALL.into_iter().find(|range| range.name() == text)
    }
}

/// How many days a bar stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BarSpan {
    Day,
    Week,
    Month,
    Year,
    Decade,
}

impl BarSpan {
    fn of(days: i64) -> BarSpan {
        let spans = [(BarSpan::Day, 1), (BarSpan::Week, 7), (BarSpan::Month, 28), (BarSpan::Year, 365)];
        spans.into_iter().find(|(_, length)| days <= length * BARS_MAX).map_or(BarSpan::Decade, |(span, _)| span)
    }

    /// The number of the bar that a day is in.
    fn number(self, day: EventDate, last: EventDate) -> i64 {
        let calendar = day.calendar_day();
        match self {
            BarSpan::Day => -last.days_since(day),
            // Weeks end on the last day, so that the last week is a whole one.
            BarSpan::Week => -(last.days_since(day) / 7),
            BarSpan::Month => i64::from(calendar.year()) * 12 + i64::from(calendar.month0()),
            BarSpan::Year => calendar.year().into(),
            BarSpan::Decade => i64::from(calendar.year() / 10),
        }
    }

    fn each(self) -> &'static str {
        match self {
            BarSpan::Day => "Points each day",
            BarSpan::Week => "Points each week",
            BarSpan::Month => "Points each month",
            BarSpan::Year => "Points each year",
            BarSpan::Decade => "Points each decade",
        }
    }
}

/// A line of the table behind the chart.
pub struct HistoryLine {
    /// The days.
    pub days: String,
    /// Their points.
    pub points: String,
    /// The total at their end.
    pub total: String,
}

/// The running total, drawn. Its own range fills the height, since otherwise a year of a long history would be a flat line
/// above zero. Zero is part of the drawing where the total comes near it; there alone the area up to it is filled, for an
/// area that begins elsewhere would show the wrong proportions.
pub struct TotalDrawing {
    /// The line.
    pub line: String,
    /// The area between the line and zero; empty without a line of zero.
    pub area: String,
    /// The line of zero.
    pub zero: Option<i64>,
    /// Where the word for it stands, if it is neither at the top nor at the bottom.
    pub zero_label: Option<i64>,
    /// What the top and the bottom stand for.
    ends: (i64, i64),
}

impl TotalDrawing {
    /// Draws the total as steps: it changes on days with points. It was `before` at the start.
    fn new(before: i64, totals: &[i64]) -> TotalDrawing {
        let all = || totals.iter().copied().chain([before]);
        let (mut low, mut high) = (all().min().unwrap_or(0), all().max().unwrap_or(0));
        let is_near = |nearer: i64, farther: i64| i128::from(nearer) * 2 <= i128::from(farther);
        if low > 0 && is_near(low, high) {
            low = 0;
        }
        if high < 0 && is_near(-high, -low) {
            high = 0;
        }
        let scale = Scale::of(&[high - low], TOTAL_HEIGHT);
        let y = |total: i64| scale.y(total - low);
        let zero = (low <= 0 && 0 <= high && low < high).then(|| y(0));
        let mut line = format!("M0 {}", y(before));
        let mut last = before;
        for (x, &total) in totals.iter().enumerate() {
            if total != last {
                let _ = write!(line, "H{x}V{}", y(total));
                last = total;
            }
        }
        let _ = write!(line, "H{}", totals.len());
        let area = zero.map_or(String::new(), |zero| format!("{line}V{zero}H0z"));
        TotalDrawing {
            line,
            area,
            zero,
            zero_label: zero.and_then(|zero| apart(zero, TOTAL_HEIGHT)),
            ends: (high, low),
        }
    }
}

/// What the top and the bottom of a drawing stand for. If nothing changes, one of the two says it all.
fn ends(top: i64, bottom: i64) -> [String; 2] {
    [format::number(top), if bottom < top { format::number(bottom) } else { String::new() }]
}

/// Where the word for a line stands, unless it would lie over the words for the top or the bottom.
fn apart(line: i64, height: i64) -> Option<i64> {
    let edge = height / 4;
    (edge..=height - edge).contains(&line).then_some(line)
}

/// The chart, and the numbers behind it.
pub struct History {
    /// What a bar stands for.
    pub each: &'static str,
    /// The width of the chart: the number of its bars.
    pub width: i64,
    /// The running total.
    pub total: TotalDrawing,
    /// The bars of what was given. Those of what was taken are in `taken`.
    pub given: String,
    /// See `given`.
    pub taken: String,
    /// The line of zero of the bars.
    pub zero: i64,
    /// Where the word for it stands, if it is neither at the top nor at the bottom.
    pub zero_label: Option<i64>,
    /// The first day, one in the middle and the last.
    pub days: [String; 3],
    /// What the top and the bottom of the running total stand for.
    pub totals: [String; 2],
    /// What the top and the bottom of the bars stand for.
    pub bars: [String; 2],
    /// In words, for those who can't see it.
    pub summary: String,
    /// Bars with points, newest first.
    pub lines: Vec<HistoryLine>,
}

impl History {
    /// Draws a stretch out of all of a user's days, which come oldest first.
    pub fn new(days: &[DayScore], range: ChartRange, today: EventDate) -> History {
        let first = range.first(days, today);
        let span = BarSpan::of(today.days_since(first) + 1);
        let start = span.number(first, today);
        let width = span.number(today, today) - start + 1;
        let before: i64 = days.iter().filter(|day| day.date < first).map(|day| day.score).sum();
        // The points of each bar, with the first and the last day that has points.
        let mut bars: Vec<(i64, Option<(EventDate, EventDate)>)> = vec![(0, None); usize::try_from(width).unwrap_or(1)];
        for day in days.iter().filter(|day| day.date >= first) {
            let at = usize::try_from(span.number(day.date, today) - start).unwrap_or(0);
            if let Some((points, spanned)) = bars.get_mut(at) {
                *points += day.score;
                *spanned = Some((spanned.map_or(day.date, |(first, _)| first), day.date));
            }
        }
        let points: Vec<i64> = bars.iter().map(|(points, _)| *points).collect();
        let totals: Vec<i64> = points
            .iter()
            .scan(before, |total, points| {
                *total += points;
                Some(*total)
            })
            .collect();
        let lines = bars.iter().zip(&totals).rev().filter_map(|((points, spanned), total)| {
            let (first, last) = (*spanned)?;
            let days = if first == last {
                format::short_date(first)
            } else {
                format!("{} to {}", format::short_date(first), format::short_date(last))
            };
            Some(HistoryLine { days, points: format::number(*points), total: format::number(*total) })
        });
        let lines: Vec<HistoryLine> = lines.collect();
        let total = TotalDrawing::new(before, &totals);
        let (given, taken, zero) = draw_bars(&points);
        let sum = totals.last().copied().unwrap_or(before) - before;
        let middle = today.minus_days(u32::try_from(today.days_since(first) / 2).unwrap_or(0));
        let (top, bottom) = total.ends;
        let bars_top = points.iter().copied().max().unwrap_or(0).max(0);
        let bars_bottom = points.iter().copied().min().unwrap_or(0).min(0);
        History {
            each: span.each(),
            width,
            total,
            given,
            taken,
            zero,
            zero_label: apart(zero, BARS_HEIGHT),
            days: [first, middle, today].map(format::short_date),
            totals: ends(top, bottom),
            bars: ends(bars_top, bars_bottom),
            summary: format!(
                "{} from {} to {}, {} in the end",
                format::points(sum),
                format::date(first),
                format::date(today),
                format::number(before + sum)
            ),
            lines,
        }
    }
}

/// A stroke for each bar, in the middle of its unit.
fn draw_bars(points: &[i64]) -> (String, String, i64) {
    let scale = Scale::of(points, BARS_HEIGHT);
    let (mut given, mut taken) = (String::new(), String::new());
    for (x, &points) in points.iter().enumerate().filter(|(_, points)| **points != 0) {
        let path = if points > 0 { &mut given } else { &mut taken };
        let _ = write!(path, "M{x}.5 {}v{}", scale.zero, -scale.length(points));
    }
    (given, taken, scale.zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str, score: i64) -> DayScore {
        DayScore { date: date.parse().expect("a date"), score }
    }

    #[test]
    fn a_long_history_has_bars_of_months() {
        let today = "2026-03-31".parse().expect("a date");
        let days = [day("2014-06-25", 5), day("2026-03-30", 3), day("2026-03-31", -4)];
        let history = History::new(&days, ChartRange::All, today);
        assert_eq!((history.each, history.width), ("Points each month", 142));
        assert_eq!(history.lines[0].days, "30 Mar 2026 to 31 Mar 2026");
        assert_eq!((history.lines[0].points.as_str(), history.lines[0].total.as_str()), ("−1", "4"));
        assert_eq!(history.lines.len(), 2);
        assert_eq!(History::new(&days, ChartRange::Month, today).width, 30);
        assert_eq!(History::new(&days, ChartRange::Year, today).width, 365);
        assert_eq!(History::new(&days, ChartRange::Month, today).totals, ["8", "0"]);
    }

    #[test]
    fn zero_is_drawn_where_the_total_comes_near_it_and_nothing_is_filled_elsewhere() {
        let drawn = |before: i64, totals: &[i64]| {
            let drawing = TotalDrawing::new(before, totals);
            (drawing.ends, drawing.zero, !drawing.area.is_empty())
        };
        assert_eq!(drawn(5, &[8, 10]), ((10, 0), Some(200), true));
        assert_eq!(drawn(6, &[8, 10]), ((10, 6), None, false));
        assert_eq!(drawn(-5, &[5]), ((5, -5), Some(100), true));
        assert_eq!(drawn(-6, &[-10]), ((-6, -10), None, false));
        assert_eq!(drawn(-5, &[-10]), ((0, -10), Some(0), true));
        assert_eq!(drawn(0, &[0]), ((0, 0), None, false));
        assert_eq!(TotalDrawing::new(-5, &[5]).zero_label, Some(100));
        assert_eq!(TotalDrawing::new(0, &[5]).zero_label, None);
        assert_eq!(TotalDrawing::new(5, &[8, 10]).area, "M0 100H0V40H1V0H2V200H0z");
    }

    #[test]
    fn any_history_has_room() {
        let today = EventDate::MAX;
        for days in [vec![], vec![day("0001-01-01", i64::from(i32::MAX)), day("9999-12-31", i64::from(i32::MIN))]] {
            for range in ChartRange::ALL {
                let history = History::new(&days, range, today);
                assert!(history.width <= 1_000, "{}", history.width);
            }
        }
        assert_eq!(History::new(&[], ChartRange::All, EventDate::MIN).width, 1);
    }
}
