//! Moving rows in and out in bulk, alone; the table is also a part of `peers`.
//!
//! `cargo bench --bench bulk`, with `-- --rows N` (a million unless said otherwise), `-- --rounds N`, `-- --server FILE` to
//! measure another build, or `-- --smoke` for a run of seconds that only shows that it works. The sqlite3 program and
//! PostgreSQL are left out where they are not installed.

#[path = "../peers/bulk/mod.rs"]
mod bulk;
#[path = "../peers/private_postgres.rs"]
mod private_postgres;
#[path = "../peers/programs.rs"]
mod programs;

use std::path::PathBuf;

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
    bulk::run(program, rows, rounds);
}
