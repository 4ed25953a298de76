//! Numbers, dates and texts as people read them.

use std::borrow::Cow;

use crate::domain::{EventDate, Timestamp, misleads};

/// The sign before a number below zero: a real minus sign, as wide as the digits.
const MINUS: char = '−';

/// A whole number with its thousands apart: `12,345`, `−1,200`.
pub fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + MINUS.len_utf8());
    if number < 0 {
        text.push(MINUS);
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A change as a number, with a plus if it adds.
pub fn signed(points: i64) -> String {
    if points > 0 { format!("+{}", number(points)) } else { number(points) }
}

/// A count with its noun: `1 point`, `2 points`.
pub fn count(count: i64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count.abs() == 1 { one } else { many })
}

/// A number of points: `1 point`, `−1 point`, `1,200 points`.
pub fn points(points: i64) -> String {
    count(points, "point", "points")
}

/// The word for points after a number of them: `point` after 1 and −1, else `points`.
pub fn unit(points: i64) -> &'static str {
    if points.abs() == 1 { "point" } else { "points" }
}

/// Days in a row: `18–25 November 2026`, `1 Sep–30 Nov 2026`, `1 Dec 2025–28 Feb 2026`.
pub fn days(first: EventDate, last: EventDate) -> String {
    let (from, to) = (first.calendar_day(), last.calendar_day());
    let form = |day: chrono::NaiveDate, form: &str| day.format(form).to_string();
    if first == last {
        date(last)
    } else if form(from, "%Y %m") == form(to, "%Y %m") {
        format!("{}–{}", form(from, "%-d"), date(last))
    } else if form(from, "%Y") == form(to, "%Y") {
        format!("{}–{}", form(from, "%-d %b"), short_date(last))
    } else {
        format!("{}–{}", short_date(first), short_date(last))
    }
}

/// A day: `14 April 2023`.
pub fn date(day: EventDate) -> String {
    day.calendar_day().format("%-d %B %Y").to_string()
}

/// A moment: `14 April 2023, 09:30 UTC`.
pub fn moment(moment: Timestamp) -> String {
    moment.moment().format("%-d %B %Y, %H:%M UTC").to_string()
}

/// A moment in short form: `14 Apr 2023, 09:30`.
pub fn short_moment(moment: Timestamp) -> String {
    moment.moment().format("%-d %b %Y, %H:%M").to_string()
}

/// A day in short form: `14 Apr 2023`.
pub fn short_date(day: EventDate) -> String {
    day.calendar_day().format("%-d %b %Y").to_string()
}

/// A text by somebody else without characters that can't be seen but change how the rest looks: control characters, and
/// marks that turn the direction of writing. A sign in place of each shows that something was there.
pub fn plain(text: &str) -> Cow<'_, str> {
    let unwanted = |character: char| misleads(character) && character != '\n' && character != '\t';
    if text.contains(unwanted) { text.replace(unwanted, "\u{fffd}").into() } else { text.into() }
}

/// At most `characters_max` characters of a text. An ellipsis shows that some were cut off.
pub fn cut(text: &str, characters_max: usize) -> String {
    match text.char_indices().nth(characters_max) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (value, text) in [
            (0, "0"),
            (7, "7"),
            (999, "999"),
            (1000, "1,000"),
            (-1200, "−1,200"),
            (-12, "−12"),
            (1_234_567, "1,234,567"),
            (i64::MIN, "−9,223,372,036,854,775,808"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!([signed(5), signed(0), signed(-5)], ["+5", "0", "−5"]);
        assert_eq!([1, 0, -1, 1200].map(points), ["1 point", "0 points", "−1 point", "1,200 points"]);
    }

    #[test]
    fn dates_are_written_out() {
        let day: EventDate = "2023-04-05".parse().expect("a date");
        assert_eq!(date(day), "5 April 2023");
        assert_eq!(short_date(day), "5 Apr 2023");
        assert_eq!(date(EventDate::MIN), "1 January 0001");
        for (first, last, text) in [
            ("2026-11-18", "2026-11-25", "18–25 November 2026"),
            ("2026-11-25", "2026-11-25", "25 November 2026"),
            ("2026-09-01", "2026-11-30", "1 Sep–30 Nov 2026"),
            ("2025-12-01", "2026-02-28", "1 Dec 2025–28 Feb 2026"),
            ("2025-11-30", "2026-11-30", "30 Nov 2025–30 Nov 2026"),
        ] {
            assert_eq!(days(first.parse().expect("a date"), last.parse().expect("a date")), text);
        }
    }

    #[test]
    fn what_is_not_seen_is_shown() {
        assert_eq!(plain("Ärger, שלום 🎉\n"), "Ärger, שלום 🎉\n");
        assert_eq!(plain("a\u{202e}b\u{0}c\u{1b}[31md\u{2066}"), "a�b�c�[31md�");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöü", 2), "äö…");
        assert_eq!(cut("ab cd", 3), "ab…");
    }
}
