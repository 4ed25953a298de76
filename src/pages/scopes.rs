//! The scopes of a key in words for people.

use crate::domain::Scope;

/// What a key with the scope may do, as an end of the sentence "This key may …".
pub fn may(scope: Scope) -> &'static str {
    match scope {
        Scope::EventsRead => "look at events, users, groups and leaderboards",
        Scope::EventsAward => "give points",
        Scope::EventsDeduct => "take points, as a shop does",
        Scope::EventsCorrect => "change and delete events",
        Scope::Recalculate => "have scores recalculated",
        Scope::Boards => "set up leaderboards and the rules of points for activity",
        Scope::Users => "name, suspend and group users",
        Scope::Keys => "make and revoke keys, and read the log",
        Scope::Export => "take out all events as one file",
        Scope::Metrics => "read the metrics of the server",
    }
}

/// The sentence for somebody whose key lacks a scope.
pub fn lacking(scope: Scope) -> String {
    format!("This needs a key that may {}. Yours may not: it lacks the scope {scope}.", may(scope))
}
