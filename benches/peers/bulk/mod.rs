//! How many rows a second go in and out in bulk, and how much memory that takes: `import`, batches over HTTP and `export`,
//! beside SQLite's own `.import` and PostgreSQL's COPY, each followed by one statement that makes the sums of users and days.
//! All take the same rows, on empty files, in turn.

mod rivals;
mod rows;
mod work;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::private_postgres::Postgres;
use rows::Table;

/// One run of one kind of work.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// How long it took.
    pub seconds: f64,
    /// The most memory that the process held, in megabytes; `None`: it was not looked at.
    pub peak_mb: Option<f64>,
}

/// What all kinds of work need.
pub struct Bench {
    /// The program that is measured.
    pub program: PathBuf,
    /// The folder to work in.
    pub folder: tempfile::TempDir,
    /// What is moved.
    pub table: Table,
}

/// A kind of work, by name.
type Work<'b> = (&'static str, Box<dyn FnMut() -> Option<Run> + 'b>);

/// Moves so many rows in and out by each kind of work, in turn, and prints a table.
pub fn run(program: PathBuf, rows: usize, rounds: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // PostgreSQL runs as another user, and has to reach its data in there.
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o711)).expect("a folder to pass through");
    let table = Table::generate(folder.path(), rows);
    let bench = Bench { program, folder, table };
    let postgres = Postgres::start(bench.folder.path());
    let works: Vec<Work<'_>> = vec![
        ("import", Box::new(|| work::import(&bench))),
        ("batches of 1,000", Box::new(|| work::batches(&bench, 1_000))),
        ("batches of 10,000", Box::new(|| work::batches(&bench, 10_000))),
        ("export", Box::new(|| work::export(&bench))),
        ("SQLite .import and sums", Box::new(|| rivals::sqlite(&bench))),
        ("PostgreSQL COPY and sums", Box::new(|| rivals::postgres(&bench, postgres.as_ref()))),
    ];
    println!("\n### {rows} rows in bulk; medians of {rounds} rounds in turn\n");
    report(works, rows as f64, rounds);
}

/// Does all of them in turn, round by round, and prints what came out.
fn report(mut works: Vec<Work<'_>>, rows: f64, rounds: usize) {
    let mut runs: Vec<Vec<Run>> = works.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for ((_, work), runs) in works.iter_mut().zip(&mut runs) {
            runs.extend(work());
        }
    }
    let rate = |runs: &[Run]| median(runs.iter().map(|run| rows / run.seconds).collect());
    let of =
        |name: &str| works.iter().zip(&runs).find(|((known, _), _)| *known == name).and_then(|(_, runs)| rate(runs));
    let ratio = |rate: f64, other: Option<f64>| other.map_or("–".to_owned(), |other| format!("{:.2}", rate / other));
    let (sqlite, copy) = (of("SQLite .import and sums"), of("PostgreSQL COPY and sums"));
    println!("| work | rows a second | of SQLite | of COPY | of import | peak memory, MB |");
    println!("|---|---|---|---|---|---|");
    for ((name, _), runs) in works.iter().zip(&runs) {
        let Some(rate) = rate(runs) else {
            println!("| {name} | left out | | | | |");
            continue;
        };
        let peak = median(runs.iter().filter_map(|run| run.peak_mb).collect());
        let peak = peak.map_or("–".to_owned(), |peak| format!("{peak:.0}"));
        let (of_sqlite, of_copy, of_import) = (ratio(rate, sqlite), ratio(rate, copy), ratio(rate, of("import")));
        println!("| {name} | {rate:.0} | {of_sqlite} | {of_copy} | {of_import} | {peak} |");
    }
}

/// The middle one; `None` of none.
fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}
