//! Users whom a request names by username, where the API has their numbers.

use super::app::App;
use super::error::ApiError;
use super::parameters::Parameters;
use super::request::{Field, Request, Sent};
use crate::domain::{UserId, Username};

/// A request in which `username` may stand for `user_id`.
pub trait NamesUsers: Request {
    /// The users that the request names by number.
    fn user_ids(&self) -> &[UserId];

    /// The users that the request names by username.
    fn usernames(&self) -> &[Username];

    /// The same request with the numbers of its users, and without usernames.
    fn about(self, user_ids: Vec<UserId>) -> Self;
}

/// A request whose usernames have still to be looked up.
#[derive(Debug, Clone)]
pub struct Named<R> {
    asked: R,
    /// Whether it names users by number too.
    numbered: bool,
}

impl<R: NamesUsers> Request for Named<R> {
    const FIELDS: &'static [Field] = R::FIELDS;

    fn read(parameters: &Parameters) -> Result<Named<R>, ApiError> {
        /// Stands for the number until the name is looked up, so that other faults are reported first.
        const STAND_IN: &str = "1";
        let numbered = parameters.has("user_id");
        if numbered || !parameters.has("username") {
            return R::read(parameters).map(|asked| Named { asked, numbered });
        }
        let mut parameters = parameters.clone();
        parameters.set("user_id", STAND_IN);
        R::read(&parameters).map(|asked| Named { asked, numbered })
    }
}

impl<R: NamesUsers> Named<R> {
    /// The usernames to look up.
    pub fn usernames(&self) -> &[Username] {
        self.asked.usernames()
    }

    /// The request with the numbers of its users. `found` are those of its usernames, in their order; `None` for a name
    /// that nobody has.
    ///
    /// # Errors
    /// [`ApiError::UnknownUser`] if nobody has a username. But if a number was sent too, an unknown username is ignored,
    /// and the username of somebody else is an error.
    pub fn known(self, found: &[Option<UserId>]) -> Result<R, ApiError> {
        if self.usernames().is_empty() {
            return Ok(self.asked);
        }
        if !self.numbered {
            let ids = found.iter().copied().collect::<Option<Vec<_>>>().ok_or(ApiError::UnknownUser)?;
            return Ok(self.asked.about(ids));
        }
        if found.iter().flatten().any(|id| !self.asked.user_ids().contains(id)) {
            return Err(ApiError::invalid("username", "the name of that user"));
        }
        Ok(self.asked)
    }
}

/// Looks up the users whom the records of a list name.
///
/// # Errors
/// See [`Named::known`]; the error tells which record it is about.
pub async fn all_known<R: NamesUsers>(
    records: Vec<Named<R>>,
    list: &'static str,
    app: &App,
) -> Result<Vec<R>, ApiError> {
    let names: Vec<Username> = records.iter().flat_map(Named::usernames).cloned().collect();
    let found = if names.is_empty() { Vec::new() } else { app.actions.numbers_of(names).await? };
    let mut found = found.as_slice();
    let mut known = Vec::with_capacity(records.len());
    for (index, record) in records.into_iter().enumerate() {
        let (own, others) = found.split_at(record.usernames().len());
        found = others;
        known.push(record.known(own).map_err(|error| error.within(list, index))?);
    }
    Ok(known)
}

impl<R: NamesUsers> Sent<R> {
    /// Reads the request, with the numbers of the users whom it names.
    ///
    /// # Errors
    /// See [`Request::read`] and [`Named::known`].
    pub async fn read_named(&self, app: &App) -> Result<R, ApiError> {
        let asked = Named::<R>::read(self.parameters())?;
        if asked.usernames().is_empty() {
            return asked.known(&[]);
        }
        let found = app.actions.numbers_of(asked.usernames().to_vec()).await?;
        asked.known(&found)
    }
}
