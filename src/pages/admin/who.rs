//! Users as a form names them: by username, or by number.

use crate::domain::{UserId, Username};
use crate::standings::Catalog;
use crate::store::{StoreError, directory};
use crate::web::App;
use crate::web::kinds::Parameter;

/// The user whom a text names, if it names one: a number, a username of the directory, or `user-13`.
pub async fn user_id(app: &App, text: &str) -> Result<Option<UserId>, StoreError> {
    let found = user_ids(app, vec![text.to_owned()]).await?;
    Ok(found.into_iter().next().flatten())
}

/// The users whom some texts name, one for each text.
pub async fn user_ids(app: &App, texts: Vec<String>) -> Result<Vec<Option<UserId>>, StoreError> {
    let found = app.store.read(move |connection| {
        let find = |text: &String| match (UserId::from_text(text.trim()), text.trim().parse::<Username>()) {
            (Some(id), _) => Ok(Some(id)),
            (None, Ok(username)) => directory::id_by_name(connection, &username),
            (None, Err(_)) => Ok(None),
        };
        texts.iter().map(find).collect()
    });
    found.await
}

/// What to put into a form for a user, so that [`user_ids`] finds the same user again. This is the username, or the
/// number if there is no username or if the username reads as a number.
pub fn written(catalog: &Catalog, id: UserId) -> String {
    let username = catalog.users.get(&id).map(|user| user.username.as_str());
    username.filter(|username| i64::from_text(username).is_none()).map_or_else(|| id.to_string(), str::to_owned)
}
