//! What a page looks like where it is hard to look good: small screens, large text, long numbers, forced colours, paper.

use serde_json::json;

use super::{Chrome, signed_in};
use crate::leaderboards::set_user;
use crate::support::Server;

/// Elements of tables that keep together, and are broken over several lines all the same.
const BROKEN: &str = "
    const lines = element => {
        const range = document.createRange();
        range.selectNodeContents(element);
        const tops = [...range.getClientRects()].filter(at => at.width > 1).map(at => at.top);
        return Math.max(...tops) - Math.min(...tops) > 14;
    };
    return [...document.querySelectorAll('table :is(a, time, button, .badge, .button, .num)')]
        .filter(element => element.checkVisibility() && !element.querySelector('bdi, img') && !element.closest('bdi'))
        .filter(lines).map(element => element.outerHTML.slice(0, 90))";

/// Whether two elements lie over each other.
const OVERLAP: &str = "
    const [one, other] = ['.site', '.account'].map(css => document.querySelector(css).getBoundingClientRect());
    return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom";

/// A page that is wider than the window, or a score that is wider than its place.
const TOO_WIDE: &str = "
    const root = document.documentElement;
    const wide = [...document.querySelectorAll('.podium .score, .overall b, .places a, .purse, .title, .tabs a')]
        .filter(element => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0);
    return wide.map(element => element.outerHTML.slice(0, 90)).concat(root.scrollWidth > root.clientWidth ? ['page'] : [])";

fn open(chrome: &Chrome, server: &Server, path: &str) {
    chrome.open(&format!("{}{path}", server.url()));
}

#[test]
fn words_numbers_and_buttons_in_tables_stay_whole() {
    let (server, chrome) = signed_in();
    let name = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren";
    set_user(&server, 13, &json!({"username": "wolfeschlegelsteinhausenbergerdorff", "name": name}));
    for id in [13, 14, 15, 16, 251] {
        let event =
            json!({"user_id": id, "date": "2026-09-16", "points": 1_000_000 * id, "description": name.repeat(3)});
        assert_eq!(server.post(crate::support::EVENTS, &event).status, 200);
    }
    let key = crate::support::run(server.folder().path(), &["--database", "scores.db", "keys", "create"]);
    assert_eq!(key.code, Some(0), "{}", key.stderr);
    for width in [768, 1440] {
        chrome.show(width, "light");
        for path in [
            "/leaderboard",
            "/users/13",
            "/admin/events",
            "/admin/keys",
            "/admin/boards",
            "/admin/people",
            "/admin/audit",
        ] {
            open(&chrome, &server, path);
            assert_eq!(chrome.script(BROKEN), json!([]), "{path} at {width}");
        }
    }
}

#[test]
fn on_a_small_screen_nothing_lies_over_something_else_and_names_are_whole() {
    let (server, chrome) = signed_in();
    let yesterday = (chrono::Utc::now().date_naive() - chrono::Days::new(1)).to_string();
    for (id, points) in [(11, 9), (12, 8), (13, 7), (14, 6)] {
        server.award(id, &yesterday, points);
    }
    set_user(&server, 14, &json!({"username": "priya", "name": "Priya Raghunathan-Venkataraman"}));
    chrome.show(360, "light");
    for path in ["/admin/events", "/admin/keys/new", "/admin/people"] {
        open(&chrome, &server, path);
        assert_eq!(chrome.script(OVERLAP), json!(false), "the account lies over the brand on {path}");
    }
    open(&chrome, &server, "/admin/keys/new");
    let boxes = chrome.script(
        "return [...document.querySelectorAll('.check input[type=checkbox]')]
             .map(box => [box.offsetWidth, box.offsetHeight].join()).filter(size => size !== '18,18')",
    );
    assert_eq!(boxes, json!([]), "check boxes are square");
    open(&chrome, &server, "/leaderboard?period=all_time");
    chrome.wait_for_text("main", "Priya");
    let cut = chrome.script(
        "return [...document.querySelectorAll('.ranks bdi')]
             .filter(name => name.scrollWidth > name.clientWidth || name.scrollHeight > name.clientHeight)
             .map(name => name.textContent)",
    );
    assert_eq!(cut, json!([]), "names are cut");
    let bars = "return [...document.querySelectorAll('.k')].filter(bars => bars.checkVisibility()).length";
    assert_eq!(chrome.script(bars), json!(0), "the bars go");
    let under = "const cell = document.querySelector('.ranks td:first-child');
        cell.insertAdjacentHTML('beforeend', '<span class=up>3</span>');
        const range = document.createRange();
        range.selectNode(cell.firstChild);
        return cell.lastChild.getBoundingClientRect().top >= range.getBoundingClientRect().bottom - 4";
    assert_eq!(chrome.script(under), json!(true), "movement stands under the position");
    chrome.show(1440, "light");
    assert_ne!(chrome.script(bars), json!(0));
    assert_eq!(chrome.script(under), json!(false), "beside it where there is room");
}

