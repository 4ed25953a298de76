//! A database file as SQL text, and what a file holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// Columns that a later migration replaced, with what was done with them. What they said is looked at by hand.
const REPLACED_COLUMNS: &[(&str, &str)] = &[
    // Became the column `scopes`.
    ("api_keys", "read_only"),
];

/// Tables that a later migration replaced.
const REPLACED_TABLES: &[&str] = &[];

/// Columns that a start changes: when something that was under way has ended.
const CHANGED_COLUMNS: &[(&str, &str)] = &[("recalculations", "finished_at")];

/// The numbers of all migrations.
fn migrations() -> Vec<u32> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let names = std::fs::read_dir(folder).expect("migrations").map(|entry| entry.expect("a file").file_name());
    let numbers = names.filter_map(|name| name.to_str()?.strip_prefix('V')?.split_once("__")?.0.parse().ok());
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    numbers
}

/// The number of the newest layout.
pub fn newest() -> u32 {
    *migrations().last().expect("a migration")
}

/// The numbers of the layouts that there is a file of.
pub fn layouts() -> Vec<u32> {
    migrations().into_iter().filter(|layout| text_of(*layout).is_some()).collect()
}

/// Where the file of a layout lies.
pub fn path_of(layout: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/layouts/V{layout}.sql"))
}

/// The file of a layout, as SQL.
pub fn text_of(layout: u32) -> Option<String> {
    std::fs::read_to_string(path_of(layout)).ok()
}

/// Makes `scores.db` of that layout, as if it had been in use a moment ago, and tells what it holds.
pub fn make_file_of(layout: u32, folder: &Path) -> Contents {
    let file = folder.join("scores.db");
    let connection = Connection::open(&file).expect("a new file");
    connection.pragma_update(None, "journal_mode", "wal").expect("a log");
    connection.execute_batch(&text_of(layout).expect("a file of that layout")).expect("SQL that can be run");
    // What is kept for some time only would be forgotten by the first start.
    for (table, column) in [("idempotency_keys", "created_at"), ("audit_entries", "at")] {
        if !columns(&connection, table).is_empty() {
            let now = format!("UPDATE {table} SET {column} = unixepoch() * 1000");
            connection.execute_batch(&now).expect("it is changed");
        }
    }
    Contents::of(&connection)
}

/// All columns of a table, those too that are not stored; none if there is no such table.
fn columns(connection: &Connection, table: &str) -> Vec<String> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_xinfo(?1)").expect("a statement");
    let names = statement.query_map([table], |row| row.get(0)).expect("columns");
    names.collect::<Result<_, _>>().expect("names")
}

fn texts(connection: &Connection, select: &str) -> Vec<String> {
    let mut statement = connection.prepare(select).unwrap_or_else(|fault| panic!("{select}: {fault}"));
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().unwrap_or_else(|fault| panic!("{select}: {fault}"))
}

fn tables(connection: &Connection) -> Vec<String> {
    const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'
                          AND name <> 'refinery_schema_history'";
    texts(connection, TABLES)
}

/// What a file holds: of each table its columns, and its rows as text.
#[derive(Debug, Default)]
pub struct Contents(BTreeMap<String, (Vec<String>, Vec<String>)>);

impl Contents {
    pub fn of(connection: &Connection) -> Contents {
        let mut contents = Contents::default();
        for table in tables(connection) {
            let mut kept = columns(connection, &table);
            kept.retain(|column| {
                ![REPLACED_COLUMNS, CHANGED_COLUMNS].concat().contains(&(table.as_str(), column.as_str()))
            });
            let rows = rows(connection, &table, &kept);
            contents.0.insert(table, (kept, rows));
        }
        contents
    }

    /// Fails unless the file is sound and holds all this.
    #[track_caller]
    pub fn assert_kept(&self, file: &Path, layout: u32) {
        let connection = Connection::open(file).expect("the file opens");
        assert_eq!(texts(&connection, "SELECT integrity_check FROM pragma_integrity_check"), ["ok"], "layout {layout}");
        assert!(texts(&connection, "SELECT \"table\" FROM pragma_foreign_key_check").is_empty(), "layout {layout}");
        assert_eq!(layout_of(&connection), newest(), "layout {layout}");
        for (table, (columns, rows_before)) in &self.0 {
            if REPLACED_TABLES.contains(&table.as_str()) {
                continue;
            }
            assert!(!rows_before.is_empty(), "the file of layout {layout} has nothing in {table}");
            let after = rows(&connection, table, columns);
            assert!(after == *rows_before, "{table} of layout {layout}:\n{rows_before:#?}\nbecame\n{after:#?}");
        }
        if self.0.contains_key("scores") {
            const SUMS: &str = "SELECT concat_ws(' ', user_id, date, sum(points), count(*)) FROM score_events
                                GROUP BY user_id, date ORDER BY user_id, date";
            const SCORES: &str =
                "SELECT concat_ws(' ', user_id, date, score, events) FROM scores ORDER BY user_id, date";
            assert_eq!(texts(&connection, SCORES), texts(&connection, SUMS), "layout {layout}");
        }
        if let Some((columns, _)) = self.0.get("api_keys")
            && !columns.iter().any(|column| column == "scopes")
        {
            const SCOPES: &str = "SELECT scopes FROM api_keys ORDER BY id";
            let scopes = texts(&connection, SCOPES);
            assert!(scopes[0].contains("events:award") && !scopes[1].contains("events:award"), "{scopes:?}");
        }
    }
}

/// Which migration was the file's last.
pub fn layout_of(connection: &Connection) -> u32 {
    let last = "SELECT max(version) FROM refinery_schema_history";
    connection.query_row(last, [], |row| row.get(0)).expect("a history of migrations")
}

fn rows(connection: &Connection, table: &str, columns: &[String]) -> Vec<String> {
    let cells: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
    texts(connection, &format!("SELECT {} AS line FROM {table} ORDER BY line", cells.join(" || ', ' || ")))
}

/// A file as SQL that makes it again.
pub fn as_sql(connection: &Connection) -> String {
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).expect("a mark");
    let mut text = format!("PRAGMA application_id = {id};\nBEGIN;\nPRAGMA defer_foreign_keys = on;\n");
    let made = |kind: &str| {
        let select = format!(
            "SELECT sql FROM sqlite_schema WHERE type {kind} 'table' AND sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY rowid"
        );
        texts(connection, &select).into_iter().map(|sql| sql + ";\n").collect::<String>()
    };
    text.push_str(&made("="));
    let mut filled = tables(connection);
    filled.push("refinery_schema_history".to_owned());
    for table in filled {
        const STORED: &str = "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0";
        let mut statement = connection.prepare(STORED).expect("a statement");
        let names = statement.query_map([&table], |row| row.get(0)).expect("columns");
        let stored: Vec<String> = names.collect::<Result<_, _>>().expect("names");
        let mut lines = rows(connection, &table, &stored);
        // In the order of their first number, as far as the text tells it.
        lines.sort_by_key(|line| line.split(", ").next().and_then(|first| first.parse::<i64>().ok()));
        for line in lines {
            text.push_str(&format!("INSERT INTO {table} ({}) VALUES ({line});\n", stored.join(", ")));
        }
    }
    // Which ids were given, also those of rows that are gone.
    text.push_str("DELETE FROM sqlite_sequence;\n");
    for line in rows(connection, "sqlite_sequence", &["name".to_owned(), "seq".to_owned()]) {
        text.push_str(&format!("INSERT INTO sqlite_sequence (name, seq) VALUES ({line});\n"));
    }
    text.push_str(&made("<>"));
    text.push_str("COMMIT;\n");
    text
}
