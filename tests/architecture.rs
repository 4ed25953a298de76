//! The house keeps its rules: which room may name which, where SQL and Rocket may stand, and how long a file may be.
//!
//! The checks read the text of `src/` as Rust's own lexer does, and follow each name to the file that defines it. What they
//! mean by a circle is said in `architecture/rules.rs`.

mod made_up;
mod rules;
mod source;
mod tree;

use std::collections::BTreeSet;
use std::path::Path;

use self::rules::{Arrows, Texts};
use self::tree::Tree;

/// Each room and the rooms that it may name, from the ground up.
const ROOMS: Arrows<'static> = &[
    ("domain", &[]),
    ("metrics", &[]),
    ("tables", &["domain"]),
    ("store", &["domain", "metrics"]),
    ("export", &["store", "tables", "domain"]),
    ("rollup", &["store", "domain", "metrics"]),
    ("standings", &["store", "domain"]),
    ("actions", &["rollup", "standings", "store", "domain", "metrics"]),
    ("jobs", &["actions", "rollup", "store", "domain"]),
    // A request's line goes to the log under the name that the log knows it by.
    ("web", &["jobs", "actions", "standings", "rollup", "store", "logging", "domain", "metrics"]),
    ("api", &["web", "export", "tables", "actions", "standings", "store", "rollup", "domain", "metrics"]),
    ("pages", &["web", "jobs", "export", "tables", "actions", "standings", "store", "rollup", "domain"]),
    // The door knows of a request's client, of its errors, and of the length of its body; all else is Rocket's.
    ("front", &["web", "metrics"]),
    ("config", &["domain", "rollup", "jobs"]),
    ("logging", &["config", "domain"]),
    ("show", &[]),
    ("systemd", &["store"]),
    (
        "server",
        &[
            "front",
            "api",
            "pages",
            "web",
            "jobs",
            "actions",
            "standings",
            "rollup",
            "store",
            "config",
            "logging",
            "show",
            "systemd",
            "domain",
            "metrics",
        ],
    ),
    ("cli", &["config", "logging", "show", "export", "tables", "actions", "rollup", "store", "domain", "server"]),
    // Hostile bytes for what reads them, whichever room it is in.
    ("fuzzing", &["front", "api", "web", "tables", "domain"]),
    ("main", &["cli", "server"]),
    ("lib", &[]),
];

/// What offends against a rule today. An entry is taken out with its offence, and none is added.
const KNOWN_OFFENCES: &[&str] = &[];

/// The Rust files of the project.
fn texts() -> Texts {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Texts::new();
    let mut open: Vec<_> = ["src", "tests", "benches", "examples"].iter().map(|folder| root.join(folder)).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a folder");
            open.extend(entries.map(|entry| entry.expect("an entry of the folder").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).expect("a path in the project").to_str().expect("a name in UTF-8");
            texts.insert(name.to_owned(), std::fs::read_to_string(&path).expect("a text"));
        }
    }
    assert!(texts.len() > 150, "only {} files were found", texts.len());
    texts
}

/// All offences of the project.
fn offences() -> BTreeSet<String> {
    let texts = texts();
    let tree = Tree::read(&texts);
    let checks = [
        rules::arrows(&tree, ROOMS),
        rules::types_only(&tree, "web", "store"),
        rules::circles(&tree),
        rules::sql(&tree),
        rules::rocket(&tree),
        rules::changes(&tree),
        rules::lengths(&texts),
        rules::unnamed(&texts, "src/", &["src/lib.rs", "src/main.rs"]),
        rules::unnamed(&texts, "tests/", &["tests/main.rs"]),
    ];
    checks.into_iter().flatten().collect()
}

#[test]
fn the_house_keeps_its_rules() {
    let known: BTreeSet<String> = KNOWN_OFFENCES.iter().map(|&offence| offence.to_owned()).collect();
    let offences = offences();
    let new: Vec<&String> = offences.difference(&known).collect();
    assert!(new.is_empty(), "against the rules of the house: {new:#?}");
    let mended: Vec<&String> = known.difference(&offences).collect();
    assert!(mended.is_empty(), "these are mended, take them out of KNOWN_OFFENCES: {mended:#?}");
}
