//! The rules of the house, each as a check that returns a sentence for every offence.

use std::collections::{BTreeMap, BTreeSet};

use crate::architecture::source::{Path, Source};
use crate::architecture::tree::{Target, Tree, module_of};

/// The paths and texts of files.
pub type Texts = BTreeMap<String, String>;

/// A room of `src/` and the rooms that it may name.
pub type Arrows<'t> = &'t [(&'t str, &'t [&'t str])];

/// The longest that a file may be, in lines.
const LINES_MAX: usize = 400;
/// The crates that speak to SQLite.
const SQL_CRATES: [&str; 4] = ["rusqlite", "r2d2", "r2d2_sqlite", "refinery"];
/// How a statement of SQL begins.
const STATEMENTS: [&str; 9] =
    ["SELECT ", "INSERT ", "UPDATE ", "DELETE FROM ", "WITH ", "PRAGMA ", "CREATE ", "BEGIN ", "ALTER TABLE "];
/// The rooms that speak HTTP.
const ROCKET_ROOMS: [&str; 5] = ["web", "api", "pages", "server", "front"];
/// The rooms that leave every change to `actions`.
const ROOMS_WITHOUT_CHANGES: [&str; 3] = ["api", "pages", "cli"];
/// The calls of which a change is made, by the name on which they are called.
const CHANGES: [(&str, &str); 3] = [("store", "write"), ("standings", "refresh"), ("rollup", "recalculate")];

/// The room that a file belongs to: the first folder under `src/`, or the file itself.
fn room(file: &str) -> String {
    module_of(file).into_iter().next().unwrap_or_else(|| "lib".to_owned())
}

/// A room names only the rooms that the table permits it.
pub fn arrows(tree: &Tree, table: Arrows<'_>) -> BTreeSet<String> {
    let mut offences = BTreeSet::new();
    for (file, _) in tree.files() {
        let from = room(file);
        let Some((_, permitted)) = table.iter().find(|(name, _)| *name == from) else {
            offences.insert(format!("{file} is in no room of the table"));
            continue;
        };
        for target in tree.targets(file, true) {
            if let Target::File(other, _) = target {
                let to = room(&other);
                if to != from && to != "lib" && !permitted.contains(&to.as_str()) {
                    offences.insert(format!("{file} names {to}"));
                }
            }
        }
    }
    offences
}

/// `web` may name the types of `store`, to keep and pass them on, but asks it nothing: it calls no function of it.
pub fn types_only(tree: &Tree, from: &str, to: &str) -> BTreeSet<String> {
    let mut offences = BTreeSet::new();
    for (file, _) in tree.files().filter(|(file, _)| room(file) == from) {
        for target in tree.targets(file, true) {
            if let Target::File(other, item) = target
                && room(&other) == to
                && item.first().is_some_and(|name| name.starts_with(|c: char| c.is_lowercase()))
            {
                offences.insert(format!("{file} calls {to}'s {}", item.join("::")));
            }
        }
    }
    offences
}

/// No file can be reached from itself: nobody has to understand two files at once.
///
/// A file leads to each file in which something is defined that it names, through whatever passes the name on: what a parent
/// passes on from a child (`pub use`) leads to the child. Naming a module without anything of it leads nowhere. A parent does
/// not lead to its own children, since it is there to list and to call them, while they may use what stands in it; so a
/// circle is one of files that stand side by side.
pub fn circles(tree: &Tree) -> BTreeSet<String> {
    let mut ways: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (file, _) in tree.files() {
        let leads = tree.targets(file, false).filter_map(|target| match target {
            Target::File(other, item) if other != file && !item.is_empty() => {
                (!module_of(&other).starts_with(&module_of(file))).then_some(other)
            }
            _ => None,
        });
        ways.insert(file, leads.collect());
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = ways.keys().map(|file| (*file, reachable(&ways, file))).collect();
    let circle_of = |file: &str| {
        let both = reached[file].iter().filter(|other| reached[**other].contains(file)).copied();
        both.collect::<Vec<&str>>().join(" ↔ ")
    };
    ways.keys().map(|file| circle_of(file)).filter(|circle| !circle.is_empty()).collect()
}

/// The files to which the ways lead that begin at `from`.
fn reachable<'w>(ways: &'w BTreeMap<&str, BTreeSet<String>>, from: &'w str) -> BTreeSet<&'w str> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        open.extend(ways.get(file).into_iter().flatten().map(String::as_str).filter(|next| found.insert(next)));
    }
    found
}

/// SQL, and the crates that speak it, are nowhere but in `store`.
pub fn sql(tree: &Tree) -> BTreeSet<String> {
    let mut offences = BTreeSet::new();
    for (file, source) in tree.files().filter(|(file, _)| room(file) != "store") {
        for (name, _) in foreign(tree, file).into_iter().filter(|(name, _)| SQL_CRATES.contains(&name.as_str())) {
            offences.insert(format!("{file} names {name}"));
        }
        for text in &source.texts {
            let text = text.trim_start();
            if STATEMENTS.iter().any(|statement| text.starts_with(statement)) {
                offences.insert(format!("{file} holds SQL: {}", text.lines().next().unwrap_or_default()));
            }
        }
    }
    offences
}

/// Rocket is nowhere but in the rooms that speak HTTP. `config` and `cli` may use its figment, which reads the settings, and
/// `config` its `Config`, for Rocket's own settings.
pub fn rocket(tree: &Tree) -> BTreeSet<String> {
    let mut offences = BTreeSet::new();
    for (file, _) in tree.files().filter(|(file, _)| !ROCKET_ROOMS.contains(&room(file).as_str())) {
        let named = foreign(tree, file).into_iter().filter(|(name, _)| name == "rocket");
        for item in named.map(|(_, rest)| rest.into_iter().next().unwrap_or_default()) {
            let is_for_settings =
                matches!((room(file).as_str(), item.as_str()), ("config" | "cli", "figment") | ("config", "Config"));
            if !is_for_settings {
                offences.insert(format!("{file} names rocket"));
            }
        }
    }
    offences
}

/// The faces write nothing by themselves, and tell nobody of a change.
pub fn changes(tree: &Tree) -> BTreeSet<String> {
    let mut offences = BTreeSet::new();
    for (file, source) in tree.files().filter(|(file, _)| ROOMS_WITHOUT_CHANGES.contains(&room(file).as_str())) {
        for (name, method) in &source.calls {
            if CHANGES.contains(&(name, method)) || method == "write_blocking" {
                offences.insert(format!("{file} calls {name}.{method}"));
            }
        }
    }
    offences
}

/// What a file names of other crates.
fn foreign(tree: &Tree, file: &str) -> BTreeSet<(String, Path)> {
    let foreign = tree.targets(file, true).filter_map(|target| match target {
        Target::Foreign(name, rest) => Some((name, rest)),
        Target::File(..) => None,
    });
    foreign.collect()
}

/// No file is longer than one reads in one go.
pub fn lengths(texts: &Texts) -> BTreeSet<String> {
    let long = texts.iter().filter(|(_, text)| text.lines().count() > LINES_MAX);
    long.map(|(path, _)| format!("{path} is longer than {LINES_MAX} lines")).collect()
}

/// Every file under `root/` is a module of its program, however deep; a file that nobody names is never compiled.
///
/// `roots` are the files that the compiler is told of.
pub fn unnamed(texts: &Texts, root: &str, roots: &[&str]) -> BTreeSet<String> {
    let mut named: BTreeSet<String> = roots.iter().map(|&file| file.to_owned()).collect();
    for (file, text) in texts.iter().filter(|(file, _)| file.starts_with(root)) {
        let is_root = roots.contains(&file.as_str()) || file.ends_with("/mod.rs");
        let folder =
            if is_root { file.rsplit_once('/').map_or("", |(folder, _)| folder) } else { file.trim_end_matches(".rs") };
        let source = Source::read(text);
        let files = source.modules.iter().filter(|(_, is_file)| **is_file).map(|(module, _)| module);
        for module in files.chain(&source.test_modules) {
            let path = format!("{folder}/{}", module.join("/"));
            named.extend([format!("{path}.rs"), format!("{path}/mod.rs")]);
        }
    }
    let files = texts.keys().filter(|file| file.starts_with(root));
    files.filter(|file| !named.contains(*file)).map(|file| format!("{file} is named by no module")).collect()
}
