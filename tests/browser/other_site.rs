//! A leaderboard on another site: a page of a listed site reads it and shows it in a frame, and a page of any other can't.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::{Chrome, sign_in};
use crate::leaderboards::quick;
use crate::support::{KEY, wait_for};

/// Another site with one page.
struct OtherSite {
    origin: String,
    page: Arc<Mutex<String>>,
}

impl OtherSite {
    /// Starts a site of which every address is the same page. It lasts as long as the tests run.
    fn start() -> OtherSite {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let page = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&page);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let head = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
                head.for_each(drop);
                let body = shown.lock().expect("no panic").clone();
                let length = body.len();
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close";
                let _ = write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{body}");
            }
        });
        OtherSite { origin, page }
    }

    /// What its page says from now on.
    fn say(&self, page: &str) {
        page.clone_into(&mut self.page.lock().expect("no panic"));
    }
}

/// The height of the first frame, as the page around it has set it.
fn height(chrome: &Chrome) -> u64 {
    let height = chrome.script("return document.querySelector('iframe').height");
    height.as_str().and_then(|text| text.parse().ok()).expect("a height")
}

/// Waits until a frame has another height than this, and returns it.
fn height_after(chrome: &Chrome, before: u64) -> u64 {
    wait_for("another height", || Some(height(chrome)).filter(|height| *height != before))
}

#[test]
fn a_listed_site_reads_and_frames_a_leaderboard_and_no_other_does() {
    let (club, stranger) = (OtherSite::start(), OtherSite::start());
    let server = quick().env("SCOREKEEPER_ORIGINS", &club.origin).start();
    for user_id in 13..=15 {
        server.award(user_id, "2023-04-14", user_id);
    }
    let chrome = Chrome::start();
    sign_in(&chrome, &server, KEY);
    chrome.open(&format!("{}/admin/boards/1", server.url()));
    let lines = chrome.text("#embed-lines");
    let given = 480;
    // Pictures of the preview are loaded when they come into view.
    chrome.script("document.querySelector('iframe').scrollIntoView()");
    let preview = height_after(&chrome, given);
    assert!((100..given).contains(&preview), "{preview}");
    chrome.assert_quiet(&[]);

    let url = server.url();
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><title>The club</title><h1>The club</h1>\n{lines}\n<p id=\"leader\"></p>\n\
         <script>const say = (text) => {{ document.getElementById('leader').textContent = text; }};\n\
         fetch('{url}/leaderboard/1?user_limit=1').then((reply) => reply.json())\n\
         .then((board) => say(`${{board.users[0].username}} leads`), () => say('refused'));</script>"
    );
    for site in [&club, &stranger] {
        site.say(&page);
    }
    chrome.open(&club.origin);
    chrome.wait_for_text("#leader", "user-15 leads");
    let three = height_after(&chrome, given);
    assert!((100..given).contains(&three), "{three}");
    server.award(16, "2023-04-14", 16);
    let four = height_after(&chrome, three);
    assert!(four > three, "the frame follows the change: {three}, {four}");
    // A message of anybody else than the frame changes nothing.
    chrome.script("postMessage({type: 'scorekeeper:height', height: 7}, '*')");
    chrome.script_later("setTimeout(arguments[0])");
    assert_eq!(height(&chrome), four);
    chrome.assert_quiet(&["favicon.ico"]);

    chrome.open(&stranger.origin);
    chrome.wait_for_text("#leader", "refused");
    wait_for("the refusal of the frame", || {
        chrome.console().iter().any(|line| line.contains("frame-ancestors")).then_some(())
    });
    assert_eq!(height(&chrome), given, "nothing has told its height");
}
