//! The rows that are moved: events of 100,000 users over two years, as a CSV file and as the bodies of batches.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// How many users there are.
const USERS: u64 = 100_000;

/// The rows, the same at every run.
pub struct Table {
    /// The CSV file.
    pub file: PathBuf,
    rows: usize,
}

/// A row.
struct Row {
    user_id: u64,
    date: String,
    points: i64,
    description: String,
}

/// Row by row, drawn by a generator of our own: every run moves the same ones.
fn rows(count: usize) -> impl Iterator<Item = Row> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    (0..count).map(move |number| Row {
        user_id: 1 + draw(USERS),
        date: format!("{}-{:02}-{:02}", 2024 + draw(2), 1 + draw(12), 1 + draw(28)),
        points: i64::try_from(draw(60)).expect("a small number") - 10,
        description: if number % 3 == 0 { format!("Karaoke night, song {}", draw(1000)) } else { String::new() },
    })
}

impl Table {
    /// Writes the file.
    pub fn generate(folder: &Path, count: usize) -> Table {
        let mut csv = String::from("user_id,date,points,description\n");
        for Row { user_id, date, points, description } in rows(count) {
            let quoted = if description.is_empty() { String::new() } else { format!("\"{description}\"") };
            writeln!(csv, "{user_id},{date},{points},{quoted}").expect("memory");
        }
        let file = folder.join("rows.csv");
        std::fs::write(&file, csv).expect("a file");
        Table { file, rows: count }
    }

    /// The bodies of batches of so many rows.
    pub fn bodies(&self, size: usize) -> Vec<String> {
        let mut bodies = Vec::new();
        let mut body = String::new();
        for (index, Row { user_id, date, points, description }) in rows(self.rows).enumerate() {
            body.push_str(if index % size == 0 { "{\"events\":[" } else { "," });
            let event = format!("{{\"user_id\":{user_id},\"date\":\"{date}\",\"points\":{points}");
            body.push_str(&event);
            if !description.is_empty() {
                write!(body, ",\"description\":\"{description}\"").expect("memory");
            }
            body.push('}');
            if (index + 1) % size == 0 || index + 1 == self.rows {
                body.push_str("]}");
                bodies.push(std::mem::take(&mut body));
            }
        }
        bodies
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }
}
