//! A real Chromium, driven through ChromeDriver by the few commands of WebDriver that the tests need
//! (w3.org/TR/webdriver2): each is one JSON request.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::wait_for;

/// The key under which WebDriver puts the number of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What a key is called that has no character (w3.org/TR/webdriver2, "Keyboard actions").
pub const TAB: &str = "\u{e004}";
/// The same for Enter.
pub const ENTER: &str = "\u{e007}";

/// A browser with a profile of its own; ended when dropped.
pub struct Chrome {
    driver: Child,
    session: String,
    agent: ureq::Agent,
    _profile: TempDir,
}

impl Chrome {
    /// Starts ChromeDriver on any free port, and Chromium through it.
    pub fn start() -> Chrome {
        Chrome::with_text(16)
    }

    /// The same, with text of that size in pixels where a page does not say otherwise.
    pub fn with_text(pixels: u32) -> Chrome {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver, of Debian's package chromium-driver");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = lines.find_map(|line| {
            let line = line.expect("a line");
            Some(line.split_once("successfully on port ")?.1.trim_end_matches('.').to_owned())
        });
        let base = format!("http://127.0.0.1:{}/session", port.expect("the port of chromedriver"));
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(300)));
        let agent: ureq::Agent = config.build().into();
        let profile = TempDir::new().expect("a temporary folder");
        let folder = format!("--user-data-dir={}", profile.path().display());
        let options = json!({"args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", folder,
        ], "prefs": {"webkit": {"webprefs": {"default_font_size": pixels}}}});
        let always =
            json!({"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}});
        let mut chrome = Chrome { driver, session: base, agent, _profile: profile };
        let made = chrome.command("", &json!({"capabilities": {"alwaysMatch": always}}));
        chrome.session = format!("{}/{}", chrome.session, made["sessionId"].as_str().expect("a session"));
        chrome
    }

    /// Opens an address.
    pub fn open(&self, url: &str) {
        self.command("/url", &json!({"url": url}));
    }

    /// The address that is shown.
    pub fn url(&self) -> String {
        self.script("return location.href").as_str().expect("an address").to_owned()
    }

    /// Clicks on the first element that a CSS selector finds, once it is there.
    pub fn click(&self, css: &str) {
        let element = self.element(css);
        self.command(&format!("/element/{element}/click"), &json!({}));
    }

    /// Clicks twice, as fast as a hand that is too quick.
    pub fn double_click(&self, css: &str) {
        let element = self.element(css);
        let (down, up) = (json!({"type": "pointerDown", "button": 0}), json!({"type": "pointerUp", "button": 0}));
        let to = json!({"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": {ELEMENT: element}});
        let mouse = json!({"type": "pointer", "id": "mouse", "actions": [to, down, up, down, up]});
        self.command("/actions", &json!({"actions": [mouse]}));
    }

    /// Fills a field in.
    pub fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.command(&format!("/element/{element}/clear"), &json!({}));
        self.command(&format!("/element/{element}/value"), &json!({"text": text}));
    }

    /// Presses keys, whatever has the focus.
    pub fn press(&self, keys: &str) {
        let strokes = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|stroke| json!({"type": stroke, "value": key.to_string()})));
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes.collect::<Vec<_>>()});
        self.command("/actions", &json!({"actions": [keyboard]}));
    }

    /// Presses Tab until the element has the focus.
    pub fn tab_to(&self, css: &str) {
        for _ in 0..60 {
            if self.script(&format!("return document.activeElement.matches({css:?})")) == true {
                return;
            }
            self.press(TAB);
        }
        panic!("{css} can't be reached by the keyboard on {}", self.url());
    }

    /// The text that is shown of an element, once it is there.
    pub fn text(&self, css: &str) -> String {
        let text = self.script(&format!("return (document.querySelector({css:?}) || {{}}).innerText || ''"));
        text.as_str().expect("text").to_owned()
    }

    /// Waits until the shown text of an element contains this.
    pub fn wait_for_text(&self, css: &str, part: &str) {
        wait_for(&format!("{part:?} in {css}"), || self.text(css).contains(part).then_some(()));
    }

    /// Waits until the path that is shown begins so, and all of the page is there.
    pub fn wait_for_path(&self, start: &str) {
        let is_there = format!("return document.readyState === 'complete' && location.pathname.startsWith({start:?})");
        wait_for(&format!("the page {start}"), || (self.script(&is_there) == true).then_some(()));
    }

    /// What a script returns.
    pub fn script(&self, script: &str) -> Value {
        self.command("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// What a script passes on to its last argument.
    pub fn script_later(&self, script: &str) -> Value {
        self.command("/execute/async", &json!({"script": script, "args": []}))
    }

    /// A new window, which is looked at from now on.
    pub fn new_window(&self) -> String {
        let window = self.command("/window/new", &json!({"type": "tab"}));
        let handle = window["handle"].as_str().expect("a window").to_owned();
        self.look_at(&handle);
        handle
    }

    /// The window that is looked at.
    pub fn window(&self) -> String {
        self.get("/window").as_str().expect("a window").to_owned()
    }

    /// Looks at another window.
    pub fn look_at(&self, window: &str) {
        self.command("/window", &json!({"handle": window}));
    }

    /// Makes the page so wide, and light or dark.
    pub fn show(&self, width: u32, scheme: &str) {
        let size = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// Shows the page as on that medium, `screen` or `print`, and with these features of it.
    pub fn show_as(&self, medium: &str, features: &[(&str, &str)]) {
        let features: Vec<_> = features.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        self.devtools("Emulation.setEmulatedMedia", &json!({"media": medium, "features": features}));
    }

    /// Fails if the console had an error since it was last looked at, or the content security policy a report. Of what is
    /// `expected` it says nothing.
    #[track_caller]
    pub fn assert_quiet(&self, expected: &[&str]) {
        let log = self.command("/se/log", &json!({"type": "browser"}));
        let loud = |entry: &&Value| {
            let message = entry["message"].as_str().unwrap_or_default();
            (entry["level"] == "SEVERE" || message.contains("Content Security Policy"))
                && !expected.iter().any(|expected| message.contains(expected))
        };
        let entries: Vec<_> = log.as_array().expect("a log").iter().filter(loud).collect();
        assert!(entries.is_empty(), "the console of {}: {entries:?}", self.url());
    }

    /// What the console has said since it was last looked at.
    pub fn console(&self) -> Vec<String> {
        let log = self.command("/se/log", &json!({"type": "browser"}));
        let entries = log.as_array().expect("a log").iter();
        entries.filter_map(|entry| Some(entry["message"].as_str()?.to_owned())).collect()
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        self.command("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}));
    }

    fn element(&self, css: &str) -> String {
        wait_for(&format!("{css} on a page"), || {
            let found = self.try_command("/element", &json!({"using": "css selector", "value": css})).ok()?;
            Some(found[ELEMENT].as_str()?.to_owned())
        })
    }

    #[track_caller]
    fn command(&self, path: &str, body: &Value) -> Value {
        self.try_command(path, body).unwrap_or_else(|error| panic!("{path} {body}: {error}"))
    }

    fn try_command(&self, path: &str, body: &Value) -> Result<Value, Value> {
        let request = self.agent.post(format!("{}{path}", self.session)).header("Content-Type", "application/json");
        answer(request.send(body.to_string()))
    }

    fn get(&self, path: &str) -> Value {
        answer(self.agent.get(format!("{}{path}", self.session)).call()).expect("an answer")
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        // Ends Chromium; without it, ending the driver would leave the browser behind.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The value of an answer, or the error that it tells of.
fn answer(reply: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, Value> {
    let mut reply = reply.expect("chromedriver answers");
    let good = reply.status().is_success();
    let text = reply.body_mut().with_config().limit(64 << 20).read_to_string().expect("an answer");
    let mut answer: Value = serde_json::from_str(&text).expect("JSON");
    let value = answer["value"].take();
    if good { Ok(value) } else { Err(value) }
}
