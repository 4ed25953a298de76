//! The commands of README.md and docs/ do what is said there when they are pasted into a shell as they stand.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::documentation::{README, section};
use crate::support::{EVENTS, KEY, RECALCULATE, Server, Setup, binary, wait_for};

const API: &str = include_str!("../docs/api.md");
const LEADERBOARDS: &str = include_str!("../docs/leaderboards.md");
const KEYS: &str = include_str!("../docs/keys.md");
const DISCOURSE: &str = include_str!("../docs/discourse.md");
const MOVING: &str = include_str!("../docs/moving.md");

/// The fenced `sh` blocks of a section of a page.
fn commands(page: &'static str, heading: &str) -> impl Iterator<Item = &'static str> {
    section(page, heading).split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().expect("a block ends"))
}

/// A shell in the server's folder, with `URL` and `KEY` set and `scorekeeper` on its path.
struct Shell<'s> {
    server: &'s Server,
    programs: TempDir,
    key: String,
}

impl<'s> Shell<'s> {
    fn beside(server: &'s Server) -> Shell<'s> {
        let programs = TempDir::new().expect("a temporary folder");
        std::os::unix::fs::symlink(binary(), programs.path().join("scorekeeper")).expect("a symbolic link");
        Shell { server, programs, key: KEY.to_owned() }
    }

    /// Runs a pasted command, which must succeed, and returns what it prints.
    #[track_caller]
    fn paste(&self, command: &str) -> String {
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path: Vec<PathBuf> =
            std::iter::once(self.programs.path().to_owned()).chain(std::env::split_paths(&others)).collect();
        let output = Command::new("bash")
            .args(["-c", command])
            .current_dir(self.server.folder().path())
            .env("PATH", std::env::join_paths(path).expect("a path"))
            .env("URL", self.server.url())
            .env("KEY", &self.key)
            .env("SCOREKEEPER_DATABASE", self.server.database())
            .env("no_proxy", "127.0.0.1")
            .output()
            .expect("bash runs");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{command}\n{stdout}{}", String::from_utf8_lossy(&output.stderr));
        stdout
    }

    /// Like [`Shell::paste`], for a command that prints JSON.
    #[track_caller]
    fn paste_for_json(&self, command: &str) -> Value {
        let printed = self.paste(command);
        serde_json::from_str(&printed).unwrap_or_else(|fault| panic!("{command}\n{fault}: {printed}"))
    }
}

#[test]
fn the_commands_work_as_they_stand() {
    let server = Server::start();
    for day in 1..=10 {
        server.award(7, &format!("2023-04-{day:02}"), 1);
    }
    let of_user_1 = server.award(1, "2023-05-01", 5);
    assert_eq!(of_user_1["id"], 11);

    let shell = Shell::beside(&server);
    let mut commands = commands(README, "## The commands");
    let mut next = |begin: &str| {
        let command = commands.next().expect("another command");
        assert!(command.starts_with(begin), "{command}");
        command
    };
    let success = json!({"success": "OK"});

    let list = shell.paste_for_json(next("curl \"$URL/"));
    assert_eq!(list["events"].as_array().map(Vec::len), Some(11));

    assert_eq!(shell.paste_for_json(next("curl \"$URL/")), json!({"events": [of_user_1]}));

    let awarded = |printed: &str, id: i64| {
        let wanted = format!(
            r#"{{"id":{id},"user_id":13,"date":"2023-04-14","points":15,"description":"Karaoke night","created_at":""#
        );
        assert!(printed.starts_with(&wanted), "{printed}");
        assert_eq!(server.get(&format!("{EVENTS}/{id}")).body, printed);
    };
    awarded(&shell.paste(next("curl -X POST")), 12);
    awarded(&shell.paste(next("jo -p user_id")), 13);
    assert_eq!(server.score(13), 30);

    for (begin, id) in [("curl -L -X PUT", 6), ("jo -p id", 11)] {
        assert_eq!(shell.paste_for_json(next(begin)), success);
        let event = server.get(&format!("{EVENTS}/{id}")).json();
        assert_eq!((&event["points"], &event["description"]), (&json!(25), &json!("Keynote")));
    }
    assert_eq!(server.score(1), 25);

    assert_eq!(shell.paste_for_json(next("curl -X PUT")), success);
    let recalculation = server.get(RECALCULATE).json();
    assert_eq!((&recalculation["from_date"], &recalculation["remaining"]), (&json!("2023-04-01"), &json!(4)));

    let summary = shell.paste(next("scorekeeper --backfill-from"));
    assert!(summary.starts_with("backfilled 2023-04-01 to 2023-05-01: "), "{summary}");
    assert!(summary.contains(" 0 scores on 0 days were different"), "{summary}");
    assert_eq!(summary.lines().count(), 1, "{summary}");

    assert_eq!(commands.next(), None);
}

#[test]
fn scores_are_read_as_the_readme_shows() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let shell = Shell::beside(&server);
    let mut lines = commands(API, "## How scores become visible").flat_map(str::lines);
    let mut next = || shell.paste_for_json(lines.next().expect("another command"));

