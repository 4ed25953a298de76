//! Keys as a test makes and uses them: by the command line, and in the headers of a request.

use std::path::Path;

use super::{Reply, Request, Run, Server, run};

/// Every scope, as the contract lists them.
pub const SCOPES: [&str; 10] = [
    "events:read",
    "events:award",
    "events:deduct",
    "events:correct",
    "recalculate",
    "boards",
    "users",
    "keys",
    "export",
    "metrics",
];

/// Runs `scorekeeper keys …` on the folder's `scores.db`.
pub fn keys(folder: &Path, args: &[&str]) -> Run {
    run(folder, &[&["--database", "scores.db", "keys"], args].concat())
}

/// Makes a key by the command line.
#[track_caller]
pub fn make_key(folder: &Path, args: &[&str]) -> String {
    let made = keys(folder, &[&["create"], args].concat());
    assert_eq!(made.code, Some(0), "{made:?}");
    made.stdout.strip_suffix('\n').expect("a line").to_owned()
}

/// Puts a new key in the place of another.
#[track_caller]
pub fn rotate(folder: &Path, args: &[&str]) -> String {
    let made = keys(folder, &[&["rotate"], args].concat());
    assert_eq!(made.code, Some(0), "{made:?}");
    made.stdout.strip_suffix('\n').expect("a line").to_owned()
}

/// Revokes a key.
#[track_caller]
pub fn revoke(folder: &Path, id: i64) {
    let revoked = keys(folder, &["revoke", &id.to_string()]);
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
}

/// A request as `system` with a key.
pub fn with_key<'s>(server: &'s Server, key: &str, method: &str, path: &str) -> Request<'s> {
    server.anonymous(method, path).header("Api-Key", key).header("Api-Username", "system")
}

/// The reply to a list of events as `system` with a key.
pub fn list(server: &Server, key: &str) -> Reply {
    with_key(server, key, "GET", super::EVENTS).send()
}

/// All that is stored, save when and from where keys were used, and when a recalculation has ended.
pub fn stored(server: &Server) -> String {
    let connection = server.sql();
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
        .and_then(|mut tables| tables.query_map([], |row| row.get(0))?.collect())
        .expect("the names of tables");
    let mut text = String::new();
    for table in tables {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).expect("a table");
        let columns: Vec<String> = statement.column_names().iter().map(|name| (*name).to_owned()).collect();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            let cells =
                columns.iter().enumerate().filter(|(_, name)| !name.starts_with("last_used") && *name != "finished_at");
            let cells: Vec<_> = cells.map(|(index, _)| format!("{:?}", row.get_ref(index))).collect();
            text.push_str(&format!("{table}: {}\n", cells.join(" ")));
        }
    }
    text
}
