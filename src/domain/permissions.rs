//! What a key lets its holder do: scopes, and sets of them.

use std::fmt;
use std::str::FromStr;

use super::unacceptable::Unacceptable;

/// One kind of thing that a key may allow. A key holds any number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scope {
    /// Read events, users, groups, boards, rules and the state of the recalculation.
    EventsRead,
    /// Store events of 0 points and more.
    EventsAward,
    /// Store events of less than 0 points.
    EventsDeduct,
    /// Change and delete stored events.
    EventsCorrect,
    /// Start a recalculation.
    Recalculate,
    /// Make, change and delete leaderboards, and change the rules that give points for activity.
    Boards,
    /// Change and delete users and groups.
    Users,
    /// Make and revoke keys, and read who changed what.
    Keys,
    /// Take all events out as one file.
    Export,
    /// Read the metrics.
    Metrics,
}

impl Scope {
    /// All scopes, in the order in which they are listed for a person.
    pub const ALL: [Scope; 10] = [
        Scope::EventsRead,
        Scope::EventsAward,
        Scope::EventsDeduct,
        Scope::EventsCorrect,
        Scope::Recalculate,
        Scope::Boards,
        Scope::Users,
        Scope::Keys,
        Scope::Export,
        Scope::Metrics,
    ];

    /// The scopes that allow changes. A key that holds none of them can only read.
    pub const CHANGING: [Scope; 7] = [
        Scope::EventsAward,
        Scope::EventsDeduct,
        Scope::EventsCorrect,
        Scope::Recalculate,
        Scope::Boards,
        Scope::Users,
        Scope::Keys,
    ];

    /// The name in requests, in replies, on the command line and in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::EventsRead => "events:read",
            Scope::EventsAward => "events:award",
            Scope::EventsDeduct => "events:deduct",
            Scope::EventsCorrect => "events:correct",
            Scope::Recalculate => "recalculate",
            Scope::Boards => "boards",
            Scope::Users => "users",
            Scope::Keys => "keys",
            Scope::Export => "export",
            Scope::Metrics => "metrics",
        }
    }

    /// The bit that stands for the scope in [`Permissions`]. It is never stored: the file holds names.
    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

impl FromStr for Scope {
    type Err = Unacceptable;

