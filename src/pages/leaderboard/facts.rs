//! What is told of a board above its rows: its name, its periods, which days count, and how far its season is.

use super::links::{LeaderboardLinks, NavLink};
use crate::domain::{EventDate, Leaderboard, Period};
use crate::pages::format;

/// The top of a board's page.
pub struct Heading {
    /// What the board is called.
    pub name: String,
    /// The days that count.
    pub dates: String,
    /// The days that count, how far the season is, and how many are ranked, in one line.
    pub facts: String,
    /// The periods.
    pub tabs: Vec<NavLink>,
    /// Whether the standings may still change by themselves, so that the page follows them.
    pub is_live: bool,
    /// The day on which the season begins, if that is in the future.
    pub begins: Option<String>,
    /// Whether the season is over.
    pub is_over: bool,
}

impl Heading {
    /// The top of a board's page. `people` says how many are ranked, if that is known already.
    pub fn new(board: &Leaderboard, links: LeaderboardLinks, today: EventDate, people: Option<usize>) -> Heading {
        let tab = |period: Period| NavLink {
            label: period_label(period).to_owned(),
            url: LeaderboardLinks { period, ..links }.to_page(0),
            current: period == links.period,
        };
        let season = Season::of(board, today);
        // A period none of whose days count shows nothing, so it is not offered.
        let offered = |period: &Period| !board.window(*period, today).is_empty() || *period == links.period;
        let mut tabs: Vec<NavLink> = Period::ALL.into_iter().filter(offered).map(tab).collect();
        if board.period_filter_disabled || tabs.len() < 2 || matches!(season, Season::Ahead(_)) {
            tabs.clear();
        }
        Heading {
            name: format::plain(board.name.as_str()).into_owned(),
            dates: dates(board, links.period, today),
            facts: facts(board, links.period, today, season, people),
            tabs,
            is_live: matches!(season, Season::Running),
            begins: if let Season::Ahead(first) = season { Some(day_of_year(first, today)) } else { None },
            is_over: matches!(season, Season::Over),
        }
    }
}

/// How far a board's own days are.
#[derive(Debug, Clone, Copy)]
enum Season {
    /// They begin on that day.
    Ahead(EventDate),
    /// They count, or the board has no days of its own.
    Running,
    /// The last of them is past.
    Over,
}

impl Season {
    fn of(board: &Leaderboard, today: EventDate) -> Season {
        match (board.from_date, board.to_date) {
            (_, Some(last)) if last < today => Season::Over,
            (Some(first), _) if first > today => Season::Ahead(first),
            _ => Season::Running,
        }
    }
}

fn facts(board: &Leaderboard, period: Period, today: EventDate, season: Season, people: Option<usize>) -> String {
    let mut facts = Vec::new();
    match season {
        Season::Ahead(first) => {
            let ahead = match first.days_since(today) {
                1 => "tomorrow".to_owned(),
                days => format!("in {}", format::count(days, "day", "days")),
            };
            facts.push(format!("Starts on {}, {ahead}", day_of_year(first, today)));
            facts.extend(board.to_date.map(|last| format!("lasts until {}", day_of_year(last, today))));
        }
        Season::Running | Season::Over => {
            let own_days = own_days(board, today);
            match (period, own_days) {
                (Period::AllTime, Some(own_days)) => facts.push(own_days),
                (_, own_days) => {
                    facts.push(dates(board, period, today));
                    facts.extend(own_days.map(|days| format!("season {days}")));
                }
            }
        }
    }
    match (season, board.to_date) {
        (Season::Running, Some(last)) => facts.push(match last.days_since(today) {
            0 => "last day".to_owned(),
            days => format!("{} left", format::count(days, "day", "days")),
        }),
        (Season::Over, _) => facts.push(if period == Period::AllTime { "Final result" } else { "over" }.to_owned()),
        _ => {}
    }
    if !matches!(season, Season::Ahead(_)) {
        facts.extend(people.map(|people| format::count(people as i64, "person", "people")));
    }
    facts.join(" · ")
}

/// The days of a season that has both ends. The year is left out if it is this one.
fn own_days(board: &Leaderboard, today: EventDate) -> Option<String> {
    let (first, last) = (board.from_date?, board.to_date?);
    let days = format::days(first, last);
    let this_year = today.calendar_day().format(" %Y").to_string();
    let is_this_year = [first, last].iter().all(|day| day.calendar_day().format(" %Y").to_string() == this_year);
    Some(if is_this_year { days.trim_end_matches(&this_year).to_owned() } else { days })
}

