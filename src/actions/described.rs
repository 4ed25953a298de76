//! What the log of administration says of a thing: its properties, in one line.

use crate::domain::{Group, GroupId, Leaderboard, Rule, User, UserId, drawn_avatar, misleads};
use crate::store::api_keys::ApiKey;

/// The longest text of a person that a line quotes, in characters.
const QUOTED_MAX: usize = 255;

/// How many numbers a line lists at most. It says how many more there are.
const LISTED_MAX: usize = 20;

/// The properties of a thing, each with its value; `None`: the thing has none. All things of one kind have the same
/// properties in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Properties(Vec<(&'static str, Option<String>)>);

/// Something of which the log tells.
pub(super) trait Described {
    /// All of it in one line.
    fn line(&self) -> String;

    /// How it differs from what it was before: one line of how that was, and one of how that is now. `None`: it does not
    /// differ.
    fn difference(before: &Self, after: &Self) -> Option<(String, String)>;
}

impl Described for Properties {
    fn line(&self) -> String {
        let had = self.0.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value}")));
        had.collect::<Vec<_>>().join(", ")
    }

    fn difference(before: &Properties, after: &Properties) -> Option<(String, String)> {
        let changed = before.0.iter().zip(&after.0).filter(|(before, after)| before.1 != after.1);
        let written = |(name, value): &(&str, Option<String>)| match value {
            Some(value) => format!("{name} {value}"),
            None => format!("no {name}"),
        };
        let (were, are): (Vec<_>, Vec<_>) = changed.map(|(before, after)| (written(before), written(after))).unzip();
        (!were.is_empty()).then(|| (were.join(", "), are.join(", ")))
    }
}

/// The properties of a leaderboard.
pub(super) fn board(board: &Leaderboard) -> Properties {
    let groups = |ids: &[GroupId]| (!ids.is_empty()).then(|| list(ids.iter().map(|id| i64::from(*id))));
    Properties(vec![
        ("name", Some(quoted(board.name.as_str()))),
        ("first day", board.from_date.map(|day| day.to_string())),
        ("last day", board.to_date.map(|day| day.to_string())),
        ("ranked groups", groups(&board.included_groups_ids)),
        ("groups left out", groups(&board.excluded_groups_ids)),
        ("visible to groups", groups(&board.visible_to_groups_ids)),
        ("period", Some(board.default_period.name().to_owned())),
        ("other periods", board.period_filter_disabled.then(|| "hidden".to_owned())),
    ])
}

/// What is said of a leaderboard that another program has written, and that can't be read.
pub(super) fn unreadable_board() -> Properties {
    let Properties(names) = board(&Leaderboard::of_everyone());
    let unsaid = |(name, _)| (name, (name == "name").then(|| "that can't be read".to_owned()));
    Properties(names.into_iter().map(unsaid).collect())
}

/// The properties of a rule.
pub(super) fn rule(rule: &Rule) -> Properties {
    let categories = rule.category_ids.iter().map(|id| i64::from(*id));
    Properties(vec![
        ("points", Some(i64::from(rule.points).to_string())),
        ("counts", Some(if rule.enabled { "yes" } else { "no" }.to_owned())),
        ("daily limit", rule.daily_limit.map(|limit| i64::from(limit).to_string())),
        ("categories", (!rule.category_ids.is_empty()).then(|| list(categories))),
    ])
}

/// The properties of a user.
pub(super) fn user(user: &User) -> Properties {
    let own_picture = Some(&user.avatar_template).filter(|picture| **picture != drawn_avatar(user.id));
    Properties(vec![
        ("username", Some(quoted(user.username.as_str()))),
        ("name", user.name.as_deref().map(quoted)),
        ("picture", own_picture.map(|picture| quoted(picture))),
        ("suspended", Some(if user.suspended { "yes" } else { "no" }.to_owned())),
    ])
}

/// The properties of a key. Of the key itself, they hold the characters that lists show too.
pub(super) fn key(key: &ApiKey) -> Properties {
    let for_whom = key.username.as_ref().map_or_else(|| "all users".to_owned(), |name| quoted(name.as_str()));
    Properties(vec![
        ("begins", Some(quoted(&key.prefix))),
        ("for", Some(for_whom)),
        ("description", key.description.as_deref().map(quoted)),
        ("scopes", Some(key.permissions.to_string())),
        ("networks", (!key.networks.are_everywhere()).then(|| key.networks.to_string())),
        ("expires", key.expires_on.map(|day| day.to_string())),
        ("ends", key.ends_at.map(|moment| moment.to_string())),
    ])
}

