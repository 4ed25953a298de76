//! Promise: the queries that the documentation gives for a Discourse forum's database make files that `import-discourse` takes
//! over whole. Needs PostgreSQL.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use crate::documentation::section;
use crate::private_postgres::Postgres;
use crate::programs::output;
use crate::support::run;

const DISCOURSE: &str = include_str!("../docs/discourse.md");

/// The tables of Discourse, as far as the queries name them, with rows that are awkward to write as CSV.
const FORUM: &str = r#"
    CREATE TABLE users (id integer PRIMARY KEY, username varchar(60) NOT NULL, created_at timestamp NOT NULL,
        name varchar, active boolean NOT NULL, uploaded_avatar_id integer, suspended_till timestamp);
    CREATE TABLE gamification_score_events (id bigint PRIMARY KEY, user_id integer NOT NULL, date date NOT NULL,
        points integer NOT NULL, description text, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
    CREATE TABLE gamification_leaderboard_scores (leaderboard_id bigint NOT NULL, user_id integer NOT NULL, date date NOT NULL,
        score integer NOT NULL);
    INSERT INTO users VALUES (-1, 'system', now(), 'System', true, NULL, NULL),
        (1, 'ann', now(), E'Ann "the voice", Example', true, 7, NULL), (2, 'Bob_B', now(), NULL, true, NULL, '2999-01-01'),
        (3, 'carl', now(), '', false, NULL, '2020-01-01 10:00:00.5');
    INSERT INTO gamification_score_events VALUES
        (3, 1, '2023-04-14', 15, E'Karaoke, "second"\nvoice', '2023-04-14 09:30:00.123456', '2023-04-15 10:00:00'),
        (5, 2, '2023-04-14', -5, NULL, '2023-04-14 09:30:00', '2023-04-14 09:30:00'),
        (8, 2, '2023-04-15', 0, '', '2023-04-15 09:30:00', '2023-04-15 09:30:00'),
        (9, -1, '2023-04-15', 4, 'a robot', '2023-04-15 09:30:00', '2023-04-15 09:30:00');
    INSERT INTO gamification_leaderboard_scores VALUES (1, 1, '2023-04-14', 20), (1, 2, '2023-04-14', -5), (1, 3, '2023-04-16', 2),
        (1, -1, '2023-04-15', 4), (2, 1, '2023-04-14', 99)
"#;

/// The `sql` blocks of the documentation: first what `psql` is given, then what the plugin is.
fn queries() -> Vec<&'static str> {
    let blocks = section(DISCOURSE, "## Taking the events along").split("\n```sql\n").skip(1);
    blocks.map(|rest| rest.split("\n```").next().expect("a block ends")).collect()
}

fn forum(folder: &Path) -> Postgres {
    // PostgreSQL runs as another user, and has to reach its data in there.
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o711)).expect("a folder to pass through");
    let postgres = Postgres::start(folder).expect("PostgreSQL is installed");
    postgres.sql("postgres", FORUM);
    postgres
}

/// Runs a text as a script of `psql`, and returns what it prints.
fn psql(postgres: &Postgres, folder: &Path, script: &str, variables: &[(&str, &str)]) -> String {
    std::fs::write(folder.join("script.sql"), script).expect("a file");
    let mut psql = postgres.client("psql", "postgres");
    psql.current_dir(folder).args(["-X", "-q", "--csv", "-v", "ON_ERROR_STOP=1", "-f", "script.sql"]);
    for (name, value) in variables {
        psql.arg("-v").arg(format!("{name}={value}"));
    }
    output(&mut psql)
}

/// Takes the three files over, and checks all that is there then.
#[track_caller]
fn assert_taken_over(folder: &Path) {
    let scorekeeper = |args: &[&str]| {
        let run = run(folder, &[&["--database", "scores.db"], args].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        run.stdout
    };
    let take = ["import-discourse", "--events", "events.csv", "--users", "users.csv", "--scores", "scores.csv"];
    let said = scorekeeper(&take);
    assert!(
        said.starts_with("imported 3 users, 3 events (0 were here already), 3 days' scores with 2 events ("),
        "{said}"
    );
    let again = scorekeeper(&take);
    assert!(again.contains("0 events (3 were here already)") && again.contains("with 0 events"), "{again}");
    let scores = "user_id,username,date,score\n1,ann,2023-04-14,20\n2,Bob_B,2023-04-14,-5\n2,Bob_B,2023-04-15,0\n3,carl,2023-04-16,2\n";
    let mut lines: Vec<String> = scorekeeper(&["export", "scores"]).lines().map(str::to_owned).collect();
    lines[1..].sort();
    assert_eq!(lines.join("\n") + "\n", scores);
    let events = scorekeeper(&["export", "events", "--raw"]);
    let first =
        "3,1,ann,2023-04-14,15,\"Karaoke, \"\"second\"\"\nvoice\",2023-04-14T09:30:00.123Z,2023-04-15T10:00:00.000Z,";
    assert!(events.contains(first), "{events}");
    let users = scorekeeper(&["export", "users"]);
    for (start, end) in
        [("1,ann,\"Ann \"\"the voice\"\", Example\",", ",false"), ("2,Bob_B,,", ",true"), ("3,carl,", ",false")]
    {
        assert!(users.lines().any(|line| line.starts_with(start) && line.ends_with(end)), "{start} in {users}");
    }
}

#[test]
fn what_psql_copies_is_taken_over() {
    let folder = TempDir::new().expect("a temporary folder");
    let postgres = forum(folder.path());
    psql(&postgres, folder.path(), queries()[0], &[]);
    assert_taken_over(folder.path());
}

#[test]
fn what_the_plugin_gives_is_taken_over() {
    let folder = TempDir::new().expect("a temporary folder");
    let postgres = forum(folder.path());
    let queries = queries();
    assert_eq!(queries.len(), 4);
    let none = [("after", "0"), ("leaderboard", "1"), ("passed_over", "0")];
    for (name, query) in ["events.csv", "users.csv", "scores.csv"].into_iter().zip(&queries[1..]) {
        // The plugin takes the values of a query's parameters as `psql` takes those of its variables.
        let table = psql(&postgres, folder.path(), query, &none);
        std::fs::write(folder.path().join(name), table).expect("a file");
    }
    assert_taken_over(folder.path());
    // What comes after the rows of the file before.
    let rest = psql(&postgres, folder.path(), queries[1], &[("after", "5")]);
    assert!(rest.lines().count() == 2 && rest.contains("\n8,2,"), "{rest}");
    let rest = psql(&postgres, folder.path(), queries[3], &[("leaderboard", "1"), ("passed_over", "2")]);
    assert_eq!(rest, "user_id,date,score\n3,2023-04-16,2\n");
}
