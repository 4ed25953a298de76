//! Finding people: by user ID, by username, by full name and by words of it, without case and accents. Everything that finds
//! somebody does it here.
//!
//! Names are searched in memory, where the standings keep them. The database is asked for what names can't tell: whose a
//! username is by the API's rule, and whether somebody without a name has points.

use std::collections::HashSet;
use std::sync::Arc;

use super::find::{CALLED_MAX, Fit, NameSearch};
use super::{Catalog, Standings};
use crate::domain::{User, UserId, Username, whole_of_text};
use crate::store::{ReadConnection, Store, StoreError, directory, scores};

/// For so many texts that name nobody, people with similar names are looked for.
const SIMILAR_FOR_MAX: usize = 5;

/// Which users to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFilter {
    /// Words, each of which is a part of the username or the full name; or a user ID.
    pub text: Option<String>,
    /// The list goes on after the user of this number.
    pub after: i64,
    /// How many users a page holds.
    pub limit: usize,
}

/// Everybody who can be found.
#[derive(Clone)]
pub struct People {
    store: Store,
    standings: Standings,
}

impl People {
    /// Those whom a file holds, and whose names its standings keep in memory.
    pub fn new(store: Store, standings: Standings) -> People {
        People { store, standings }
    }

    /// The names, with all that other processes have committed: a command may just have changed the directory.
    async fn catalog(&self) -> Arc<Catalog> {
        if !self.standings.show_all_of_others() {
            self.standings.refresh().await;
        }
        self.standings.catalog()
    }

    /// A page of the directory, by number, and whether more follow.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_users(&self, filter: UserFilter) -> Result<(Vec<User>, bool), StoreError> {
        let catalog = if filter.text.is_some() { self.catalog().await } else { self.standings.catalog() };
        let list = move |connection: &ReadConnection| {
            let UserFilter { text, after, limit } = filter;
            let Some(text) = text else { return directory::list_users(connection, after, limit) };
            let (mut ids, mut more) = catalog.users.like(&NameSearch::new(&text), after, limit);
            let numbered = number_in(&text).filter(|id| i64::from(*id) > after && catalog.users.get(id).is_some());
            if let Some((id, Err(at))) = numbered.map(|id| (id, ids.binary_search(&id))) {
                // The one with that number has a place among those whose names hold the text.
                ids.insert(at, id);
                more |= ids.len() > limit;
                ids.truncate(limit);
            }
            Ok((ids.iter().filter_map(|id| catalog.users.get(id)).cloned().collect(), more))
        };
        self.store.read(list).await
    }

    /// Whom somebody who searches means. It is one user if the text is the number or the name of just one, or if no other
    /// name is like it; otherwise at most `limit` users are found.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find(&self, text: &str, limit: usize) -> Result<Found, StoreError> {
        // Anybody may search, so nothing is brought up to date for it.
        let catalog = self.standings.catalog();
        let text = text.trim();
        let text = text.strip_prefix('@').unwrap_or(text).to_owned();
        self.store
            .read(move |connection| {
                if let Some(id) = named(connection, &text)? {
                    return Ok(Found::One(id));
                }
                if let Some(id) = number_in(&text)
                    && known(connection, &catalog, id)?
                {
                    return Ok(Found::One(id));
                }
                let best = catalog.users.best(&NameSearch::new(&text), limit.max(2));
                let only = match best[..] {
                    [] => None,
                    [(_, id)] => Some(id),
                    [(fit, id), (next, _), ..] => (fit != next && fit <= Fit::Name).then_some(id),
                };
                let like = || best.iter().take(limit).map(|(_, id)| *id).collect();
                Ok(only.map_or_else(|| Found::Like(like()), Found::One))
            })
            .await
    }

    /// Whom some texts name, one answer for each. A text may be a number, a username, a name like `user-13`, or a full name or
    /// words of one. However many texts there are, the directory is looked through once.
    ///
    /// # Errors
    /// The database failed.
    pub async fn meant(&self, texts: Vec<String>) -> Result<Vec<Meant>, StoreError> {
        let catalog = self.catalog().await;
        self.store.read(move |connection| meant_by(connection, &catalog, &texts)).await
    }

    /// Which of some users nobody has heard of yet: they are not in the directory, and there are no points of theirs. Points
    /// for such a number are most often a slip of the hand.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unheard_of(&self, ids: Vec<UserId>) -> Result<HashSet<UserId>, StoreError> {
        let catalog = self.catalog().await;
        self.store
            .read(move |connection| {
                let mut unheard_of = HashSet::new();
                for id in ids {
                    if !unheard_of.contains(&id) && !known(connection, &catalog, id)? {
                        unheard_of.insert(id);
                    }
                }
                Ok(unheard_of)
            })
            .await
    }
}

