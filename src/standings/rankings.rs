//! The rankings that are kept up to date, and what each of them still lacks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::catalog::{Effect, Eligible};
use super::ranked::Change;
use super::{Catalog, Ranked, StandingsKey, Totals, View, Window};
use crate::domain::{Leaderboard, Ranking, UserId};

/// All rankings that are kept up to date, by key.
pub(super) struct Rankings {
    ranking: Ranking,
    held: HashMap<StandingsKey, Held>,
}

/// A ranking that is kept up to date.
struct Held {
    window: Window,
    board: Arc<Leaderboard>,
    eligible: Eligible,
    ranked: Arc<Ranked>,
    /// Users whose place may be another one now.
    moved: Moved,
    /// Whether a ranked user has another name or another picture now.
    relabelled: bool,
}

/// Whose places in a ranking have to be found again.
enum Moved {
    /// Only those of these users.
    Users(BTreeSet<UserId>),
    /// Everybody's.
    All,
}

impl Moved {
    fn none() -> Moved {
        Moved::Users(BTreeSet::new())
    }

    fn add(&mut self, users: impl IntoIterator<Item = UserId>) {
        if let Moved::Users(moved) = self {
            moved.extend(users);
        }
    }
}

/// What a ranking is made of.
pub(super) struct Source<'s> {
    pub board: &'s Arc<Leaderboard>,
    pub window: Window,
    /// The sums over that window.
    pub totals: &'s Totals,
    pub catalog: &'s Arc<Catalog>,
}

impl Rankings {
    /// No rankings yet. In all of them, equal scores will share positions as `ranking` says.
    pub fn new(ranking: Ranking) -> Rankings {
        Rankings { ranking, held: HashMap::new() }
    }

    /// Forgets all rankings.
    pub fn clear(&mut self) {
        self.held.clear();
    }

    /// Forgets the rankings whose key is not wanted.
    pub fn retain(&mut self, wanted: impl Fn(&StandingsKey) -> bool) {
        self.held.retain(|key, _| wanted(key));
    }

    /// Forgets one ranking.
    pub fn remove(&mut self, key: StandingsKey) {
        self.held.remove(&key);
    }

    /// Notes that the sums of users over a window have changed.
    pub fn note_scores(&mut self, window: Window, users: impl Iterator<Item = UserId> + Clone) {
        for held in self.held.values_mut().filter(|held| held.window == window) {
            held.moved.add(users.clone());
        }
    }

    /// Notes what has changed in the catalog. `catalog` already holds the changes.
    pub fn note_directory(&mut self, effects: &[Effect], catalog: &Catalog) {
        for held in self.held.values_mut() {
            let mut is_eligibility_other = false;
            for effect in effects {
                match effect {
                    Effect::Label(id) => held.relabelled |= held.ranked.get(*id).is_some(),
                    Effect::Suspension(id) => {
                        is_eligibility_other = true;
                        held.moved.add([*id]);
                    }
                    Effect::Members { group, users } => {
                        let board = &held.board;
                        let groups = board.included_groups_ids.iter().chain(&board.excluded_groups_ids);
                        if groups.into_iter().any(|of_board| of_board == group) {
                            is_eligibility_other = true;
                            held.moved.add(users.iter().copied());
                        }
                    }
                }
            }
            if is_eligibility_other {
                held.eligible = catalog.eligible(&held.board);
            }
        }
    }

    /// Notes that everything has been read anew. `relabelled` says that the catalog has changed.
    pub fn note_all_read(&mut self, relabelled: bool, catalog: &Catalog) {
        for held in self.held.values_mut() {
            held.moved = Moved::All;
            held.relabelled |= relabelled;
            held.eligible = catalog.eligible(&held.board);
        }
    }

    /// Brings a ranking up to date. Returns a new view of it, or `None` if the view stays the same.
    pub fn bring_up(&mut self, key: StandingsKey, source: &Source<'_>) -> Option<View> {
        let Source { board, window, totals, catalog } = *source;
        let before = self.held.get(&key);
        let has_same_board = before.is_some_and(|held| held.board == *board);
        // The window and the groups are the same, so only the users who have moved can have another place.
        let comparable = before.filter(|held| {
            held.window == window
                && held.board.included_groups_ids == board.included_groups_ids
                && held.board.excluded_groups_ids == board.excluded_groups_ids
        });
        let moved = comparable.and_then(|held| match &held.moved {
            Moved::Users(users) => Some((held, users)),
            Moved::All => None,
        });
        let (eligible, ranked) = match moved {
            Some((held, users)) if users.is_empty() => {
                if has_same_board && !held.relabelled {
                    return None;
                }
                (held.eligible.clone(), Arc::clone(&held.ranked))
            }
            // If many users have moved, sorting all is cheaper than finding the place of each.
            Some((held, users)) if users.len() < totals.len() / 4 + 16 => {
                let eligible = held.eligible.clone();
                let score = |id: UserId| totals.get(id).filter(|_| eligible.holds(id)).map(|sum| sum.score);
                let changes: Vec<Change> = users.iter().map(|id| (*id, score(*id))).collect();
                let ranked = held.ranked.changed(&changes);
                (eligible, Arc::new(ranked))
            }
            _ => {
                let eligible = comparable.map_or_else(|| catalog.eligible(board), |held| held.eligible.clone());
                let scores = totals.iter().filter(|(id, _)| eligible.holds(*id)).map(|(id, sum)| (id, sum.score));
                let ranked = Ranked::of(scores, self.ranking);
                (eligible, Arc::new(ranked))
            }
        };
        let same = before.filter(|held| held.ranked == ranked);
        let ranked = same.map_or(ranked, |held| Arc::clone(&held.ranked));
        let shows_same = has_same_board && same.is_some_and(|held| !held.relabelled);
        let board = Arc::clone(board);
        let held = Held {
            window,
            board: Arc::clone(&board),
            eligible,
            ranked: Arc::clone(&ranked),
            moved: Moved::none(),
            relabelled: false,
        };
        self.held.insert(key, held);
        (!shows_same).then(|| View::new(board, key.period, ranked, Arc::clone(catalog)))
    }
}
