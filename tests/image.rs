//! Promise: the image starts the server as a user that is not root, with its data on the volume, and tells by its check whether
//! it is ready. Where there is a container program that works, it builds and runs the image; else the steps of the last stage
//! are done in a folder that becomes the root of the process. Needs useradd and chroot, and to be root.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::packages::{instructions, root};
use crate::support::{PATIENCE, binary, wait_for};

/// Runs a command to its end, which has to be a good one.
#[track_caller]
fn done(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|fault| panic!("{command:?}: {fault}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}

/// The words of an instruction in the form of a list: `["scorekeeper", "healthcheck"]`.
fn words(list: &str) -> Vec<String> {
    serde_json::from_str(list).expect("a list of words")
}

/// Asks for a path until somebody answers.
fn answer(port: u16, path: &str) -> String {
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
    wait_for("an answer", || {
        let mut reply = agent.get(format!("http://127.0.0.1:{port}{path}")).call().ok()?;
        reply.body_mut().read_to_string().ok()
    })
}

#[test]
fn the_image_serves_as_a_user_that_is_not_root() {
    match container_program() {
        Some(program) => in_a_container(program),
        None => in_a_folder(),
    }
}

/// A container program that has what it needs to work.
fn container_program() -> Option<&'static str> {
    let works = |program: &&str| Command::new(program).arg("info").output().is_ok_and(|output| output.status.success());
    ["docker", "podman"].into_iter().find(works)
}

/// A container, removed when dropped.
struct Container(&'static str, String);

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new(self.0).args(["rm", "--force", "--volumes", &self.1]).output();
    }
}

fn in_a_container(program: &'static str) {
    let build = ["build", "--quiet", "--file", "packaging/Dockerfile", "--tag", "scorekeeper:of-a-test", "."];
    done(Command::new(program).args(build).current_dir(root()));
    let run = ["run", "--detach", "--read-only", "--cap-drop", "ALL", "--publish", "127.0.0.1::8000"];
    let started = done(Command::new(program).args(run).arg("scorekeeper:of-a-test"));
    let container = Container(program, String::from_utf8_lossy(&started.stdout).trim().to_owned());
    let of_container = |args: &[&str]| {
        let output = done(Command::new(program).args(args));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let published = of_container(&["port", &container.1, "8000/tcp"]);
    let port = published.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    assert_eq!(answer(port, "/health/ready"), r#"{"status":"ok"}"#);
    assert_eq!(of_container(&["exec", &container.1, "scorekeeper", "healthcheck"]), "ready");
    assert_eq!(of_container(&["exec", &container.1, "id", "-u"]), "10001");
    of_container(&["stop", &container.1]);
    assert_eq!(of_container(&["inspect", "--format", "{{.State.ExitCode}}", &container.1]), "0");
}

/// The root of a process, made by the steps of the image.
struct Image {
    root: TempDir,
    env: Vec<(String, String)>,
    user: String,
}

impl Image {
    /// Does the steps of the last stage.
    fn build() -> Image {
        let folder = TempDir::new().expect("a temporary folder");
        let all = instructions();
        let last = all.iter().rposition(|(name, _)| name == "FROM").expect("a stage");
        let mut image = Image { root: folder, env: Vec::new(), user: "0".to_owned() };
        std::fs::create_dir(image.root.path().join("etc")).expect("a folder");
        // The root of a process is for all users.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(image.root.path(), open).expect("its rights");
        // In the place of the base image: what the program is linked with.
        let linked = done(Command::new("ldd").arg(binary()));
        for word in String::from_utf8_lossy(&linked.stdout).split_whitespace().filter(|word| word.starts_with('/')) {
            image.copy(Path::new(word), word);
        }
        for (name, rest) in &all[last + 1..] {
            match name.as_str() {
                "RUN" => image.run(rest),
                "COPY" => image.copy_all(rest),
                "USER" => image.user.clone_from(rest),
                "ENV" => {
                    let settings = rest.split_whitespace().filter_map(|setting| setting.split_once('='));
                    image.env.extend(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
                }
                "WORKDIR" | "VOLUME" | "EXPOSE" | "HEALTHCHECK" | "ENTRYPOINT" => {}
                other => panic!("{other} is not known here"),
            }
        }
        image
    }

    fn inside(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    fn copy(&self, from: &Path, to: &str) {
        let to = self.inside(to);
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        std::fs::copy(from, &to).unwrap_or_else(|fault| panic!("{}: {fault}", from.display()));
    }

    /// Makes a user, which is all that the stage runs.
    fn run(&self, command: &str) {
        let mut words = command.split_whitespace();
        assert_eq!(words.next(), Some("useradd"), "{command}");
        done(Command::new("useradd").arg("--prefix").arg(self.root.path()).args(words));
    }

    fn copy_all(&self, rest: &str) {
        if let Some(to) = rest.strip_prefix("--from=build /src/target/release/scorekeeper ") {
            return self.copy(Path::new(binary()), to);
        }
        let sources: Vec<&str> = rest.split_whitespace().collect();
        let (to, sources) = sources.split_last().expect("a target");
        for source in sources {
            let name = Path::new(source).file_name().and_then(|name| name.to_str()).expect("a name");
            self.copy(&root().join(source), &format!("{to}{name}"));
        }
    }

    /// A command in it, by its user.
    fn command(&self, words: &[String], port: u16) -> Command {
        let mut command = Command::new("chroot");
        command.arg(format!("--userspec={0}:{0}", self.user)).arg(self.root.path()).args(words);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin");
        command.envs(self.env.iter().cloned()).env("ROCKET_PORT", port.to_string());
        command
    }
}

/// A server, killed when dropped.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn in_a_folder() {
    let image = Image::build();
    let all = instructions();
    let last = |wanted: &str| all.iter().rev().find(|(name, _)| name == wanted).expect("an instruction").1.as_str();
    // The user is in the image, and the volume is the user's.
    let users = std::fs::read_to_string(image.inside("etc/passwd")).expect("users");
    let user = users.lines().find(|line| line.starts_with("scorekeeper:")).expect("the user");
    assert_eq!(user.split(':').nth(2), Some("10001"), "{users}");
    let data = image.inside(&words(last("VOLUME"))[0]);
    let owner = std::os::unix::fs::MetadataExt::uid(&data.metadata().expect("the volume's folder"));
    assert_eq!(owner, 10001);
    let port = TcpListener::bind("127.0.0.1:0").and_then(|any| any.local_addr()).expect("a free port").port();
    let mut start = image.command(&words(last("ENTRYPOINT")), port);
    let server = start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("chroot runs");
    let mut server = Serving(server);
    assert_eq!(answer(port, "/health/ready"), r#"{"status":"ok"}"#);
    let check = last("HEALTHCHECK").split_once("CMD ").expect("a command").1;
    let checked = done(&mut image.command(&words(check), port));
    assert_eq!(String::from_utf8_lossy(&checked.stdout), "ready\n");
    assert!(data.join("scorekeeper.db").is_file());
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.0.id())).expect("its status");
    assert!(status.contains("\nUid:\t10001\t10001\t10001\t10001\n"), "{status}");
    done(Command::new("kill").arg(server.0.id().to_string()));
    assert_eq!(server.0.wait().expect("it ends").code(), Some(0));
    assert!(!image.command(&words(check), port).output().expect("chroot runs").status.success(), "nobody serves");
}
