//! The documentation keeps its word: the table of settings, Rocket.toml and the program agree, links lead somewhere,
//! and README leads to every page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rocket::figment::providers::{Format, Toml};
use scorekeeper::config::{Settings, figment};

use crate::key_scopes;
use crate::support::{KEY, Setup};

pub const README: &str = include_str!("../README.md");
const SETTINGS: &str = include_str!("../docs/settings.md");
const ROCKET_TOML: &str = include_str!("../Rocket.toml");

/// The text under a heading, up to the next heading of its level.
pub fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let level = heading.split(' ').next().expect("a heading begins with its level");
    let end = rest.find(&format!("\n{level} ")).unwrap_or(rest.len());
    &rest[..end]
}

/// The text with its fenced code left out.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// Key and default of every row in the table of docs/settings.md; the default is `None` where there is none.
fn documented_settings() -> BTreeMap<&'static str, Option<&'static str>> {
    section(SETTINGS, "## The settings")
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|row| {
            let (key, rest) = row.split_once("` | ").expect("a row has a key");
            let (default, _) = rest.split_once(" | ").expect("a row has a default");
            (key, (default != "none").then(|| default.trim_matches('`')))
        })
        .collect()
}

/// Key and value of a commented-out setting: `# port = 8000`.
fn commented_setting(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix("# ")?.split_once(" = ")?;
    key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then_some((key, value))
}

#[test]
fn rocket_toml_shows_every_documented_setting_with_its_default() {
    let (_, ours) = ROCKET_TOML.split_once("[default.scorekeeper]\n").expect("our part of Rocket.toml");
    let shown: BTreeMap<&str, &str> =
        ours.lines().filter_map(commented_setting).map(|(key, value)| (key, value.trim_matches('"'))).collect();
    let documented = documented_settings();
    assert_eq!(shown.keys().collect::<Vec<_>>(), documented.keys().collect::<Vec<_>>());
    for (key, default) in documented {
        if let Some(default) = default {
            assert_eq!(shown[key], default, "the default of {key}");
        }
        let variable = format!("SCOREKEEPER_{}", key.to_uppercase());
        assert!(ours.contains(&variable), "Rocket.toml does not name {variable}");
    }
}

#[test]
fn the_documented_table_of_settings_is_the_programs() {
    let rows = Settings::TABLE.iter().map(|setting| {
        let default = setting.default.map_or_else(|| "none".to_owned(), |default| format!("`{default}`"));
        format!("| `{}` | {default} | {} |", setting.key, setting.about)
    });
    let documented: Vec<&str> =
        section(SETTINGS, "## The settings").lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(documented, rows.collect::<Vec<_>>());
}

#[test]
fn rocket_toml_says_of_every_setting_what_the_program_says() {
    let (_, ours) = ROCKET_TOML.split_once("[default.scorekeeper]\n").expect("our part of Rocket.toml");
    let paragraphs = ours.split("\n\n").map(|paragraph| {
        let (comment, setting) = paragraph.trim_end().rsplit_once('\n').expect("a comment and a setting");
        let (key, _) = commented_setting(setting).unwrap_or_else(|| panic!("no setting: {setting}"));
        let words: Vec<&str> = comment.split_whitespace().filter(|word| *word != "#").collect();
        (key, words.join(" "))
    });
    let rows = Settings::TABLE.iter().map(|setting| {
        let no_default = if setting.default.is_none() { " No default." } else { "" };
        (setting.key, format!("{}{no_default} Environment: {}.", setting.about, setting.variable()))
    });
    assert_eq!(paragraphs.collect::<Vec<_>>(), rows.collect::<Vec<_>>());
}

#[test]
fn rocket_toml_changes_nothing_as_it_is_shipped() {
    let settings: Vec<&str> = ROCKET_TOML.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(settings, ["[default]", "[default.scorekeeper]"]);
}

#[test]
fn the_defaults_of_rocket_toml_are_those_of_the_program() {
    let in_force: String = ROCKET_TOML
        .lines()
        .map(|line| match commented_setting(line) {
            Some((key, _)) if Settings::TABLE.iter().any(|known| known.key == key && known.default.is_none()) => {
                format!("{line}\n")
            }
            None => format!("{line}\n"),
            Some((key, value)) => format!("{key} = {value}\n"),
        })
        .collect();
    let written_out = Settings::load(&figment().merge(Toml::string(&in_force).nested()), None);
    let by_default = Settings::load(&figment(), None);
    assert!(by_default.is_ok(), "{by_default:?}");
    assert_eq!(format!("{written_out:?}"), format!("{by_default:?}"));
}