    let overall = next();
    assert_eq!((&overall["period"], &overall["total_score"]), (&json!("all_time"), &json!(15)));
    let monthly = next();
    assert_eq!((&monthly["period"], &monthly["position"]), (&json!("monthly"), &Value::Null));
    assert_eq!(next(), json!({"days": [{"date": "2023-04-14", "score": 15}]}));
    assert_eq!(lines.next(), None);
}

#[test]
fn leaderboards_are_read_and_set_up_as_the_readme_shows() {
    let server = Server::start();
    server.award(13, "2023-04-14", 25);
    server.award(14, "2023-04-14", 30);
    let shell = Shell::beside(&server);
    let mut reads = commands(LEADERBOARDS, "## Reading a leaderboard").next().expect("commands that read").lines();

    let first = reads.next().expect("a command");
    wait_for("both users on the board", || {
        (shell.paste_for_json(first)["users"].as_array().map(Vec::len) == Some(2)).then_some(())
    });
    let weekly = shell.paste_for_json(reads.next().expect("a command"));
    assert_eq!(weekly["personal"], json!({"user": null, "position": null}));
    let around = shell.paste_for_json(reads.next().expect("a command"));
    assert_eq!((&around["personal"]["position"], &around["users"][1]["id"]), (&json!(2), &json!(13)));
    assert_eq!(reads.next(), None);

    let mut blocks = commands(LEADERBOARDS, "## Setting up boards");
    let made = shell.paste_for_json(blocks.next().expect("a command that makes a board"));
    assert_eq!((&made["id"], &made["name"], &made["created_by_id"]), (&json!(2), &json!("Season 2023"), &json!(13)));
    let changed = shell.paste_for_json(blocks.next().expect("a command that changes it"));
    assert_eq!(changed, json!({"success": "OK"}));
    let overview = shell.paste_for_json(blocks.next().expect("a command that lists boards"));
    assert_eq!(overview["gamification_leaderboards"][1]["to_date"], "2023-09-30");
    assert_eq!(blocks.next(), None);
}

#[test]
fn a_board_is_followed_as_the_readme_shows() {
    let server = Server::start();
    let shell = Shell::beside(&server);
    let follow = commands(LEADERBOARDS, "## Live updates").next().expect("a command");
    // The stream has no end of its own.
    let begun = shell.paste(&format!("{} | grep -m 1 '^data:'", follow.replace("curl -N", "curl -sN --max-time 10")));
    assert!(begun.starts_with("data:{\"personal\":{},\"leaderboard\":{\"id\":1,"), "{begun}");
}

#[test]
fn users_and_groups_are_named_as_the_readme_shows() {
    let server = Server::start();
    server.award(14, "2023-04-14", 30);
    let shell = Shell::beside(&server);
    for command in commands(API, "## Users and groups") {
        assert_eq!(shell.paste_for_json(command), json!({"success": "OK"}), "{command}");
    }
    let user = server.get("/admin/users/13").json();
    assert_eq!((&user["username"], &user["name"]), (&json!("ann"), &json!("Ann Example")));
    assert_eq!((server.score(13), server.score(14)), (30, 0));
}

#[test]
fn points_are_redeemed_as_the_readme_shows() {
    let server = Server::start();
    let shell = Shell::beside(&server);
    let redeem = commands(API, "## Redeeming points").next().expect("a command");

    server.award(13, "2023-04-14", 30);
    let stored = shell.paste_for_json(redeem);
    assert_eq!(stored["points"], -20);
    assert_eq!(shell.paste_for_json(redeem), stored, "the same order again");
    assert_eq!(server.score(13), 10);

    let refused = shell.paste_for_json(&redeem.replace("order-1071", "order-1072"));
    assert_eq!((&refused["error_type"], &refused["extras"]), (&json!("insufficient_points"), &json!({"score": 10})));
    assert_eq!(server.score(13), 10);
}

