//! Commands for a shell that do what a page does.

use serde::Serialize;

use crate::domain::{EventDate, ScoreEvent, is_unseen};
use crate::pages::address::Address;
use crate::web::requests::events::EVENTS;

/// The command that would store the same event.
pub fn award(address: &Address, username: &str, event: &ScoreEvent) -> String {
    #[derive(Serialize)]
    struct Same<'e> {
        user_id: i64,
        date: EventDate,
        points: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'e str>,
    }
    let same = Same {
        user_id: event.user_id.into(),
        date: event.date,
        points: event.points.into(),
        description: event.description.as_ref().map(|description| description.as_str()),
    };
    request(address, "POST", EVENTS, "$KEY", username, Some(&same))
}

/// A request of the API; `key` may be the name of a variable.
pub fn request(
    address: &Address,
    method: &str,
    path: &str,
    key: &str,
    username: &str,
    body: Option<&impl Serialize>,
) -> String {
    let username = header_value(username);
    let mut command =
        format!("curl -X {method} '{}{path}' \\\n  -H \"Api-Key: {key}\" -H {username}", address.as_str());
    if let Some(body) = body {
        command.push_str(" \\\n  -H 'Content-Type: application/json' \\\n  -d '");
        command.push_str(&quotable(&serde_json::to_string(body).expect("plain data has a JSON form")));
        command.push('\'');
    }
    command
}

/// The header with a username, quoted for a shell. If the name holds characters that can't be seen, a variable stands
/// in its place.
fn header_value(username: &str) -> String {
    if username.chars().any(is_unseen) {
        "\"Api-Username: $USERNAME\"".to_owned()
    } else {
        format!("'Api-Username: {}'", username.replace('\'', r"'\''"))
    }
}

/// JSON that can stand between single quotes of a shell. Characters that can't be seen are escaped.
fn quotable(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\'' || is_unseen(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_quotes_or_hides() {
        let hostile = "it's \u{202e}txt\u{2066} \u{e0041} $HOME `id` \u{1b}[0m";
        let json = quotable(&serde_json::to_string(hostile).expect("a text has a JSON form"));
        assert!(!json.contains('\'') && !json.chars().any(is_unseen), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).expect("still JSON"), hostile);
        assert_eq!(header_value("o'neil"), r"'Api-Username: o'\''neil'");
        assert_eq!(header_value("a\u{202e}b"), "\"Api-Username: $USERNAME\"");
    }
}
