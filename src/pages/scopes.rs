//! The scopes of a key in words for people.

use crate::domain::{Permissions, Scope};

/// Sets of scopes that are offered when a key is made, each with the name of its use and the name in an address.
pub const SETS: [(&str, &str, Permissions); 3] = [
    ("shop", "Shop", Permissions::of(&[Scope::EventsRead, Scope::EventsDeduct])),
    ("giving", "Giving points", Permissions::of(&[Scope::EventsRead, Scope::EventsAward])),
    ("looking", "Looking", Permissions::READ_ONLY),
];

/// What a key with the scope may do, as an end of the sentence "This key may …".
pub fn may(scope: Scope) -> &'static str {
    match scope {
        Scope::EventsRead => "look at events, users, groups, leaderboards and recalculations",
        Scope::EventsAward => "give points",
        Scope::EventsDeduct => "take points, as a shop does",
        Scope::EventsCorrect => "change and delete events",
        Scope::Recalculate => "have scores recalculated",
        Scope::Boards => "set up leaderboards, and the rules of points for activity",
        Scope::Users => "name, suspend and group users; merge them too, if it may change events",
        Scope::Keys => "make and revoke keys that may do no more than itself, and read the log",
        Scope::Export => "take out all events as one file",
        Scope::Metrics => "read the metrics of the server",
    }
}

/// What a key with the scope may do, as a sentence.
pub fn sentence(scope: Scope) -> String {
    let may = may(scope);
    format!("{}{}.", may[..1].to_uppercase(), &may[1..])
}

/// The rights of a key in a few words.
pub fn in_short(permissions: Permissions) -> String {
    match permissions {
        Permissions::ALL => "everything".to_owned(),
        Permissions::READ_ONLY => "read-only".to_owned(),
        permissions => permissions.scopes().map(Scope::name).collect::<Vec<_>>().join(", "),
    }
}

/// The sentence for somebody whose key lacks a scope.
pub fn lacking(scope: Scope) -> String {
    format!("This needs a key with the scope {scope}: one that may {}. Yours may not.", may(scope))
}
