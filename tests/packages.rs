//! Promise: what packages are made of is there and agrees: the image's file, the unit, the Debian package, the licences of
//! what is built in, the manual and the completions.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use rocket::figment::Figment;
use rocket::figment::providers::{Format, Toml};

use crate::support::{Setup, binary, run, run_with};

const DOCKERFILE: &str = include_str!("../packaging/Dockerfile");
const UNIT: &str = include_str!("../packaging/scorekeeper.service");
const LICENSES: &str = include_str!("../packaging/THIRD-PARTY-LICENSES.md");
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_licence_of_every_package_that_is_built_in_is_told() {
    let tree = ["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none"];
    let target = ["--target", "x86_64-unknown-linux-gnu"];
    let output = Command::new(env!("CARGO")).args(tree).args(target).current_dir(root()).output().expect("cargo runs");
    let packages = String::from_utf8_lossy(&output.stdout).into_owned();
    let built_in: BTreeSet<String> = packages
        .lines()
        .filter_map(|line| line.split_once(" v"))
        .filter(|(name, _)| *name != "scorekeeper")
        .map(|(name, rest)| format!("{name} | {}", rest.split(' ').next().unwrap_or_default()))
        .collect();
    assert!(built_in.len() > 100, "{output:?}");
    let rows = LICENSES.lines().filter_map(|line| line.strip_prefix("| ")).filter_map(|row| row.rsplit_once(" | "));
    let rows = rows.map(|(package, _)| package.to_owned());
    let told: BTreeSet<String> = rows.filter(|package| !package.starts_with("package")).collect();
    assert_eq!(told, built_in, "packaging/third-party-licenses writes the list anew");
}

/// The files of the Debian package: where each comes from, and where it goes.
fn assets() -> Vec<(String, String, String)> {
    let manifest = Figment::from(Toml::file(root().join("Cargo.toml")));
    manifest.extract_inner("package.metadata.deb.assets").expect("assets")
}

#[test]
fn every_file_of_the_debian_package_is_there() {
    let generated = tempfile::tempdir().expect("a folder");
    let made = Command::new(root().join("packaging/generated")).arg(binary()).arg(generated.path()).status();
    assert!(made.expect("the script runs").success());
    for (from, _, _) in assets() {
        if let Some(name) = from.strip_prefix("target/packaging/") {
            let length =
                std::fs::metadata(generated.path().join(name)).unwrap_or_else(|fault| panic!("{from}: {fault}"));
            assert!(length.len() > 500, "{from} is nearly empty");
        } else if let Some(folder) = from.strip_suffix("/*") {
            assert!(root().join(folder).is_dir(), "{from}");
        } else if from != "target/release/scorekeeper" {
            assert!(root().join(&from).is_file(), "{from}");
        }
    }
    let program = UNIT.lines().find_map(|line| line.strip_prefix("ExecStart=/")).expect("a program");
    assert!(
        assets()
            .iter()
            .any(|(from, to, _)| from == "target/release/scorekeeper" && format!("{to}scorekeeper") == program)
    );
}

/// The instructions of the image's file, with the lines that go on put together.
pub fn instructions() -> Vec<(String, String)> {
    let lines = DOCKERFILE.replace("\\\n", " ");
    let lines = lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once(' ').expect("an instruction and more"))
        .map(|(a, b)| (a.into(), b.into()))
        .collect()
}

#[test]
fn the_image_is_made_of_files_that_are_there_and_does_not_run_as_root() {
    let instructions = instructions();
    for (name, rest) in &instructions {
        if name == "COPY" && !rest.starts_with("--from=build") {
            let words: Vec<&str> = rest.split_whitespace().collect();
            let (_, sources) = words.split_last().expect("a target");
            for source in sources {
                assert!(root().join(source).exists(), "{source} is not there");
            }
        }
    }
    let last = |wanted: &str| instructions.iter().rev().find(|(name, _)| name == wanted).map(|(_, rest)| rest.as_str());
    assert_eq!(last("USER"), Some("10001"));
    assert_eq!(last("ENTRYPOINT"), Some("[\"scorekeeper\"]"));
    assert_eq!(last("VOLUME"), Some("[\"/var/lib/scorekeeper\"]"));
    assert!(last("HEALTHCHECK").is_some_and(|check| check.ends_with("CMD [\"scorekeeper\", \"healthcheck\"]")));
    let add = instructions.iter().position(|(name, rest)| name == "RUN" && rest.contains("--uid 10001"));
    let user = instructions.iter().position(|(name, _)| name == "USER");
    assert!(add.is_some() && add < user, "the user is made before it is used");
}