    fn from_str(text: &str) -> Result<Scope, Unacceptable> {
        Scope::ALL.into_iter().find(|scope| scope.name() == text).ok_or(Unacceptable {
            accepted: "events:read, events:award, events:deduct, events:correct, recalculate, boards, users, keys, \
                       export or metrics",
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of scopes: all that a key, or whoever acts with it, may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions(u16);

impl Permissions {
    /// Nothing at all.
    pub const NONE: Permissions = Permissions(0);

    /// Every scope.
    pub const ALL: Permissions = Permissions::of(&Scope::ALL);

    /// What a read-only key may do: read and export everything, and change nothing.
    pub const READ_ONLY: Permissions = Permissions::of(&[Scope::EventsRead, Scope::Export, Scope::Metrics]);

    /// The set of these scopes.
    pub const fn of(scopes: &[Scope]) -> Permissions {
        let mut bits = 0;
        let mut index = 0;
        // A `for` loop can't run in a constant yet.
        while index < scopes.len() {
            bits |= scopes[index].bit();
            index += 1;
        }
        Permissions(bits)
    }

    /// Whether the scope is in the set.
    pub const fn holds(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether at least one of the scopes is in the set; false if no scopes are given.
    pub const fn holds_any(self, scopes: &[Scope]) -> bool {
        self.0 & Permissions::of(scopes).0 != 0
    }

    /// Whether every scope of this set is in `other` too. A key can only make keys whose permissions are within its own.
    pub const fn is_within(self, other: Permissions) -> bool {
        self.0 & !other.0 == 0
    }

    /// The scopes of the set, in the order of [`Scope::ALL`].
    pub fn scopes(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.holds(*scope))
    }
}

/// Reads the names of scopes with commas between them, at least one.
impl FromStr for Permissions {
    type Err = Unacceptable;

    fn from_str(text: &str) -> Result<Permissions, Unacceptable> {
        text.split(',').map(|name| name.trim().parse()).collect::<Result<Permissions, Unacceptable>>().map_err(|_| {
            Unacceptable {
                accepted: "one or more of events:read, events:award, events:deduct, events:correct, recalculate, boards, \
                           users, keys, export, metrics, with commas between them,",
            }
        })
    }
}

/// The names of the scopes with commas between them, in the order of [`Scope::ALL`].
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.scopes().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{scope}")?;
        }
        Ok(())
    }
}

impl FromIterator<Scope> for Permissions {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Permissions {
        Permissions(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_from_its_name_alone() {
        for scope in Scope::ALL {
            assert_eq!(scope.name().parse(), Ok(scope));
        }
        for bad in ["", "events", "Events:read", "events:read ", "events:read,export", "all"] {
            assert!(bad.parse::<Scope>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_refused_scope_is_told_all_names() {
        let faults =
            ["nothing".parse::<Scope>().expect_err("no scope"), "".parse::<Permissions>().expect_err("no list")];
        for (scope, fault) in Scope::ALL.iter().flat_map(|scope| faults.map(|fault| (scope, fault))) {
            assert!(fault.accepted.contains(scope.name()), "{scope} is not in {:?}", fault.accepted);
        }
    }

    #[test]
    fn a_list_of_scopes_is_read_and_written() {
        let some = Permissions::of(&[Scope::EventsRead, Scope::EventsDeduct]);
        for text in
            ["events:read,events:deduct", " events:deduct , events:read", "events:read,events:deduct,events:read"]
        {
            assert_eq!(text.parse(), Ok(some), "{text:?}");
        }
        assert_eq!(some.to_string(), "events:read,events:deduct");
        for bad in ["", ",", "events:read,", "events:read events:deduct", "events:read;export", "read"] {
            assert!(bad.parse::<Permissions>().is_err(), "{bad:?}");
        }
        for set in [Permissions::ALL, Permissions::READ_ONLY] {
            assert_eq!(set.to_string().parse(), Ok(set));
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        for alone in Scope::ALL {
            let set = Permissions::of(&[alone]);
            for scope in Scope::ALL {
                assert_eq!(set.holds(scope), scope == alone, "{scope} in {alone}");
            }
            assert!(Permissions::ALL.holds(alone));
            assert!(!Permissions::NONE.holds(alone));
        }
    }

    #[test]
    fn a_read_only_key_reads_exports_and_measures() {
        let names: Vec<_> = Permissions::READ_ONLY.scopes().map(Scope::name).collect();
        assert_eq!(names, ["events:read", "export", "metrics"]);
    }

    #[test]
    fn any_of_none_is_not_held() {
        assert!(Permissions::READ_ONLY.holds_any(&[Scope::Boards, Scope::Export]));
        assert!(!Permissions::READ_ONLY.holds_any(&[Scope::Boards, Scope::Keys]));
        assert!(!Permissions::ALL.holds_any(&[]));
    }

    #[test]
    fn a_set_is_within_one_that_holds_as_much() {
        let some = Permissions::of(&[Scope::EventsRead, Scope::EventsAward]);
        assert!(some.is_within(some));
        assert!(some.is_within(Permissions::ALL));
        assert!(Permissions::NONE.is_within(some));
        assert!(!Permissions::ALL.is_within(some));
        assert!(!some.is_within(Permissions::READ_ONLY));
        assert!(!Permissions::READ_ONLY.is_within(some));
    }

    #[test]
    fn a_set_is_what_its_scopes_make_again() {
        for set in [Permissions::NONE, Permissions::READ_ONLY, Permissions::ALL] {
            assert_eq!(set.scopes().collect::<Permissions>(), set);
        }
    }
}
