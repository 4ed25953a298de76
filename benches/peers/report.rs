//! Figures, tables of them, and what is remembered for the last one.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::load::Load;

/// Figures by name, in the units of the tables: requests a second, milliseconds, seconds, megabytes.
#[derive(Debug, Default)]
pub struct Facts(BTreeMap<String, f64>);

impl Facts {
    /// Remembers a figure.
    pub fn note(&mut self, name: impl Into<String>, figure: f64) {
        self.0.insert(name.into(), figure);
    }

    /// Remembers a load: its rate under the name, its p99 under `name.p99`.
    pub fn note_load(&mut self, name: impl Into<String>, load: &Figures) {
        let name = name.into();
        self.note(format!("{name}.p99"), load.p99_ms);
        self.note(name, load.rate);
    }

    /// A figure, if its part was run.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }
}

/// The medians of several runs of one load.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Requests a second.
    pub rate: f64,
    /// Latencies in milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 stayed within.
    pub p99_ms: f64,
    /// 999 of 1,000 stayed within.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Figures {
    /// Of these runs.
    pub fn of(runs: &[Load]) -> Figures {
        let middle = |figure: &dyn Fn(&Load) -> f64| median(runs.iter().map(figure).collect());
        Figures {
            rate: middle(&|run| run.rate),
            p50_ms: middle(&|run| millis(run.latencies.quantile(0.5))),
            p99_ms: middle(&|run| millis(run.latencies.quantile(0.99))),
            p999_ms: middle(&|run| millis(run.latencies.quantile(0.999))),
            max_ms: middle(&|run| millis(run.latencies.max())),
        }
    }
}

/// The middle one.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A time in milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A number with as many digits as it is worth: `12,345`, `123`, `12.3`, `1.23`.
pub fn number(figure: f64) -> String {
    if figure.abs() < 10.0 {
        return format!("{figure:.2}");
    }
    if figure.abs() < 100.0 {
        return format!("{figure:.1}");
    }
    let digits = format!("{:.0}", figure.abs());
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if figure < 0.0 { format!("-{grouped}") } else { grouped }
}

/// A table in Markdown, which reads well as it is.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With those columns.
    pub fn new(head: &[&str]) -> Table {
        Table { rows: vec![head.iter().map(|&cell| cell.to_owned()).collect()] }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        assert_eq!(N, self.rows[0].len(), "as many cells as columns");
        self.rows.push(cells.into());
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// Prints it under a heading.
    pub fn print(&self, heading: &str) {
        println!("\n### {heading}\n\n{self}");
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..self.rows[0].len()).map(width).collect();
        for (index, row) in self.rows.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")?;
            if index == 0 {
                for width in &widths {
                    write!(f, "|{:-<1$}", "", width + 2)?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

/// What has to be reached, and whether it was: `0.43 (at least 0.40: reached)`.
pub fn at_least(figure: f64, target: f64) -> String {
    verdict(figure, target, "at least", figure >= target)
}

/// The same where less is better.
pub fn at_most(figure: f64, target: f64) -> String {
    verdict(figure, target, "at most", figure <= target)
}

fn verdict(figure: f64, target: f64, bound: &str, reached: bool) -> String {
    let reached = if reached { "reached" } else { "missed" };
    format!("{} ({bound} {target}: {reached})", number(figure))
}