#[test]
fn keys_are_kept_as_the_readme_shows() {
    let server = Server::start();
    let mut shell = Shell::beside(&server);
    let mut lines = commands(KEYS, "## Making and revoking").flat_map(str::lines);
    let mut next = |begin: &str| {
        let command = lines.next().expect("another command");
        assert!(command.starts_with(begin), "{command}");
        command
    };

    let of_the_shop = shell.paste(next("scorekeeper keys create")).trim_end().to_owned();
    let read_only = shell.paste(next("scorekeeper keys create")).trim_end().to_owned();
    let list = shell.paste(next("scorekeeper keys list"));
    assert!(list.contains("ticket shop") && list.contains("statistics"), "{list}");

    let status = |key: &str, username: Option<&str>| {
        let request = server.anonymous("GET", EVENTS).header("API-Key", key);
        let request = match username {
            Some(username) => request.header("API-Username", username),
            None => request,
        };
        request.send().status
    };
    assert_eq!((status(&of_the_shop, None), status(&of_the_shop, Some("admin"))), (200, 403));
    assert_eq!(status(&read_only, Some("admin")), 200);
    shell.paste(next("scorekeeper keys revoke 2"));
    assert_eq!(status(&read_only, Some("admin")), 403);

    shell.key = of_the_shop;
    let award =
        commands(README, "## The commands").find(|command| command.starts_with("jo ")).expect("a command with jo");
    let refused = shell.paste_for_json(award);
    assert_eq!(refused["error_type"], "invalid_access", "the key of the shop is not for system");
}

#[test]
fn the_first_start_shows_a_command_that_works_when_pasted() {
    let server = Setup::new().without_env("SCOREKEEPER_API_KEY").start();
    let command = wait_for("a curl command", || {
        let shown = server.stderr();
        let begin = shown.find("curl ")?;
        let (command, _) = shown[begin..].split_once("\n\n").or_else(|| shown[begin..].split_once('\n'))?;
        Some(command.to_owned())
    });
    let reply = Shell::beside(&server).paste_for_json(&command);
    assert!(reply["id"] == 1 || reply["events"].is_array(), "{command}\n{reply}");
}

#[test]
fn points_are_imported_and_taken_back() {
    let server = Server::start();
    let shell = Shell::beside(&server);
    let mut blocks = commands(MOVING, "## Importing events");
    let import = blocks.next().expect("an import");
    assert!(shell.paste(import).starts_with("imported 2 events ("));
    assert_eq!(server.score(13), 15);
    let undo = blocks.next().expect("a list and an undo");
    assert!(shell.paste(undo).ends_with("undone: 2 events of points.csv are taken back\n"));
    assert_eq!(server.score(13), 0);
}

#[test]
fn everything_is_exported_and_taken_to_another_database() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let shell = Shell::beside(&server);
    let mut blocks = commands(MOVING, "## Exporting");
    shell.paste(blocks.next().expect("exports"));
    let events = std::fs::read_to_string(server.folder().path().join("events.csv")).expect("the export");
    assert!(events.contains("\n1,13,,2023-04-14,15,,"), "{events}");
    assert!(shell.paste(blocks.next().expect("a pipe")).starts_with("imported 1 events ("));
    assert_eq!(shell.paste(blocks.next().expect("a request")), events);
}

#[test]
fn a_community_moves_over_from_discourse() {
    let server = Server::start();
    let file = |name: &str, text: &str| std::fs::write(server.folder().path().join(name), text).expect("a file");
    file("events.csv", "id,user_id,date,points,description,created_at,updated_at\n3,13,2023-04-14,15,Karaoke,,\n");
    file("users.csv", "id,username,name,uploaded_avatar_id,suspended_till\n13,ann,Ann,,\n");
    file("scores.csv", "user_id,date,score\n13,2023-04-14,20\n14,2023-04-15,0\n");
    let shell = Shell::beside(&server);
    let mut blocks = commands(DISCOURSE, "## Taking the events along");
    let said = shell.paste(blocks.next().expect("the move"));
    assert!(
        said.starts_with("imported 1 users, 1 events (0 were here already), 2 days' scores with 1 events ("),
        "{said}"
    );
    let mut blocks = commands(DISCOURSE, "### Comparing");
    assert_eq!(shell.paste(blocks.next().expect("a comparison")), "");
    assert_eq!(server.score(13), 20);
}

#[test]
fn a_command_in_the_wrong_folder_says_so_to_who_sits_at_a_terminal() {
    let folder = TempDir::new().expect("a temporary folder");
    let at_a_terminal = |args: &str| {
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &format!("{} {args}", binary()), "/dev/null"]);
        let output = script.current_dir(folder.path()).output().expect("script runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let told = at_a_terminal("keys list");
    assert!(told.contains("scorekeeper.db does not exist; --database names another"), "{told}");
    let told = at_a_terminal("keys create");
    assert!(told.starts_with("scorekeeper: there was no database scorekeeper.db, so it was made"), "{told}");
    assert!(!at_a_terminal("keys create").contains("there was no database"), "it is there now");
}
