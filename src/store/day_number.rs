//! A date as the table of scores holds it: a month and a day of that month, or both in one number.

use chrono::{Datelike, NaiveDate};
use rusqlite::Row;
use rusqlite::types::{FromSqlError, ToSql, ToSqlOutput};

use super::error::StoreError;
use crate::domain::EventDate;

/// A date as the number YYYYMMDD, which sorts as dates do. Scores are read by the million: reading each date as a day of the
/// calendar would take longer than all else that is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayNumber(u32);

impl DayNumber {
    /// The day of a row of scores. `month` and `day` say in which columns of the row the two numbers stand.
    pub(super) fn read(row: &Row<'_>, month: usize, day: usize) -> rusqlite::Result<DayNumber> {
        Ok(DayNumber(row.get::<_, u32>(month)? * 100 + row.get::<_, u32>(day)?))
    }

    /// The day of a date that is written `YYYY-MM-DD`. The columns of other tables hold dates in this form.
    pub(super) fn of_text(text: &str) -> DayNumber {
        DayNumber(text.bytes().filter(u8::is_ascii_digit).fold(0, |day, digit| day * 10 + u32::from(digit - b'0')))
    }

    /// A day of that month, whether or not the calendar has it.
    pub(super) fn of_month(month: u32, day: u32) -> DayNumber {
        DayNumber(month * 100 + day)
    }

    /// The month as the number YYYYMM.
    pub fn month(self) -> u32 {
        self.0 / 100
    }

    /// The day of the month.
    pub fn of_its_month(self) -> u32 {
        self.0 % 100
    }

    /// The day as a date of the calendar.
    ///
    /// # Errors
    /// The calendar has no such day: only a damaged file holds it.
    pub fn date(self) -> Result<EventDate, StoreError> {
        // A year has four digits at most.
        NaiveDate::from_ymd_opt((self.month() / 100) as i32, self.month() % 100, self.of_its_month())
            .map(EventDate::saturating)
            .ok_or_else(|| StoreError::Damaged(format!("a score of the day {:08}", self.0)))
    }

    /// Reads a date from a row, and fails where [`DayNumber::date`] would.
    pub(super) fn read_date(row: &Row<'_>, month: usize, day: usize) -> rusqlite::Result<EventDate> {
        Ok(DayNumber::read(row, month, day)?.date().map_err(FromSqlError::other)?)
    }
}

impl From<EventDate> for DayNumber {
    fn from(date: EventDate) -> DayNumber {
        let date = date.calendar_day();
        // A date never has a year before the year 1, so nothing is lost here.
        DayNumber::of_month(date.year().unsigned_abs() * 100 + date.month(), date.day())
    }
}

impl ToSql for DayNumber {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_sorts_and_comes_back_as_a_date() {
        let dates = ["0001-01-01", "0999-12-31", "2024-02-29", "2024-03-01", "9999-12-31"];
        let days = dates.map(DayNumber::of_text);
        assert!(days.is_sorted());
        for (day, text) in days.into_iter().zip(dates) {
            let date: EventDate = text.parse().expect("a date");
            assert_eq!((DayNumber::from(date), day.date().expect("a date")), (day, date));
            assert_eq!(DayNumber::of_month(day.month(), day.of_its_month()), day);
        }
        assert!(DayNumber::of_month(202302, 29).date().is_err());
    }
}