/// A day, with its year if that is not this year.
fn day_of_year(day: EventDate, today: EventDate) -> String {
    use chrono::Datelike;
    if day.calendar_day().year() == today.calendar_day().year() {
        day.calendar_day().format("%-d %B").to_string()
    } else {
        format::date(day)
    }
}

/// What a period is called on its tab.
pub fn period_label(period: Period) -> &'static str {
    match period {
        Period::AllTime => "All time",
        Period::Yearly => "12 months",
        Period::Quarterly => "3 months",
        Period::Monthly => "1 month",
        Period::Weekly => "7 days",
        Period::Daily => "Since yesterday",
    }
}

/// The days that count, in words.
pub fn dates(board: &Leaderboard, period: Period, today: EventDate) -> String {
    let window = board.window(period, today);
    let (first, last) = (*window.start(), *window.end());
    match (first == EventDate::MIN, last == today) {
        _ if first > last => "No day counts".to_owned(),
        (true, true) => "All time".to_owned(),
        (true, false) => format!("Up to {}", format::date(last)),
        (false, true) if period == Period::AllTime => format!("Since {}", format::date(first)),
        (false, _) => format::days(first, last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> EventDate {
        text.parse().expect("a date")
    }

    fn facts_of(from: Option<&str>, to: Option<&str>, period: Period, today: &str) -> String {
        let board = Leaderboard { from_date: from.map(day), to_date: to.map(day), ..Leaderboard::of_everyone() };
        let today = day(today);
        facts(&board, period, today, Season::of(&board, today), Some(49))
    }

    #[test]
    fn a_season_says_how_far_it_is() {
        let autumn = |today| facts_of(Some("2026-09-01"), Some("2026-11-30"), Period::AllTime, today);
        for (today, said) in [
            ("2026-08-26", "Starts on 1 September, in 6 days · lasts until 30 November"),
            ("2026-08-31", "Starts on 1 September, tomorrow · lasts until 30 November"),
            ("2026-09-01", "1 Sep–30 Nov · 90 days left · 49 people"),
            ("2026-11-25", "1 Sep–30 Nov · 5 days left · 49 people"),
            ("2026-11-29", "1 Sep–30 Nov · 1 day left · 49 people"),
            ("2026-11-30", "1 Sep–30 Nov · last day · 49 people"),
            ("2026-12-01", "1 Sep–30 Nov · Final result · 49 people"),
            ("2027-01-01", "1 Sep–30 Nov 2026 · Final result · 49 people"),
            ("2025-12-31", "Starts on 1 September 2026, in 244 days · lasts until 30 November 2026"),
        ] {
            assert_eq!(autumn(today), said, "on {today}");
        }
        let weekly = |today| facts_of(Some("2026-09-01"), Some("2026-11-30"), Period::Weekly, today);
        assert_eq!(weekly("2026-11-25"), "18–25 November 2026 · season 1 Sep–30 Nov · 5 days left · 49 people");
        assert_eq!(weekly("2026-12-03"), "26–30 November 2026 · season 1 Sep–30 Nov · over · 49 people");
    }

    #[test]
    fn a_board_with_one_end_or_none_says_so() {
        let facts_of = |from, to, period| facts_of(from, to, period, "2026-11-25");
        for (from, to, period, said) in [
            (None, None, Period::AllTime, "All time · 49 people"),
            (None, None, Period::Weekly, "18–25 November 2026 · 49 people"),
            (None, None, Period::Yearly, "25 Nov 2025–25 Nov 2026 · 49 people"),
            (Some("2026-09-01"), None, Period::AllTime, "Since 1 September 2026 · 49 people"),
            (None, Some("2026-11-30"), Period::AllTime, "All time · 5 days left · 49 people"),
            (None, Some("2026-10-31"), Period::AllTime, "Up to 31 October 2026 · Final result · 49 people"),
            (Some("2026-11-26"), None, Period::Daily, "Starts on 26 November, tomorrow"),
        ] {
            assert_eq!(facts_of(from, to, period), said, "{from:?} {to:?} {period}");
        }
    }
}