#[test]
fn the_server_starts_with_every_line_of_rocket_toml_in_force() {
    let setup = Setup::new().without_env("SCOREKEEPER_DATABASE").without_env("SCOREKEEPER_API_KEY");
    let in_force: String = ROCKET_TOML
        .lines()
        .map(|line| match commented_setting(line) {
            Some(("api_key", _)) => format!("api_key = \"{KEY}\"\n"),
            // TLS has tests of its own, with a certificate, and so have servers that only read.
            Some(("tls_certificate" | "tls_key" | "read_only_from", _)) => format!("{line}\n"),
            Some(("log_file", _)) => "log_file = \"requests.log\"\n".to_owned(),
            Some((key, value)) => format!("{key} = {value}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    std::fs::write(setup.folder().join("Rocket.toml"), in_force).expect("the folder takes a file");

    let server = setup.start();
    server.award(13, "2023-04-14", 15);
    assert_eq!(server.score(13), 15);

    let folder = server.stop();
    assert!(folder.path().join("scorekeeper.db").is_file());
    let log = std::fs::read_to_string(folder.path().join("requests.log")).expect("the log file is there");
    assert!(log.contains("/users/13/score"), "{log}");
}

/// The pages of text: those in the project's folder, and those of docs/.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<PathBuf> = [root.to_owned(), root.join("docs")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("a folder"))
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages
}

/// The text of a page without its fenced code.
fn prose_of(page: &Path) -> String {
    prose(&std::fs::read_to_string(page).unwrap_or_else(|fault| panic!("{}: {fault}", page.display())))
}

/// Where the links of a text lead, web addresses left out.
fn relative_links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains("://"))
}

#[test]
fn every_relative_link_leads_to_a_file_and_every_anchor_to_a_heading() {
    let pages = pages();
    assert!(pages.len() > 8, "{pages:?}");
    for page in pages {
        let name = page.display();
        let text = prose_of(&page);
        for link in relative_links(&text) {
            let (file, wanted) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            assert!(target.exists(), "{name} links to {file}, which is not there");
            if let Some(wanted) = wanted {
                let has =
                    prose_of(&target).lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == wanted);
                assert!(has, "{name} links to {link}, and there is no such heading");
            }
        }
    }
}

#[test]
fn every_route_of_the_api_stands_in_the_table_of_scopes() {
    let rocket = scorekeeper::api::mount(rocket::build());
    let routes = rocket.routes().map(|route| {
        // `<id>` is ID, `<user_id>` is USER_ID, and the one file is a picture.
        let path = route.uri.path().replace("/openapi", "/openapi.json").replace("<file>", "SIZE.svg");
        let path = path.split('/').map(|part| match part.strip_prefix('<') {
            Some(part) => part.trim_end_matches('>').to_uppercase(),
            None => part.to_owned(),
        });
        format!("{} {}", route.method, path.collect::<Vec<_>>().join("/"))
    });
    let documented = key_scopes::documented().into_iter().map(|row| format!("{} {}", row.method, row.path));
    assert_eq!(documented.collect::<BTreeSet<_>>(), routes.collect::<BTreeSet<_>>());
}

#[test]
fn every_type_of_error_stands_in_the_table_of_errors() {
    /// Only a form of the administration asks for a number that has to be free.
    const OF_FORMS_ALONE: &str = "number_taken";
    let source = include_str!("../src/web/error.rs");
    let (_, types) = source.split_once("fn error_type(").expect("the types of errors");
    let (types, _) = types.split_once("pub fn sentence(").expect("their end");
    let types: BTreeSet<&str> =
        types.split('"').skip(1).step_by(2).filter(|error_type| *error_type != OF_FORMS_ALONE).collect();
    assert!(types.len() > 20, "{types:?}");
    let rows = section(include_str!("../docs/api.md"), "## Errors").lines().filter(|line| line.starts_with("| "));
    let documented = rows.filter_map(|row| row.split('`').nth(1)).filter(|cell| *cell != "error_type");
    assert_eq!(documented.collect::<BTreeSet<_>>(), types);
}

#[test]
fn the_readme_is_short_and_leads_to_every_page() {
    assert!(README.lines().count() <= 250, "README.md has {} lines", README.lines().count());
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let linked: Vec<PathBuf> = relative_links(&prose(README))
        .filter_map(|link| link.split('#').next())
        .filter_map(|file| std::fs::canonicalize(readme.with_file_name(file)).ok())
        .collect();
    for page in pages().into_iter().filter(|page| *page != readme) {
        let page = std::fs::canonicalize(&page).expect("a page is a file");
        assert!(linked.contains(&page), "README.md does not lead to {}", page.display());
    }
}

#[test]
fn every_file_that_a_page_for_developers_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut checked = 0;
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        for name in prose_of(&root.join(page)).split('`').skip(1).step_by(2) {
            let is_path = name.contains('/') && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"/._-".contains(&c));
            let folder = name.split('/').next().unwrap_or_default();
            let base = if root.join(folder).is_dir() { root.to_owned() } else { root.join("src") };
            if is_path && folder != "target" && !folder.is_empty() && base.join(folder).is_dir() {
                let has = ["", ".rs"].iter().any(|end| base.join(format!("{name}{end}")).exists());
                assert!(has, "{page} names {name}, which is not there");
                checked += 1;
            }
        }
    }
    assert!(checked > 30, "only {checked} names look like a file");
}

/// What a heading is called in a link, by the rule that code hosts share.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|&c| c.is_alphanumeric() || c == ' ' || c == '-' || c == '_')
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
