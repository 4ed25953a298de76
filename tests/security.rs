//! Promise: what docs/security.md says is tested is tested: each test that it names exists.

use std::path::Path;

const SECURITY: &str = include_str!("../docs/security.md");

/// The text of a module of tests: `pages` is `tests/pages.rs` or `tests/pages/mod.rs`.
fn text_of(module: &str) -> Option<String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(module.replace("::", "/"));
    [tests.with_extension("rs"), tests.join("mod.rs")].iter().find_map(|file| std::fs::read_to_string(file).ok())
}

/// The names in backquotes that are paths of tests.
fn named() -> Vec<(&'static str, &'static str)> {
    let quoted = SECURITY.split('`').skip(1).step_by(2);
    quoted
        .filter(|name| !name.contains(' '))
        .filter_map(|name| name.rsplit_once("::"))
        .filter(|(_, name)| *name != "name")
        .collect()
}

#[test]
fn every_test_that_the_page_of_security_names_exists() {
    let named = named();
    assert!(named.len() > 60, "only {} names were found", named.len());
    let is_missing =
        |(module, name): &&(&str, &str)| !text_of(module).is_some_and(|text| text.contains(&format!("fn {name}()")));
    let missing: Vec<_> = named.iter().filter(|(module, _)| *module != "Actor").filter(is_missing).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}
