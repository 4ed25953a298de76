//! Promise: points for many people are looked at line by line, and then stored all or none, once for each form.

use serde_json::json;

use crate::support::browser::{Browser, Fields, hidden_fields};
use crate::support::{EVENTS, KEY, Reply, Server, run};

const FORM: &str = "/admin/award/many";
const PREVIEW: &str = "/admin/award/many/preview";
const DAY: &str = "2023-04-14";
const STORED: &str = "/admin/award/stored?first=2";

/// A server that knows Ann as 13 and Bob as 14, and Ann has 100 points.
fn ann_and_bob() -> Server {
    let server = Server::start();
    let users = json!({"users": [{"id": 13, "username": "ann", "name": "Ann Example"}, {"id": 14, "username": "Bob"}]});
    assert_eq!(server.post("/admin/users/batch", &users).status, 200);
    server.award(13, DAY, 100);
    server
}

fn names(names: &str) -> [(&str, &str); 5] {
    [("kind", "names"), ("names", names), ("points", "15"), ("date", DAY), ("description", "Karaoke\r\nnight")]
}

fn table(table: &str) -> [(&str, &str); 2] {
    [("kind", "table"), ("table", table)]
}

#[track_caller]
fn preview(browser: &Browser<'_>, fields: Fields<'_>) -> String {
    let reply = browser.post(PREVIEW, fields);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body
}

/// Presses the button under a preview, with more fields.
fn press(browser: &Browser<'_>, page: &str, more: Fields<'_>) -> Reply {
    let fields = hidden_fields(page, FORM);
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let all: Vec<(&str, &str)> = fields.chain(more.iter().copied()).collect();
    browser.submit(FORM, &all)
}

/// The cells of the preview's rows, without what only looks good.
fn rows(page: &str) -> Vec<String> {
    let body = page.split("<tbody>").nth(1).and_then(|body| body.split("</tbody>").next()).unwrap_or_default();
    let text = |row: &str| {
        let pieces = row.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text.trim());
        pieces.filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" ")
    };
    body.split("</tr>").map(text).filter(|row| !row.is_empty()).collect()
}

#[test]
fn names_get_the_same_points_once() {
    let server = ann_and_bob();
    let browser = Browser::signed_in(&server, "ana");
    assert!(browser.page("/admin/award").contains(FORM));
    assert!(browser.page(FORM).contains("enctype=\"multipart/form-data\""));
    let page = preview(&browser, &names("ann\r\n\r\n BOB \r\nuser-77\r\n13\r\n"));
    assert_eq!(
        rows(&page),
        [
            "1 Ann Example user ID 13 100 +15 115 14 Apr 2023 Karaoke\nnight",
            "3 Bob user ID 14 0 +15 15 14 Apr 2023 Karaoke\nnight",
            "4 user-77 user ID 77 0 +15 15 14 Apr 2023 Karaoke\nnight",
            "5 Ann Example user ID 13 as in line 1 115 +15 130 14 Apr 2023 Karaoke\nnight",
        ]
    );
    assert!(page.contains("Store 4 events") && page.contains("3 people") && page.contains("+60"), "{page}");
    assert_eq!(server.count_events(), 1, "looking stores nothing");
    for _ in 0..2 {
        let reply = press(&browser, &page, &[]);
        assert_eq!((reply.status, reply.header("Location")), (303, Some(STORED)), "{reply:?}");
    }
    assert!(browser.page(STORED).contains("4 events are stored."));
    assert_eq!((server.count_events(), server.score(13), server.score(14), server.score(77)), (5, 130, 15, 15));
    let event = server.get(&format!("{EVENTS}/2")).json();
    assert_eq!(event["description"], "Karaoke\nnight");
    assert_eq!(server.get(&format!("{EVENTS}/2/history")).json()["revisions"][0]["by"], "ana");
}

#[test]
fn a_table_is_read_from_a_file_or_as_a_spreadsheet_copies_it() {
    let server = ann_and_bob();
    let browser = Browser::signed_in(&server, "ana");
    let csv = "\u{feff}points,user_id,username,date,description,other\r\n\
               5,,ann,2023-04-14,\"one, two\",x\r\n-30,14,nobody,2999-01-01,,\r\n";
    let page = browser.post_file(PREVIEW, &[("kind", "table"), ("table", "")], ("table_file", csv.as_bytes()));
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(
        rows(&page.body),
        [
            "2 Ann Example user ID 13 100 +5 105 14 Apr 2023 one, two",
            "3 Bob user ID 14 0 −30 −30 1 Jan 2999 counts from then on",
        ]
    );
    assert_eq!(press(&browser, &page.body, &[]).header("Location"), Some(STORED));
    assert_eq!((server.score(13), server.score(14), server.count_events()), (105, 0, 3));
    let copied = "username\tdate\tpoints\r\nann\t2023-04-14\t1\r\n";
    assert_eq!(rows(&preview(&browser, &table(copied))), ["2 Ann Example user ID 13 105 +1 106 14 Apr 2023"]);
    let file = browser.post_file(PREVIEW, &names(""), ("names_file", b"ann\nbob"));
    assert_eq!(rows(&file.body).len(), 2, "{file:?}");
}

