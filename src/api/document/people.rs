//! What the document says of users and groups.

use crate::api::directory::{self, Groups, Users};
use crate::domain::{Group, GroupId, User, UserId};
use crate::web::document::{Of, Operation, Shaped, operation, shape};
use crate::web::error::ApiError;
use crate::web::kinds::Parameter;

shape! {
    /// A user of the directory.
    static USER = "User" {
        /// The number that events name the user by.
        id: Of::Kind(UserId::KIND),
        /// The username.
        username: Of::Text("ann"),
        /// The full name.
        name: Of::Nullable(&Of::Text("Ann Example")),
        /// Where pictures are; {size} stands for a width in pixels.
        avatar_template: Of::Text("/avatars/13/{size}.svg"),
        /// Whether the user is on no leaderboard.
        suspended: Of::Flag(false),
    }
}

shape! {
    /// A page of users.
    static USERS = "Users" {
        /// The users, by number.
        users: Of::List(&Of::Shape(&USER)),
    }
}

shape! {
    /// A group of users.
    static GROUP = "Group" {
        /// The number that leaderboards name the group by.
        id: Of::Kind(GroupId::KIND),
        /// The name.
        name: Of::Text("staff"),
        /// Its members.
        user_ids: Of::List(&Of::Kind(UserId::KIND)),
    }
}

shape! {
    /// All groups.
    static GROUPS = "Groups" {
        /// The groups, by number.
        groups: Of::List(&Of::Shape(&GROUP)),
    }
}

impl Shaped for User {
    const OF: Of = Of::Shape(&USER);
}

impl Shaped for Users {
    const OF: Of = Of::Shape(&USERS);
}

impl Shaped for Group {
    const OF: Of = Of::Shape(&GROUP);
}

impl Shaped for Groups {
    const OF: Of = Of::Shape(&GROUPS);
}

/// The operations.
pub fn operations() -> Vec<Operation> {
    vec![
        operation!(directory::list_users, "list_users", "List users")
            .details("By number; follow the Link header to the rest.")
            .sample("filter=an&limit=20"),
        operation!(directory::show_user, "get_user", "Show a user"),
        operation!(directory::put_user, "put_user", "Make or change a user")
            .details("What is left out stays. A username is unique without case and needed for someone new; user-13 is kept for user 13. \
                Whoever was forgotten while suspended is released by suspended=false alone.")
            .sample(r#"{"username": "ann", "name": "Ann Example"}"#)
            .refuses([ApiError::Missing("username"), ApiError::NameTaken, ApiError::NameReserved]),
        operation!(directory::put_users, "put_users", "Make or change many users at once")
            .details("All or none, up to 10,000, each as by itself. An error names the user, counted from 0.")
            .sample(r#"{"users": [{"id": 13, "username": "ann", "name": "Ann Example"}, {"id": 14, "username": "bob"}]}"#)
            .refuses([ApiError::NameTaken.within("users", 17), ApiError::NameReserved.within("users", 17)]),
        operation!(directory::merge, "merge_users", "Merge one user into another")
            .details("Events with their history, scores and groups move; the directory forgets who goes. It can't be undone.")
            .sample(r#"{"from_id": 14, "into_id": 13}"#)
            .refuses([ApiError::SameUser, ApiError::NotFound]),
        operation!(directory::delete_user, "delete_user", "Forget a user's names")
            .details("Points, groups and a suspension stay."),
        operation!(directory::list_groups, "list_groups", "List groups with their members"),
        operation!(directory::show_group, "get_group", "Show a group"),
        operation!(directory::put_group, "put_group", "Make or change a group")
            .details("What is left out stays; an empty list of members clears them. At most 100,000 members.")
            .sample(r#"{"name": "staff", "user_ids": [13]}"#)
            .refuses([ApiError::Missing("name"), ApiError::NameTaken]),
        operation!(directory::delete_group, "delete_group", "Remove a group"),
    ]
}