#[test]
fn large_text_and_long_numbers_have_room() {
    let server = Server::start();
    let most = "INSERT INTO score_events (user_id, date, points) VALUES (?1, '2023-04-14', 2147483647)";
    let scores = "INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, ?1, 14, ?2, 5)";
    let sql = server.sql();
    sql.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    for user in 11..=15_i64 {
        for _ in 0..5 {
            sql.execute(most, [user]).expect("an event");
        }
        sql.execute(scores, [user, 5 * 2_147_483_647]).expect("a score");
    }
    sql.execute_batch("COMMIT").expect("a commit");
    drop(sql);
    let names = ["Anna-Magdalena Bartholomäusdóttir of the Northern Reading Club", "طارق", "山田 優希", "X"];
    for (id, name) in (11..).zip(names) {
        set_user(&server, id, &json!({"username": format!("user{id}"), "name": name}));
    }
    for pixels in [16, 32] {
        let chrome = Chrome::with_text(pixels);
        for width in [360, 480, 768, 1440] {
            chrome.show(width, "light");
            for path in ["/leaderboard?period=all_time&for_user_id=14", "/users/11", "/users/11?range=all"] {
                open(&chrome, &server, path);
                chrome.wait_for_text("main", "10,737,418,235");
                // Text twice as large on a screen as narrow as that: only the page itself has to fit.
                let found = chrome.script(TOO_WIDE);
                assert_eq!(found, json!([]), "{path} at {width} px with text of {pixels} px");
            }
        }
    }
}

#[test]
fn with_forced_colours_it_is_seen_what_is_chosen_and_what_was_taken() {
    let server = Server::start();
    let today = chrono::Utc::now().date_naive().to_string();
    for (id, points) in [(11, 9), (12, 8), (13, 7), (14, -6)] {
        server.award(id, &today, points);
    }
    let chrome = Chrome::start();
    for scheme in ["light", "dark"] {
        chrome.show_as("screen", &[("forced-colors", "active"), ("prefers-color-scheme", scheme)]);
        open(&chrome, &server, "/leaderboard?period=all_time");
        chrome.wait_for_text("main", "user-14");
        let ground =
            "return [...document.querySelectorAll('.tabs a')].map(tab => getComputedStyle(tab).backgroundColor)";
        let grounds: Vec<String> = serde_json::from_value(chrome.script(ground)).expect("colours");
        assert!(grounds[1..].iter().all(|other| *other != grounds[0]), "{scheme}: {grounds:?}");
        let strokes =
            "return ['.k path:not(.m)', '.k .m'].map(css => getComputedStyle(document.querySelector(css)).stroke)";
        let strokes: Vec<String> = serde_json::from_value(chrome.script(strokes)).expect("colours");
        assert_ne!(strokes[0], strokes[1], "{scheme}");
    }
}

#[test]
fn on_paper_there_is_what_is_read_and_not_what_is_clicked() {
    let server = Server::start();
    for (id, points) in [(11, 9), (12, 8), (13, 7), (14, -6)] {
        server.award(id, "2023-04-14", points);
    }
    let chrome = Chrome::start();
    chrome.show_as("print", &[("prefers-color-scheme", "dark")]);
    for path in ["/leaderboard?period=all_time&for_user_id=14", "/users/14"] {
        open(&chrome, &server, path);
        chrome.wait_for_text("main", "user-14");
        let shown = chrome.script(
            "return [...document.querySelectorAll('nav a:not([aria-current]), button, input:not([type=hidden]), .button, .mine')]
                 .filter(element => element.checkVisibility()).map(element => element.outerHTML.slice(0, 80))",
        );
        assert_eq!(shown, json!([]), "{path}");
        let ground = chrome.script("return getComputedStyle(document.documentElement).backgroundColor");
        assert_eq!(ground, json!("rgb(255, 255, 255)"), "{path}");
    }
}
