//! Cookies, and what sessions make of them.

use std::sync::OnceLock;

use crate::domain::{KeyRef, Timestamp, Username};
use crate::front::translation::cookies as cookies_of;
use crate::web::Sessions;
use crate::web::session::{owner_of_form, token_of_forms};

/// A line of the header `Cookie`. What stands in it neither begins a session nor hides a good cookie that follows, and of a
/// form's token only the owner can be read who was written into it.
pub fn cookies(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else { return };
    let (sessions, token) = known();
    let now = Timestamp::from_millis(1_700_000_000_000);
    for cookie in cookies_of(line) {
        assert!(cookie.value().len() <= line.len());
        assert!(sessions.find(cookie.value(), now).is_none() || line.contains(token.as_str()));
        owner(cookie.value());
    }
    owner(line);
    for whole in [format!("{line}; scorekeeper_session={token}"), format!("scorekeeper_session={token};{line}")] {
        let found = cookies_of(&whole).filter(|cookie| cookie.name() == "scorekeeper_session");
        let good: Vec<bool> = found.map(|cookie| sessions.find(cookie.value(), now).is_some()).collect();
        assert!(good.contains(&true), "{whole:?}");
    }
    if let Ok(username) = line.parse::<Username>() {
        assert_eq!(owner_of_form(&token_of_forms("secret", &username)).as_ref(), Some(&username));
    }
}

/// A good session of all runs.
fn known() -> &'static (Sessions, String) {
    static KNOWN: OnceLock<(Sessions, String)> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let sessions = Sessions::new().expect("random numbers");
        let username = "ann".parse().expect("a username");
        let token = sessions.begin(KeyRef::Configured, username, Timestamp::from_millis(1_700_000_000_000));
        (sessions, token.expect("random numbers"))
    })
}

/// An owner who is read is the one who was written.
fn owner(token: &str) {
    if let Some(owner) = owner_of_form(token) {
        assert_eq!(owner_of_form(&token_of_forms("", &owner)).as_ref(), Some(&owner));
    }
}
