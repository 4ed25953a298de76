//! Users whom a request names by username, where the API has their numbers.

use super::app::App;
use super::error::ApiError;
use super::request::{Request, Sent};
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

impl<R: NamesUsers> Sent<R> {
    /// Reads the request, with the numbers of the users whom it names.
    ///
    /// # Errors
    /// See [`Request::read`]. It is [`ApiError::UnknownUser`] if nobody has a username. But if a number was sent too,
    /// an unknown username is ignored, and the username of somebody else is an error.
    pub async fn read_named(&self, app: &App) -> Result<R, ApiError> {
        /// Stands for the number until the name is looked up, so that other faults are reported first.
        const STAND_IN: &str = "1";
        let numbered = self.parameters().has("user_id");
        if !self.parameters().has("username") {
            return self.read();
        }
        let mut parameters = self.parameters().clone();
        if !numbered {
            parameters.set("user_id", STAND_IN);
        }
        let asked = R::read(&parameters)?;
        let found = app.actions.numbers_of(asked.usernames().to_vec()).await?;
        if !numbered {
            let ids = found.into_iter().collect::<Option<Vec<_>>>().ok_or(ApiError::UnknownUser)?;
            return Ok(asked.about(ids));
        }
        if found.into_iter().flatten().any(|id| !asked.user_ids().contains(&id)) {
            return Err(ApiError::invalid("username", "the name of that user"));
        }
        Ok(asked)
    }
}