#[test]
fn a_bad_line_is_named_and_keeps_all_from_being_stored() {
    let server = ann_and_bob();
    let browser = Browser::signed_in(&server, "ana");
    let lines = "user_id,username,date,points\r\n13,,2023-04-14,1\r\n,nobody,2023-04-14,1\r\n13,,2023-02-30,1\r\n\
                 14,,2023-04-14,<b>\r\n14,,2023-04-14,2\r\n";
    let page = preview(&browser, &table(lines));
    for bad in [
        "<b>Line 3</b>: <bdi>nobody in the directory is called “nobody”</bdi>",
        "<b>Line 4</b>: <bdi>date: &#34;2023-02-30&#34; is not a date that exists, as YYYY-MM-DD</bdi>",
        "<b>Line 5</b>: <bdi>points: &#34;&#60;b&#62;&#34; is not a whole number",
        "Leave out 3 bad lines",
        "Store 2 events",
    ] {
        assert!(page.contains(bad), "{bad}: {page}");
    }
    assert_eq!(rows(&page).len(), 2);
    let refused = press(&browser, &page, &[]);
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body.contains("Nothing was stored."), "{refused:?}");
    assert_eq!(server.count_events(), 1);
    assert_eq!(press(&browser, &refused.body, &[("leave_out", "true")]).header("Location"), Some(STORED));
    assert_eq!((server.score(13), server.score(14), server.count_events()), (101, 2, 3));
    // Where no line is good there is nothing to store, whatever is ticked.
    let page = preview(&browser, &names("nobody"));
    assert!(page.contains("Nothing can be stored") && !page.contains("<button class=\"primary\""), "{page}");
    assert_eq!(press(&browser, &page, &[("leave_out", "true")]).status, 422);
    assert_eq!(server.count_events(), 3);
}

#[test]
fn what_is_wrong_with_the_whole_stands_beside_the_field() {
    let server = ann_and_bob();
    let browser = Browser::signed_in(&server, "ana");
    let refused = |fields: Fields<'_>, field: &str, sentence: &str| {
        let reply = browser.post(PREVIEW, fields);
        assert!([400, 422].contains(&reply.status), "{reply:?}");
        let error = format!("id=\"{field}-error\">{sentence}");
        assert!(reply.body.contains(&error), "{error}: {}", reply.body);
        reply.body
    };
    refused(&names(" \r\n"), "names", "Paste some lines, or choose a file.");
    let page =
        refused(&[("kind", "names"), ("names", "ann"), ("date", "soon"), ("points", "1")], "date", "Enter a day");
    assert!(page.contains(">\nann</textarea>") && page.contains("value=\"soon\""), "what was typed stays: {page}");
    refused(&[("kind", "names"), ("names", "ann"), ("date", DAY)], "points", "Please fill this in.");
    refused(&table("ann,15\r\n"), "table", "This can&#39;t be read: line 1: no column is named");
    let many = "ann\r\n".repeat(10_001);
    refused(&names(&many), "names", "These are more than 10,000 lines.");
    let long = "x".repeat(1_000_001);
    refused(&names(&long), "names", "This is more than a megabyte.");
    let both = browser.post_file(PREVIEW, &names("ann"), ("names_file", b"bob"));
    assert!(both.body.contains("and not both"), "{both:?}");
    let latin = browser.post_file(PREVIEW, &table(""), ("table_file", b"username,points,date\nJ\xfcrgen,1,2023-04-14"));
    assert!(latin.body.contains("CSV UTF-8"), "{latin:?}");
    let forged = browser.submit(PREVIEW, &names("ann"));
    assert_eq!(forged.status, 403);
    assert_eq!(server.count_events(), 1);
}

#[test]
fn ten_thousand_lines_are_cut_for_the_eye_and_stored_whole() {
    let server = ann_and_bob();
    let browser = Browser::signed_in(&server, "ana");
    let lines: String =
        (1..=9_000).map(|id| format!("{id}\r\n")).chain((0..150).map(|_| "x y\r\n".to_owned())).collect();
    let page = preview(&browser, &names(&lines));
    assert_eq!(rows(&page).len(), 200);
    assert!(page.contains("… and 8,800 more events") && page.contains("… and 50 more bad lines"), "{page:.3000}");
    assert_eq!(press(&browser, &page, &[("leave_out", "true")]).header("Location"), Some(STORED));
    assert_eq!((server.score(9_000), server.score(9_001)), (15, 0));
}

#[test]
fn what_a_key_may_not_do_is_a_bad_line_or_no_page() {
    let server = ann_and_bob();
    let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create", "--read-only"]);
    let reader = Browser::new(&server);
    assert_eq!(reader.sign_in(made.stdout.trim(), "eve").status, 303);
    assert_eq!(reader.get(FORM).status, 403);
    assert_eq!(reader.post(PREVIEW, &names("ann")).status, 403);
    let stranger = server.anonymous("POST", FORM).header("Accept", "text/html").form("kind=names&names=ann").send();
    assert_eq!(stranger.status, 403);
    assert_eq!(server.anonymous("POST", FORM).header("Api-Key", KEY).form("kind=names").send().status, 404);
}

#[test]
fn the_form_comes_back_with_what_was_typed() {
    let server = ann_and_bob();
    let browser = Browser::signed_in(&server, "ana");
    let page = preview(&browser, &names("ann\r\nnobody\r\n"));
    let fields = hidden_fields(&page, FORM);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let again = browser.submit("/admin/award/many/again", &fields);
    assert_eq!(again.status, 200);
    assert!(again.body.contains(">\nann\nnobody\n</textarea>") && again.body.contains(">\nKaraoke\nnight</textarea>"));
    assert!(again.body.contains("value=\"15\"") && again.body.contains(&format!("value=\"{DAY}\"")), "{}", again.body);
}