#[test]
fn the_settings_of_the_image_and_of_the_unit_are_taken() {
    let of_image = instructions().into_iter().find(|(name, _)| name == "ENV").expect("settings").1;
    let of_unit = UNIT.lines().filter_map(|line| line.strip_prefix("Environment=")).map(str::to_owned);
    let all: Vec<String> = of_image.split_whitespace().map(str::to_owned).chain(of_unit).collect();
    assert!(all.len() > 4, "{all:?}");
    // The paths are those of the package; here a folder stands for the root.
    let folder = tempfile::tempdir().expect("a folder");
    let etc = folder.path().join("etc/scorekeeper");
    std::fs::create_dir_all(&etc).expect("a folder");
    std::fs::copy(root().join("Rocket.toml"), etc.join("Rocket.toml")).expect("a file");
    let rooted: Vec<(String, String)> = all
        .iter()
        .map(|setting| setting.split_once('=').expect("a name and a value"))
        .map(|(name, value)| {
            let value =
                if value.starts_with('/') { format!("{}{value}", folder.path().display()) } else { value.to_owned() };
            (name.to_owned(), value)
        })
        .collect();
    let env: Vec<(&str, &str)> = rooted.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let settings = run_with(folder.path(), &["settings"], &env);
    assert_eq!(settings.code, Some(0), "{settings:?}");
    assert!(settings.stdout.contains("var/lib/scorekeeper/scorekeeper.db"), "{settings:?}");
    // The server starts with them as they are, and makes the folder of its database.
    let setup =
        env.iter().fold(Setup::new().env("SCOREKEEPER_API_KEY", crate::support::KEY), |setup, (name, value)| {
            if name.starts_with("ROCKET_PORT") || name.starts_with("ROCKET_ADDRESS") {
                setup
            } else {
                setup.env(name, value)
            }
        });
    let server = setup.start();
    server.award(13, "2023-04-14", 15);
    assert!(folder.path().join("var/lib/scorekeeper/scorekeeper.db").is_file());
}

#[test]
fn the_manual_and_the_completions_name_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = run(folder.path(), &["--help"]).stdout;
    let (_, commands) = help.split_once("Commands:\n").expect("commands");
    let commands = commands.lines().take_while(|line| !line.is_empty());
    // A sentence that is too long goes on further to the right.
    let named = |line: &'_ str| line.strip_prefix("  ").and_then(|line| line.split(' ').next()).map(str::to_owned);
    let commands = commands.filter_map(named).filter(|name| !name.is_empty());
    let commands: Vec<String> = commands.filter(|command| command != "help").collect();
    assert!(commands.len() > 6, "{help}");
    let manual = run(folder.path(), &["man"]);
    assert_eq!((manual.code, manual.stderr.as_str()), (Some(0), ""));
    assert!(manual.stdout.contains(".TH scorekeeper 1"), "{}", manual.stdout);
    for command in &commands {
        let heading = format!("SCOREKEEPER {}\"", command.to_uppercase());
        assert!(manual.stdout.contains(&heading), "{heading}: {}", manual.stdout);
    }
    for shell in SHELLS {
        let script = run(folder.path(), &["completions", shell]);
        assert_eq!(script.code, Some(0), "{script:?}");
        for command in &commands {
            assert!(script.stdout.contains(command), "{shell} lacks {command}");
        }
    }
    assert_eq!(run(folder.path(), &["completions", "tcsh"]).code, Some(2));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "no file is made");
}

#[cfg(feature = "program-tests")]
mod programs {
    use crate::openapi_programs::{HINT, program};

    use super::{Command, SHELLS, UNIT, binary, root, run};

    const UNITS: [(&str, &str); 4] = [
        ("scorekeeper.service", UNIT),
        ("scorekeeper-litestream.service", include_str!("../packaging/litestream.service")),
        ("scorekeeper-restore.service", include_str!("../packaging/scorekeeper-restore.service")),
        ("scorekeeper-follower.service", include_str!("../packaging/scorekeeper-follower.service")),
    ];

    fn runs(command: &mut Command) {
        let output = command.output().unwrap_or_else(|fault| panic!("{command:?}: {fault}"));
        assert!(output.status.success() && output.stderr.is_empty(), "{command:?}: {output:?}");
    }

    #[test]
    fn bash_reads_the_completions_and_completes_with_them() {
        let folder = tempfile::tempdir().expect("a folder");
        for shell in SHELLS {
            let script = run(folder.path(), &["completions", shell]).stdout;
            std::fs::write(folder.path().join(shell), script).expect("a file");
        }
        runs(Command::new("bash").arg("-n").arg(folder.path().join("bash")));
        let complete = "source ./bash; COMP_WORDS=(scorekeeper keys cr); COMP_CWORD=2; \
                        _scorekeeper scorekeeper cr keys; [[ ${COMPREPLY[0]} == create ]]";
        runs(Command::new("bash").args(["-c", complete]).current_dir(folder.path()));
    }

    #[test]
    fn man_shows_the_manual_without_a_warning() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("scorekeeper.1");
        std::fs::write(&page, run(folder.path(), &["man"]).stdout).expect("a file");
        runs(
            Command::new("man")
                .args(["--warnings", "-E", "UTF-8", "-l"])
                .arg(&page)
                .env("MANPAGER", "cat")
                .env("MANWIDTH", "80"),
        );
    }

    #[test]
    fn systemd_reads_the_units_and_finds_little_exposed() {
        let folder = tempfile::tempdir().expect("a folder");
        // They name each other, so all of them are there before one is read.
        let units = UNITS.map(|(name, text)| {
            let unit = folder.path().join(name);
            let here = text.replace("/usr/bin/scorekeeper", binary()).replace("/usr/bin/litestream", "/bin/true");
            std::fs::write(&unit, here).expect("a file");
            unit
        });
        for unit in units {
            runs(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit));
            // What is Litestream's own has to reach other machines, and may run any code.
            let threshold = if unit.ends_with("scorekeeper.service") || unit.ends_with("scorekeeper-follower.service") {
                "--threshold=20"
            } else {
                "--threshold=50"
            };
            let security = ["security", "--offline=true", threshold, "--no-pager"];
            runs(Command::new("systemd-analyze").args(security).arg(&unit));
        }
    }

    #[test]
    fn hadolint_finds_nothing_in_the_dockerfile() {
        let output = program("hadolint").arg(root().join("packaging/Dockerfile")).output().expect(HINT);
        assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    }
}
