//! Users as a form names them: by username, or by number.

use crate::domain::{UserId, Username, fallback_username};
use crate::store::{StoreError, directory};
use crate::web::App;
use crate::web::kinds::Parameter;

/// The user whom a text names, if it names one: a number, a username of the directory, or `user-13`.
pub async fn user_id(app: &App, text: &str) -> Result<Option<UserId>, StoreError> {
    let found = user_ids(app, vec![text.to_owned()]).await?;
    Ok(found.into_iter().next().flatten())
}

/// The users whom some texts name.
pub async fn user_ids(app: &App, texts: Vec<String>) -> Result<Vec<Option<UserId>>, StoreError> {
    let find = move |connection: &rusqlite::Connection, text: &str| -> Result<Option<UserId>, StoreError> {
        let text = text.trim();
        if let Some(id) = UserId::from_text(text) {
            return Ok(Some(id));
        }
        let Ok(username) = text.parse::<Username>() else { return Ok(None) };
        let known = directory::id_of(connection, &username)?;
        Ok(known.or_else(|| {
            let number = text.rsplit('-').next().and_then(UserId::from_text);
            number.filter(|id| fallback_username(*id) == text)
        }))
    };
    app.store.read(move |connection| texts.iter().map(|text| find(connection, text)).collect()).await
}

/// How a form names a user so that it finds the same one again: by username, unless that reads as a number.
pub fn written(catalog: &crate::standings::Catalog, id: UserId) -> String {
    let username = catalog.users.get(&id).map(|user| user.username.as_str());
    username.filter(|username| i64::from_text(username).is_none()).map_or_else(|| id.to_string(), str::to_owned)
}
