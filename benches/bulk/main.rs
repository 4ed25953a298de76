//! How many rows a second go in and out in bulk, and how much memory that takes: `import`, batches over HTTP and `export`,
//! beside SQLite's own `.import` and PostgreSQL's COPY, each followed by one statement that makes the sums of users and days.
//!
//! `cargo bench --bench bulk`, with `-- --rows N` (a million unless said otherwise), `-- --rounds N`, `-- --server FILE` to
//! measure another build, or `-- --smoke` for a run of seconds that only shows that it works. All take the same rows, on
//! empty files, in turn. The sqlite3 program and PostgreSQL are left out where they are not installed.

#[path = "../peers/private_postgres.rs"]
mod private_postgres;
#[path = "../peers/programs.rs"]
mod programs;
mod rivals;
mod rows;
mod work;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use private_postgres::Postgres;
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

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let smoke = arguments.iter().any(|argument| argument == "--smoke");
    let after = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1))
    };
    let number = |name: &str, usual| after(name).map_or(usual, |text| text.parse().expect("a number"));
    let rows = number("--rows", if smoke { 20_000 } else { 1_000_000 });
    let rounds = number("--rounds", if smoke { 1 } else { 3 });
    let program = after("--server").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_scorekeeper")), PathBuf::from);
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
    println!("{rows} rows; medians of {rounds} rounds in turn\n");
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
