//! Each rule is seen to fail, on small trees that are made up.

use std::collections::BTreeSet;

use crate::architecture::rules::{self, Texts};
use crate::architecture::tree::Tree;

fn texts(files: &[(&str, &str)]) -> Texts {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

/// A tree of these files, with a `src/lib.rs` that names nothing.
fn tree(files: &[(&str, &str)]) -> Tree {
    let mut texts = texts(files);
    texts.entry("src/lib.rs".to_owned()).or_default();
    Tree::read(&texts)
}

#[track_caller]
fn assert_offences(found: &BTreeSet<String>, wanted: &[&str]) {
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
}

const STORE: (&str, &str) = ("src/store/mod.rs", "mod writer; pub use self::writer::Writer; pub fn open() {}");
const WRITER: (&str, &str) = ("src/store/writer.rs", "pub struct Writer;");

#[test]
fn an_arrow_against_the_table_is_found_however_it_is_written() {
    let table: rules::Arrows<'_> = &[("store", &["domain"]), ("domain", &[]), ("lib", &[])];
    for text in [
        "use crate::store::Writer;",
        "pub(crate) use crate::{store::{self, Writer as Pen}};",
        "fn ask() { crate::store::open() }",
        "struct Day { pen: Option<super::store::Writer> }",
        "fn ask() { if true { use crate::store; store::open() } }",
        "fn ask() { log!(\"{}\", crate::store::open()) }",
        "#[derive(crate::store::Row)] struct Day;",
        "mod inner { use super::super::store::Writer; }",
        "macro_rules! ask { () => { $crate::store::open() } }",
    ] {
        let found = rules::arrows(&tree(&[STORE, WRITER, ("src/domain.rs", text)]), table);
        assert!(found.contains("src/domain.rs names store"), "{text}: {found:?}");
    }
    for text in [
        "// use crate::store::Writer;",
        "const A: &str = \"crate::store::open()\";",
        "mod a { use super::Day; } struct Day;",
        "#[cfg(test)] mod tests { use crate::store::Writer; }",
    ] {
        assert_offences(&rules::arrows(&tree(&[STORE, WRITER, ("src/domain.rs", text)]), table), &[]);
    }
    let elsewhere = tree(&[STORE, WRITER, ("src/attic.rs", "")]);
    assert_offences(&rules::arrows(&elsewhere, table), &["src/attic.rs is in no room of the table"]);
}

#[test]
fn a_room_that_may_name_types_calls_no_function() {
    let found = |text| rules::types_only(&tree(&[STORE, WRITER, ("src/web.rs", text)]), "web", "store");
    assert_offences(&found("use crate::store::{self, Writer}; struct App { writer: Writer }"), &[]);
    assert_offences(&found("use crate::store; fn f() { store::open() }"), &["src/web.rs calls store's open"]);
    assert_offences(&found("use crate::store::open;"), &["src/web.rs calls store's open"]);
}

#[test]
fn two_files_that_name_each_other_are_a_circle() {
    let parent = (
        "src/web/mod.rs",
        "mod caller; mod session; mod reply; pub use self::caller::Caller; pub use self::session::Session;",
    );
    let circle = ["src/web/caller.rs ↔ src/web/session.rs"];
    let ways = [
        ("use crate::web::session::Session; pub struct Caller;", "use super::caller::Caller; pub struct Session;"),
        ("use super::Session; pub struct Caller;", "use super::Caller; pub struct Session;"),
        ("use super::session; pub struct Caller(session::Session);", "pub struct Session(crate::web::Caller);"),
    ];
    for (caller, session) in ways {
        let tree =
            tree(&[parent, ("src/web/caller.rs", caller), ("src/web/session.rs", session), ("src/web/reply.rs", "")]);
        assert_offences(&rules::circles(&tree), &circle);
    }
    // Three in a ring.
    let ring = tree(&[
        parent,
        ("src/web/caller.rs", "use super::Session; pub struct Caller;"),
        ("src/web/session.rs", "use super::reply::Reply; pub struct Session;"),
        ("src/web/reply.rs", "use super::Caller; pub struct Reply;"),
    ]);
    assert_offences(&rules::circles(&ring), &["src/web/caller.rs ↔ src/web/reply.rs ↔ src/web/session.rs"]);
    // A parent that lists and calls its children, which use what stands in it.
    let family = tree(&[
        ("src/cli/mod.rs", "mod keys; pub use self::keys::Keys; pub struct Failure; fn run() { keys::run() }"),
        ("src/cli/keys.rs", "use super::Failure; pub struct Keys; pub fn run() {}"),
    ]);
    assert_offences(&rules::circles(&family), &[]);
}

#[test]
fn sql_and_its_crates_stand_in_the_store_alone() {
    let query = "/// SELECT what.\nconst Q: &str = \"\n  SELECT id\n FROM users\";";
    let tree = tree(&[
        ("src/store.rs", &format!("use rusqlite::Connection; {query}")),
        ("src/api/mod.rs", query),
        ("src/pages.rs", "use rusqlite as db; fn f(c: db::Connection) {}"),
        ("src/jobs.rs", "fn f() -> r2d2::Pool { \"Selected\" }"),
    ]);
    let found = rules::sql(&tree);
    assert_offences(
        &found,
        &["src/api/mod.rs holds SQL: SELECT id", "src/jobs.rs names r2d2", "src/pages.rs names rusqlite"],
    );
}

#[test]
fn rocket_stands_in_its_rooms_alone() {
    let tree = tree(&[
        ("src/api.rs", "use rocket::get;"),
        ("src/domain.rs", "#[derive(rocket::FromForm)] struct A;"),
        ("src/config.rs", "use rocket::{Config, figment::Figment};"),
        ("src/cli.rs", "use rocket::figment::Figment; fn f() { rocket::build() }"),
    ]);
    assert_offences(&rules::rocket(&tree), &["src/cli.rs names rocket", "src/domain.rs names rocket"]);
}

#[test]
fn a_face_that_writes_by_itself_is_found() {
    let tree = tree(&[
        ("src/api.rs", "fn f(app: App) { app.store\n.write(1); app.rollup.recalculate(2) }"),
        ("src/pages.rs", "fn f(app: App) { app.standings.refresh() }"),
        ("src/cli.rs", "fn f() { store.writer().read(); writer.write_blocking(1) }"),
        ("src/actions.rs", "fn f(store: Store) { store.write(1) }"),
    ]);
    assert_offences(
        &rules::changes(&tree),
        &[
            "src/api.rs calls rollup.recalculate",
            "src/api.rs calls store.write",
            "src/cli.rs calls writer.write_blocking",
            "src/pages.rs calls standings.refresh",
        ],
    );
}

#[test]
fn a_long_file_and_one_that_no_module_names_are_found() {
    let texts = texts(&[
        ("tests/main.rs", "mod live; #[cfg(feature = \"x\")] mod pages; mod support;"),
        ("tests/live.rs", "mod streams; #[cfg(test)] mod inner;"),
        ("tests/live/streams.rs", ""),
        ("tests/live/inner.rs", ""),
        ("tests/pages.rs", &"\n".repeat(401)),
        ("tests/support/mod.rs", "mod http;"),
        ("tests/support/http.rs", &"\n".repeat(400)),
        ("tests/forgotten.rs", ""),
        ("tests/live/forgotten.rs", "mod live;"),
    ]);
    assert_offences(&rules::lengths(&texts), &["tests/pages.rs is longer than 400 lines"]);
    assert_offences(
        &rules::unnamed(&texts, "tests/", &["tests/main.rs"]),
        &["tests/forgotten.rs is named by no module", "tests/live/forgotten.rs is named by no module"],
    );
}
