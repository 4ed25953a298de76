//! What somebody waits for.

use crate::standings::StandingsKey;
use crate::standings::shared::Flush;

/// Which standings a refresh brings up.
pub(super) enum Scope {
    All,
    /// Only these. But if the file has to be read, all of them.
    Some(Vec<StandingsKey>),
}

/// What somebody waits for.
pub(super) struct Demand {
    /// Whether somebody asks for standings that are not there yet.
    pub new_standings: bool,
    /// Who waits for a refresh.
    pub flushes: Vec<Flush>,
}

impl Demand {
    /// Which standings a refresh has to bring up for those who wait; `None` if nobody waits.
    pub fn scope(&self) -> Option<Scope> {
        if self.new_standings {
            return Some(Scope::All);
        }
        let keys: Option<Vec<StandingsKey>> = self.flushes.iter().map(|flush| flush.key).collect();
        match keys {
            Some(keys) if keys.is_empty() => None,
            Some(keys) => Some(Scope::Some(keys)),
            None => Some(Scope::All),
        }
    }
}
