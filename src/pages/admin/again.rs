//! A form that could not be taken because its session had ended, to be sent again by whoever filled it in.
//!
//! Nothing is carried out by itself: what was typed is shown, and a button sends it. Where a page can fill in its form with
//! what was typed, the button leads to that form.

use crate::pages::format;

/// How much of a value is shown, in characters. All of it is sent.
const SHOWN_MAX: usize = 300;

/// The pages that can fill in their form with what was typed, and where each does it.
const FORMS: [(&str, &str); 3] = [
    ("/admin/award/many", "/admin/award/many/again"),
    ("/admin/award", "/admin/award/again"),
    ("/admin/people/many", "/admin/people/many/again"),
];

/// Fields that are of no interest to people.
const UNSHOWN: [&str; 3] = ["csrf", "key", "kind"];

/// A form to be sent again.
#[derive(Debug, Clone)]
pub struct Again {
    /// Where it is sent.
    pub action: String,
    /// What its button says.
    pub button: &'static str,
    /// What is sent, by the names of the fields.
    pub hidden: Vec<(String, String)>,
    /// What is shown of it, each with its label.
    pub shown: Vec<(String, String)>,
}

impl Again {
    /// The form that was sent to a path with these fields.
    pub fn new(path: &str, fields: Vec<(String, String)>) -> Again {
        let form = FORMS.iter().find(|(page, _)| path == *page || path.starts_with(&format!("{page}/")));
        let shown = fields.iter().filter(|(name, value)| !UNSHOWN.contains(&name.as_str()) && !value.trim().is_empty());
        Again {
            action: form.map_or(path, |(_, again)| again).to_owned(),
            button: if form.is_some() { "Go on with the form" } else { "Send it now" },
            shown: shown.map(|(name, value)| (label(name), format::cut(&format::plain(value), SHOWN_MAX))).collect(),
            hidden: fields.into_iter().filter(|(name, _)| name != "csrf").collect(),
        }
    }
}

/// The label of a field, as near as its name allows.
fn label(name: &str) -> String {
    let name = name.strip_suffix("[]").unwrap_or(name);
    let known = match name {
        "user_id" | "into_id" => "User",
        "user_ids" => "Members",
        "id" => "ID",
        "minimum_score" => "Score must stay at or above",
        "from_date" => "First day",
        "to_date" => "Last day",
        "expires_on" => "Expires",
        "avatar_template" => "Picture",
        "scopes" => "What it may do",
        other => {
            let words = other.replace('_', " ");
            let mut letters = words.chars();
            return letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
        }
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_shown_and_all_of_it_is_sent() {
        let fields = [("csrf", "t"), ("key", "k"), ("default_period", "1"), ("user_id", "13"), ("name", " ")];
        let fields: Vec<_> = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let again = Again::new("/admin/boards/2", fields.clone());
        assert_eq!((again.action.as_str(), again.button, again.hidden.len()), ("/admin/boards/2", "Send it now", 4));
        let shown = [("Default period", "1"), ("User", "13")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(again.shown, shown);
        assert_eq!(Again::new("/admin/award/preview", fields.clone()).action, "/admin/award/again");
        assert_eq!(Again::new("/admin/award/many/preview", fields).action, "/admin/award/many/again");
    }
}
