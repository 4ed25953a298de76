//! The promise: a leaderboard can be shown in a frame on the sites of `origins`, and on no other; every other page refuses
//! to be framed. The administration shows the lines to paste.

use serde_json::json;

use crate::leaderboards::{quick, set_board, set_group};
use crate::support::browser::{ACCEPT, Browser};
use crate::support::{EVENTS, Reply, Server, Setup, wait_for};

const CLUB: &str = "https://club.example";

/// A server with five users on its board.
fn with_origins(origins: &str) -> Server {
    let setup = if origins.is_empty() { quick() } else { quick().env("SCOREKEEPER_ORIGINS", origins) };
    let server = setup.start();
    for user_id in 1..=5 {
        server.award(user_id, "2023-04-14", user_id * 10);
    }
    wait_for("the standings", || {
        let users = server.get("/leaderboard/1").json()["users"].as_array().map_or(0, Vec::len);
        (users == 5).then_some(())
    });
    server
}

/// GET of an embedded page whose standings are built.
fn embedded(server: &Server, path: &str) -> Reply {
    wait_for("the standings", || {
        let reply = server.anonymous("GET", path).header("Accept", ACCEPT).send();
        Some(reply).filter(|reply| reply.status != 202 && !reply.body.contains("Nobody has points here yet"))
    })
}

/// Who may show a page in a frame.
#[track_caller]
fn framed_by(reply: &Reply) -> &str {
    let policy = reply.header("Content-Security-Policy").unwrap_or_else(|| panic!("no policy: {reply:?}"));
    policy.split("; ").find_map(|part| part.strip_prefix("frame-ancestors ")).expect("who may frame it")
}

/// How many users a page lists.
fn listed(reply: &Reply) -> usize {
    reply.body.matches("<li id=\"u").count()
}

