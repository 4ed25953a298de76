//! Promise: the page of the server says what runs since when and which keys end soon; there a recalculation is started in the browser, shows how far it is until it is done and what it found, and uses
//! up the same few runs a day as one that is asked for through the API.

use chrono::{Days, Utc};

use crate::support::browser::{Browser, hidden, unescape};
use crate::support::{RECALCULATE, Server, Setup, run, wait_for};

const PAGE: &str = "/admin/server";

/// The page once nothing runs.
fn done(browser: &Browser<'_>) -> String {
    wait_for("the recalculation to finish", || {
        let page = browser.page(PAGE);
        (!page.contains("data-running")).then_some(page)
    })
}

fn from_date(server: &Server) -> String {
    server.get(RECALCULATE).json()["from_date"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn it_runs_to_its_end_and_says_what_it_found() {
    let server = Server::start();
    for date in ["2023-04-14", "2023-04-15", "2023-04-16"] {
        server.award(13, date, 10);
    }
    let browser = Browser::signed_in(&server, "ana");
    let page = browser.page(PAGE);
    assert!(page.contains("Nothing was recalculated") && page.contains("curl -X PUT"), "{page}");
    assert!(page.contains("5 of 5 runs are left today."), "{page}");
    server.sql().execute("UPDATE scores SET score = 99 WHERE date < '2023-04-16'", []).expect("scores are falsified");
    let key = hidden(&page, "key");
    // Two clicks are one run.
    for _ in 0..2 {
        let (to, _) = browser.post_through(PAGE, &[("span", "all"), ("key", &key)]);
        assert_eq!(to, PAGE);
    }
    let page = done(&browser);
    assert!(page.contains("Done, from the first day on") && page.contains("<progress id=\"bar\""), "{page}");
    assert!(page.contains("3 days looked through. 2 scores were different"), "{page}");
    assert!(page.contains("4 of 5 runs are left today."), "{page}");
    assert_eq!(server.score(13), 30);
    assert!(!page.contains("http-equiv"), "nothing is refreshed where nothing runs");
}

#[test]
fn a_run_that_takes_its_time_shows_how_far_it_is() {
    let server = Server::start();
    server.award(13, "2023-04-14", 1);
    const FILL: &str = "
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 40000)
        INSERT INTO score_events (user_id, date, points) SELECT 14, date('2000-01-01', '-' || n || ' days'), 1 FROM n";
    server.sql().execute(FILL, []).expect("events are stored");
    let browser = Browser::signed_in(&server, "ana");
    browser.post_through(PAGE, &[("span", "all"), ("key", "k")]);
    let running = wait_for("some progress", || {
        let page = browser.page(PAGE);
        assert!(page.contains("data-running"), "over before it was seen to run: {page}");
        (page.contains("max=\"40001\"")).then_some(page)
    });
    assert!(
        running.contains("<noscript><meta http-equiv=\"refresh\""),
        "without JavaScript the page comes again by itself"
    );
    assert!(running.contains("of 40,001 days"), "{running}");
    let value = |page: &str| -> u64 {
        let digits = page.split("<progress id=\"bar\" value=\"").nth(1).expect("a bar");
        digits.split('"').next().and_then(|digits| digits.parse().ok()).expect("a number")
    };
    let first = value(&running);
    wait_for("the bar to move", || {
        let page = browser.page(PAGE);
        (!page.contains("data-running") || value(&page) > first).then_some(())
    });
}

#[test]
fn each_choice_begins_on_its_day() {
    let server = Setup::new().env("SCOREKEEPER_RECALCULATIONS_PER_DAY", "100").start();
    let browser = Browser::signed_in(&server, "ana");
    let today = Utc::now().date_naive();
    for days in [10, 30, 90, 365] {
        browser.post_through(PAGE, &[("span", &days.to_string()), ("key", &format!("k{days}"))]);
        done(&browser);
        let first = from_date(&server);
        // Midnight may pass in between.
        let close = [0, 1].map(|late| (today + Days::new(late) - Days::new(days)).to_string());
        assert!(close.contains(&first), "{days}: {first}");
    }
    browser.post_through(PAGE, &[("span", "date"), ("from_date", "2023-04-14"), ("key", "kd")]);
    assert_eq!(from_date(&server), "2023-04-14");
}

#[test]
fn wrong_choices_and_one_run_too_many_are_refused() {
    let server = Setup::new().env("SCOREKEEPER_RECALCULATIONS_PER_DAY", "1").start();
    let browser = Browser::signed_in(&server, "ana");
    for (span, from_date, error) in [
        ("", "", "role=\"alert\""),
        ("week", "", "role=\"alert\""),
        ("date", "", "id=\"from_date-error\""),
        ("date", "2023-02-30", "id=\"from_date-error\""),
        ("date", "9999-12-31", "id=\"from_date-error\""),
    ] {
        let reply = browser.post(PAGE, &[("span", span), ("from_date", from_date), ("key", "k1")]);
        assert_eq!(reply.status, 400, "{span} {from_date}");
        assert!(reply.body.contains(error), "{}", reply.body);
        assert!(reply.body.contains("1 of 1 runs is left today."), "{}", reply.body);
    }
    browser.post_through(PAGE, &[("span", "10"), ("key", "k1")]);
    let page = done(&browser);
    assert!(page.contains("No run is left today: 1 in 24 hours are taken.") && page.contains(" disabled"), "{page}");
    let reply = browser.post(PAGE, &[("span", "10"), ("key", "k2")]);
    assert_eq!(reply.status, 429);
    assert!(reply.body.contains("24 hours"), "{}", reply.body);
}

#[test]
fn the_page_says_what_runs_and_which_keys_expire_soon() {
    let server = Server::start();
    let day = |days: u64| (Utc::now().date_naive() + Days::new(days)).to_string();
    for (description, days) in [("ends late", 40), ("the till", 20), ("the bot", 3)] {
        let args = ["--database", "scores.db", "keys", "create", "--description", description, "--expires", &day(days)];
        assert_eq!(run(server.folder().path(), &args).code, Some(0), "{description}");
    }
    let browser = Browser::signed_in(&server, "ana");
    let page = unescape(&browser.page(PAGE));
    assert!(page.contains(&format!("<dt>Version</dt><dd>{}</dd>", env!("CARGO_PKG_VERSION"))), "{page}");
    assert!(page.contains("<dt>Running for</dt><dd>0 minutes, since ") && page.contains("<dt>Today</dt>"), "{page}");
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    assert!(place("the bot") < place("the till") && !page.contains("ends late"), "{page}");
    assert!(page.contains(">Server</a>") && !page.contains(">Recalculate</a>"), "{page}");
    // Who may not manage keys hears nothing of them.
    let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create", "--scopes", "events:read"]);
    let reader = Browser::new(&server);
    assert_eq!(reader.sign_in(made.stdout.trim(), "bob").status, 303);
    assert!(!reader.page(PAGE).contains("Keys that expire soon"));
    let old = browser.get("/admin/recalculate");
    assert_eq!((old.status, old.header("Location")), (303, Some(PAGE)));
}
