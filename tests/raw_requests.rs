//! The promise: also a request that no client library would send is answered with an error in JSON, and stores nothing.

use serde_json::Value;

use crate::errors::{one_event, stored};
use crate::support::Setup;

#[test]
fn requests_that_no_client_library_sends_get_a_json_error_too() {
    let server = one_event(Setup::new());
    let before = stored(&server);
    for line in [
        "FROBNICATE /admin/plugins/gamification/score_events",
        "PROPFIND /",
        "M-SEARCH *",
        "CONNECT example.com:443",
        "OPTIONS *",
        "GET *",
        "GET //",
        "GET /admin//plugins",
        "GET /../../etc/passwd",
        "GET /%2e%2e/%2e%2e/etc/passwd",
        "GET /%00",
        "GET /%",
        "GET /%zz",
        "GET /a|b",
        "GET /{}[]^",
        "GET /\"quoted\\",
        "GET /caf\u{e9}",
        "GET http://elsewhere.example/nothing",
        "GET /nothing?\u{e9}={}",
        "GET nothing",
        "get /health/live",
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = server.raw(request.as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{line}: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap_or_default();
        assert!(["400", "404"].contains(&status), "{line}: {answer:?}");
        assert!(head.contains("\r\ncontent-type: application/json; charset=utf-8\r\n"), "{line}: {answer:?}");
        assert!(head.contains("\r\nx-request-id: "), "{line}: {answer:?}");
        let body: Value = serde_json::from_str(body).unwrap_or_else(|fault| panic!("{line}: {fault}: {answer:?}"));
        assert!(body["errors"][0].is_string() && body["error_type"].is_string(), "{line}: {body}");
    }
    assert_eq!(stored(&server), before);
    assert_eq!(server.score(13), 15);
}