#[test]
fn a_leaderboard_in_a_frame_is_small_live_and_for_the_listed_sites() {
    let server = with_origins("https://club.example, http://team.example:8080");
    let page = embedded(&server, "/embed/leaderboard/1");
    assert_eq!((page.status, page.header("Content-Type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(framed_by(&page), "'self' https://club.example http://team.example:8080");
    assert_eq!(page.header("X-Frame-Options"), None, "it could not name the sites");
    assert_eq!(listed(&page), 5);
    assert!(!page.body.contains("<nav") && !page.body.contains("/admin"), "{}", page.body);
    assert!(page.body.contains("data-stream=\"/leaderboard/1/live?period=all_time\""), "{}", page.body);
    let links = page.body.matches("<a ").count();
    assert!(links > 5 && page.body.matches("target=\"_blank\" rel=\"noopener\"").count() == links, "{}", page.body);
    let by_program = server.anonymous("GET", "/embed/leaderboard/1").send();
    assert_eq!(by_program.body, page.body, "there is nothing else at this address");
}

#[test]
fn rows_period_and_theme_are_chosen_by_the_address() {
    let server = with_origins(CLUB);
    server.award(9, &chrono::Utc::now().date_naive().to_string(), 5);
    assert_eq!(listed(&embedded(&server, "/embed/leaderboard/1?rows=3")), 3);
    wait_for("today's points", || {
        (listed(&embedded(&server, "/embed/leaderboard/1?period=monthly")) == 1).then_some(())
    });
    assert_eq!(listed(&embedded(&server, "/embed/leaderboard/1?period=nonsense&rows=2")), 2);
    for (theme, class) in [("", "auto"), ("?theme=auto", "auto"), ("?theme=light", "light"), ("?theme=dark", "dark")] {
        let page = embedded(&server, &format!("/embed/leaderboard/1{theme}"));
        assert!(page.body.contains(&format!("<html lang=\"en\" class=\"{class}\">")), "{theme}");
    }
    for (query, name) in [("rows=0", "rows"), ("rows=101", "rows"), ("rows=x", "rows"), ("theme=blue", "theme")] {
        let path = format!("/embed/leaderboard/1?{query}");
        let page = embedded(&server, &path);
        assert_eq!((page.status, framed_by(&page)), (400, "'self' https://club.example"), "{query}");
        let sentence = format!("You supplied invalid parameters to the request: {name}");
        server.anonymous("GET", &path).send().assert_error(400, "invalid_parameters", &sentence);
    }
}

#[test]
fn what_not_everyone_may_see_is_a_404_in_the_frame_whoever_asks() {
    let server = with_origins(CLUB);
    set_group(&server, 10, &[]);
    set_board(&server, 1, json!({"visible_to_groups_ids": [10]}));
    for path in ["/embed/leaderboard/1", "/embed/leaderboard/77", "/embed/leaderboard/x"] {
        let page = embedded(&server, path);
        assert_eq!((page.status, framed_by(&page)), (404, "'self' https://club.example"), "{path}");
        assert!(page.body.contains("not for everyone to see"), "{}", page.body);
        server.get(path).assert_error(404, "not_found", "The requested URL or resource could not be found.");
    }
    let private = Setup::new().env("SCOREKEEPER_PUBLIC", "false").env("SCOREKEEPER_ORIGINS", CLUB).start();
    assert_eq!(embedded(&private, "/embed/leaderboard/1").status, 404);
}

#[test]
fn nothing_else_may_be_framed_and_without_origins_nothing_at_all() {
    let closed = with_origins("");
    let page = embedded(&closed, "/embed/leaderboard/1");
    assert_eq!((page.status, framed_by(&page), page.header("X-Frame-Options")), (200, "'none'", Some("DENY")));
    let open = with_origins("*");
    assert_eq!(framed_by(&embedded(&open, "/embed/leaderboard/1")), "*");
    let browser = Browser::signed_in(&open, "ana");
    for path in ["/leaderboard", "/leaderboard/1", "/users/1", "/nothing", "/admin/events", "/admin/boards"] {
        let page = browser.get(path);
        assert_eq!((framed_by(&page), page.header("X-Frame-Options")), ("'none'", Some("DENY")), "{path}");
    }
    for (method, path) in [
        ("GET", "/leaderboard/1"),
        ("GET", "/nothing"),
        ("POST", EVENTS),
        ("HEAD", "/health/ready"),
        ("OPTIONS", "/users"),
    ] {
        let reply = open.anonymous(method, path).send();
        let told = ["X-Frame-Options", "X-Content-Type-Options", "Permissions-Policy"].map(|name| reply.header(name));
        assert_eq!(told, [Some("SAMEORIGIN"), Some("nosniff"), Some("interest-cohort=()")], "{method} {path}");
    }
}

#[test]
fn a_frame_follows_a_change() {
    let server = with_origins(CLUB);
    let with_rows = |rows: usize| {
        wait_for("the rows", || Some(embedded(&server, "/embed/leaderboard/1")).filter(|page| listed(page) == rows))
    };
    with_rows(5);
    server.award(6, "2023-04-14", 100);
    let page = with_rows(6);
    assert!(page.body.contains("<li id=\"u6\" data-score=\"100\" class=\"p1\">"), "{}", page.body);
    let empty = quick().env("SCOREKEEPER_ORIGINS", CLUB).start();
    let page = wait_for("the standings", || {
        Some(empty.anonymous("GET", "/embed/leaderboard/1").send()).filter(|page| page.status == 200)
    });
    assert!(page.body.contains("Nobody has points here yet"), "{}", page.body);
}

/// The page of board 1 in the administration, which shows a page in a frame itself.
fn board_page(server: &Server) -> Reply {
    let browser = Browser::signed_in(server, "ana");
    let session = format!("scorekeeper_session={}", browser.cookie("scorekeeper_session").expect("a session"));
    server.anonymous("GET", "/admin/boards/1").header("Accept", ACCEPT).header("Cookie", &session).send()
}

#[test]
fn the_administration_shows_the_lines_to_paste_and_a_preview() {
    let server = with_origins(CLUB);
    let page = board_page(&server);
    assert_eq!((page.status, framed_by(&page)), (200, "'none'"));
    assert!(page.header("Content-Security-Policy").is_some_and(|policy| policy.ends_with("; frame-src 'self'")));
    let address = format!("src=&#34;http://127.0.0.1:{}/embed/leaderboard/1&#34;", server.port);
    for part in [&address, "&#60;iframe id=&#34;scorekeeper-1&#34;", "e.source === f.contentWindow", CLUB] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(page.body.contains("<iframe class=\"preview\" src=\"/embed/leaderboard/1\""), "{}", page.body);

    let closed = board_page(&with_origins(""));
    assert!(closed.body.contains("Name yours in the setting <code>origins</code>"), "{}", closed.body);
    assert!(!closed.body.contains("class=\"preview\""), "{}", closed.body);
    set_group(&server, 10, &[]);
    set_board(&server, 1, json!({"visible_to_groups_ids": [10]}));
    let hidden = board_page(&server);
    assert!(hidden.body.contains("Other sites can show only what everyone may see"), "{}", hidden.body);
    assert!(!hidden.body.contains("scorekeeper-1"), "{}", hidden.body);
}

#[test]
fn the_name_of_a_board_breaks_neither_the_lines_nor_the_page() {
    let server = with_origins(CLUB);
    set_board(&server, 1, json!({"name": "A \"b\" <script>alert(1)</script> & c"}));
    let page = board_page(&server);
    let lines = page.body.split("<pre id=\"embed-lines\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let lines = lines.expect("the lines").replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">");
    let title = "title=\"A &quot;b&quot; &lt;script&gt;alert(1)&lt;/script&gt; &amp; c\"";
    assert!(lines.replace("&#38;", "&").contains(title), "{lines}");
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}
