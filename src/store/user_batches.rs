//! Making and changing many users in one transaction, all or none.

use super::directory::{Put, UserChange};
use super::error::StoreError;
use super::write::Write;
use crate::domain::UserId;

/// Why a batch of users was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadUser {
    /// Which change was refused, counted from 0.
    pub index: usize,
    /// Why.
    pub put: Put,
}

/// Makes or changes users in order, each by `put`, which does what [`put_user`](super::directory::put_user) does. Names
/// are free for others as soon as the batch gives their owners other names, wherever it does so: so two users can
/// exchange their names.
pub fn put_users(
    write: &Write<'_>,
    changes: Vec<(UserId, UserChange)>,
    mut put: impl FnMut(UserId, UserChange) -> Result<Put, StoreError>,
) -> Result<Result<(), BadUser>, StoreError> {
    write.all_or_nothing(|| {
        release_names(write, &changes)?;
        for (index, (id, change)) in changes.into_iter().enumerate() {
            match put(id, change)? {
                Put::Done => {}
                refused => return Ok(Err(BadUser { index, put: refused })),
            }
        }
        Ok(Ok(()))
    })
}

/// Takes from each user who is to be called otherwise the name by which others would find it taken. In its place stands
/// a text that is nobody's name; the user gets the new name when its own change is made.
fn release_names(write: &Write<'_>, changes: &[(UserId, UserChange)]) -> Result<(), StoreError> {
    const UPDATE: &str = "UPDATE users SET folded = char(0) || id WHERE id = ?1 AND folded <> ?2";
    let mut update = write.connection.prepare_cached(UPDATE)?;
    for (id, change) in changes {
        if let Some(username) = &change.username {
            update.execute((id, username.folded()))?;
        }
    }
    Ok(())
}