/// A large group is told apart from what it was by who joined and who left.
impl Described for Group {
    fn line(&self) -> String {
        let members = match self.user_ids.len() {
            0 => "no members".to_owned(),
            count => format!("{}: {}", members(count), users(&self.user_ids)),
        };
        format!("name {}, {members}", quoted(&self.name))
    }

    fn difference(before: &Group, after: &Group) -> Option<(String, String)> {
        let (mut were, mut are) = (Vec::new(), Vec::new());
        if before.name != after.name {
            were.push(format!("name {}", quoted(&before.name)));
            are.push(format!("name {}", quoted(&after.name)));
        }
        let only = |some: &Group, others: &Group| -> Vec<UserId> {
            some.user_ids.iter().filter(|id| others.user_ids.binary_search(id).is_err()).copied().collect()
        };
        let (joined, left) = (only(after, before), only(before, after));
        if !joined.is_empty() || !left.is_empty() {
            were.push(members(before.user_ids.len()));
            let mut now = members(after.user_ids.len());
            for (what, who) in [("joined", &joined), ("left", &left)].into_iter().filter(|(_, who)| !who.is_empty()) {
                now.push_str(&format!("; {what}: {}", users(who)));
            }
            are.push(now);
        }
        (!were.is_empty()).then(|| (were.join(", "), are.join(", ")))
    }
}

fn members(count: usize) -> String {
    if count == 1 { "1 member".to_owned() } else { format!("{count} members") }
}

fn users(ids: &[UserId]) -> String {
    list(ids.iter().map(|id| i64::from(*id)))
}

/// Numbers, one after the other. The first of many, and how many more there are.
fn list(numbers: impl ExactSizeIterator<Item = i64>) -> String {
    let rest = numbers.len().saturating_sub(LISTED_MAX);
    let first: Vec<_> = numbers.take(LISTED_MAX).map(|number| number.to_string()).collect();
    let first = first.join(" ");
    if rest > 0 { format!("{first} and {rest} more") } else { first }
}

/// A text of a person between quotation marks, so that nothing in it can be taken for a part of the line around it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for (count, character) in text.chars().enumerate() {
        match character {
            _ if count == QUOTED_MAX => {
                quoted.push('…');
                break;
            }
            '"' | '\\' => quoted.extend(['\\', character]),
            character if misleads(character) => quoted.push(' '),
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_not_leave_its_quotation_marks() {
        assert_eq!(quoted("Shop"), r#""Shop""#);
        assert_eq!(quoted(r#"a", expires "never\"#), r#""a\", expires \"never\\""#);
        assert_eq!(quoted("two\nlines\u{202e}"), "\"two lines \"");
        assert_eq!(quoted(&"ä".repeat(300)), format!("\"{}…\"", "ä".repeat(255)));
    }

    #[test]
    fn a_long_list_says_how_many_more_there_are() {
        assert_eq!(list([3, 5].into_iter()), "3 5");
        assert!(list((0..120).collect::<Vec<_>>().into_iter()).ends_with(" 18 19 and 100 more"));
    }

    #[test]
    fn a_difference_names_only_what_differs() {
        let group = |name: &str, ids: &[i64]| Group {
            id: 1.try_into().expect("a group id"),
            name: name.to_owned(),
            user_ids: ids.iter().map(|id| (*id).try_into().expect("a user id")).collect(),
        };
        assert_eq!(Group::difference(&group("a", &[1]), &group("a", &[1])), None);
        let expected = ("1 member".to_owned(), "2 members; joined: 2 3; left: 1".to_owned());
        assert_eq!(Group::difference(&group("a", &[1]), &group("a", &[2, 3])), Some(expected));
        let expected = ("name \"a\"".to_owned(), "name \"b\"".to_owned());
        assert_eq!(Group::difference(&group("a", &[1]), &group("b", &[1])), Some(expected));
    }

    #[test]
    fn what_is_missing_on_one_side_is_said_to_be_missing() {
        let properties = |value: Option<&str>| Properties(vec![("name", None), ("day", value.map(str::to_owned))]);
        let difference = Properties::difference(&properties(None), &properties(Some("1")));
        assert_eq!(difference, Some(("no day".to_owned(), "day 1".to_owned())));
        assert_eq!(Properties::difference(&properties(Some("1")), &properties(Some("1"))), None);
        assert_eq!((properties(None).line().as_str(), properties(Some("1")).line().as_str()), ("", "day 1"));
    }
}
