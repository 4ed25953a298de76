//! Requests about users and groups.

use crate::domain::{GroupId, UserId, Username};
use crate::standings::UserFilter;
use crate::store::directory::{GroupChange, UserChange};
use crate::web::error::ApiError;
use crate::web::kinds::{After, AvatarTemplate, FullName, Limit};
use crate::web::parameters::Parameters;
use crate::web::request::{Field, Request, both, request};

request! {
    /// Which users are listed.
    pub struct ListUsers {
        /// Only users with these words in their username or name, without case and accents, or with this number.
        optional filter: FullName,
        /// How many are listed at most.
        defaulted limit: Limit = "100",
        /// The number after which the list goes on.
        optional after: After,
    }
}

impl From<ListUsers> for UserFilter {
    fn from(asked: ListUsers) -> UserFilter {
        UserFilter {
            text: asked.filter.map(|FullName(text)| text).filter(|text| !text.is_empty()),
            after: asked.after.map_or(0, After::get),
            limit: asked.limit.get(),
        }
    }
}

request! {
    /// A user who is made or changed; what is absent stays.
    pub struct PutUser {
        /// The username, needed for someone new.
        filled username: Username,
        /// The full name; empty it goes.
        optional name: FullName,
        /// Where pictures are; empty they are the server's own.
        optional avatar_template: AvatarTemplate,
        /// Whether the user is on no leaderboard.
        optional suspended: bool,
    }
}

impl From<PutUser> for UserChange {
    fn from(asked: PutUser) -> UserChange {
        UserChange {
            username: asked.username,
            name: asked.name.map(|FullName(name)| name),
            avatar_template: asked.avatar_template.map(|AvatarTemplate(template)| template),
            suspended: asked.suspended,
        }
    }
}

request! {
    /// What has been typed of a name.
    pub struct Suggest {
        /// Part of a name, or a user ID.
        required text: FullName,
    }
}

/// A user of a batch: who it is, and what the request for this one user would hold.
#[derive(Debug, Clone)]
pub struct UserOfBatch {
    id: UserId,
    put: PutUser,
}

impl Request for UserOfBatch {
    const FIELDS: &'static [Field] =
        &both::<{ NewUserId::FIELDS.len() + PutUser::FIELDS.len() }>(NewUserId::FIELDS, PutUser::FIELDS);

    fn read(parameters: &Parameters) -> Result<UserOfBatch, ApiError> {
        let NewUserId { id } = NewUserId::read(parameters)?;
        PutUser::read(parameters).map(|put| UserOfBatch { id, put })
    }
}

impl From<UserOfBatch> for (UserId, UserChange) {
    fn from(asked: UserOfBatch) -> (UserId, UserChange) {
        (asked.id, asked.put.into())
    }
}

request! {
    /// Users who are made or changed at once, all or none.
    pub struct PutUsers {
        /// The users, of whom what is absent stays.
        records users: UserOfBatch,
    }
}

request! {
    /// A group that is made or changed; what is absent stays.
    pub struct PutGroup {
        /// The name, needed for a new group.
        filled name: FullName,
        /// All its members.
        optional_list user_ids: UserId,
    }
}

impl From<PutGroup> for GroupChange {
    fn from(asked: PutGroup) -> GroupChange {
        GroupChange { name: asked.name.map(|FullName(name)| name), user_ids: asked.user_ids }
    }
}

request! {
    /// The number of something new in the directory.
    pub struct NewUserId {
        /// The number that events name the user by.
        required id: UserId,
    }
}

request! {
    /// The number of a new group.
    pub struct NewGroupId {
        /// The number that boards name the group by.
        required id: GroupId,
    }
}

request! {
    /// Which user is merged into which.
    pub struct MergeUsers {
        /// Who goes.
        required from_id: UserId,
        /// Who stays, and gets all that the other has.
        required into_id: UserId,
    }
}

impl MergeUsers {
    /// Who goes and who stays.
    ///
    /// # Errors
    /// Both are the same user.
    pub fn pair(&self) -> Result<(UserId, UserId), ApiError> {
        if self.from_id == self.into_id { Err(ApiError::SameUser) } else { Ok((self.from_id, self.into_id)) }
    }
}