/// Whom a search has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This one is meant.
    One(UserId),
    /// Any of these may be meant, the likeliest first; nobody if there are none.
    Like(Vec<UserId>),
}

/// Whom a text in a form names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// This user. A number names a user even if nobody has heard of them.
    User(UserId),
    /// More than one user is called that; these are some of them.
    Several(Vec<UserId>),
    /// Nobody is called that; perhaps one of these is meant.
    Nobody(Vec<UserId>),
}

impl Meant {
    /// The user, if it is clear who is meant.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Meant::User(id) => Some(*id),
            Meant::Several(_) | Meant::Nobody(_) => None,
        }
    }
}

fn meant_by(connection: &ReadConnection, catalog: &Arc<Catalog>, texts: &[String]) -> Result<Vec<Meant>, StoreError> {
    let mut meant = Vec::with_capacity(texts.len());
    for text in texts.iter().map(|text| text.trim()) {
        meant.push(match whole_number(text) {
            Some(id) => Some(id),
            None => named(connection, text)?.or_else(|| number_in(text)),
        });
    }
    let open: Vec<usize> = (0..texts.len()).filter(|index| meant[*index].is_none()).collect();
    let unknown: Vec<String> = open.iter().map(|index| texts[*index].clone()).collect();
    let mut called = catalog.users.called(&unknown);
    let mut answers: Vec<Meant> =
        meant.into_iter().map(|id| id.map_or(Meant::Nobody(Vec::new()), Meant::User)).collect();
    let mut similar_left = SIMILAR_FOR_MAX;
    for (index, ids) in open.into_iter().zip(&mut called) {
        answers[index] = match ids[..] {
            [id] => Meant::User(id),
            [] if similar_left > 0 => {
                similar_left -= 1;
                let best = catalog.users.best(&NameSearch::new(&texts[index]), CALLED_MAX);
                Meant::Nobody(best.into_iter().map(|(_, id)| id).collect())
            }
            [] => Meant::Nobody(Vec::new()),
            _ => Meant::Several(std::mem::take(ids)),
        };
    }
    Ok(answers)
}

/// Whether a user is in the directory, is suspended, or has points on any day.
fn known(connection: &ReadConnection, catalog: &Catalog, id: UserId) -> Result<bool, StoreError> {
    Ok(catalog.users.get(&id).is_some() || catalog.suspended.contains(id) || scores::has_any(connection, id)?)
}

/// The user who has a username, by the rule of the API.
fn named(connection: &ReadConnection, text: &str) -> Result<Option<UserId>, StoreError> {
    match text.parse::<Username>() {
        Ok(username) => directory::id_of(connection, &username),
        Err(_) => Ok(None),
    }
}

/// The number that a text is, also in the form `user-13`.
fn number_in(text: &str) -> Option<UserId> {
    let text = text.trim();
    whole_number(text).or_else(|| text.parse::<Username>().ok()?.reserved_for())
}

/// A whole number that is the number of a user.
fn whole_number(text: &str) -> Option<UserId> {
    whole_of_text(text).and_then(|number| UserId::try_from(number).ok())
}
