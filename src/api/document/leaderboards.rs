//! What the document says of leaderboards: who leads, and how they are set up.

use crate::api::avatars::{self, Svg};
use crate::api::boards::{self, Overview};
use crate::api::leaderboard::{self, StandingsPage};
use crate::domain::{EventDate, GroupId, Leaderboard, LeaderboardId, UserId};
use crate::web::document::{Answer, Answers, Content, Of, Operation, Shaped, Signature, operation, shape};
use crate::web::error::ApiError;
use crate::web::kinds::{Parameter, PeriodNumber};

shape! {
    /// A leaderboard as it is set up.
    static BOARD = "Leaderboard" {
        /// Its number.
        id: Of::Kind(LeaderboardId::KIND),
        /// What it is called.
        name: Of::Text("Global Leaderboard"),
        /// Who made it: a user's number, or -1 for the system.
        created_by_id: Of::Integer(-1),
        /// The first day that counts.
        from_date: Of::Unset(&Of::Kind(EventDate::KIND)),
        /// The last day that counts.
        to_date: Of::Unset(&Of::Kind(EventDate::KIND)),
        /// If any are named, it is there for callers with a key only.
        visible_to_groups_ids: Of::Like(&Of::List(&Of::Kind(GroupId::KIND)), "[]"),
        /// If any are named, only their members are ranked.
        included_groups_ids: Of::Like(&Of::List(&Of::Kind(GroupId::KIND)), "[]"),
        /// Groups whose members are not ranked.
        excluded_groups_ids: Of::Like(&Of::List(&Of::Kind(GroupId::KIND)), "[]"),
        /// The period that is shown if none is asked for: 0 to 5 for all_time, yearly, quarterly, monthly, weekly, daily.
        default_period: Of::Kind(PeriodNumber::KIND),
        /// When it was set up or changed.
        updated_at: Of::Timestamp,
        /// Whether only the default period is served.
        period_filter_disabled: Of::Flag(false),
    }
}

shape! {
    /// A ranked user.
    static RANKED = "RankedUser" {
        /// The number that events name the user by.
        id: Of::Kind(UserId::KIND),
        /// The username; user-13 where the directory lacks it.
        username: Of::Text("ann"),
        /// The full name.
        name: Of::Nullable(&Of::Text("Ann Example")),
        /// Where pictures are; {size} stands for a width in pixels.
        avatar_template: Of::Text("/avatars/13/{size}.svg"),
        /// The sum of the points in the period.
        total_score: Of::Integer(15),
        /// The place, from 1.
        position: Of::Integer(1),
    }
}

shape! {
    /// The place of the user who was asked for. Without one it has no members.
    static PERSONAL = "Personal" {
        /// The user; null if unranked.
        user: Of::Maybe(&Of::Nullable(&Of::Shape(&RANKED))),
        /// The place; null if unranked.
        position: Of::Maybe(&Of::Nullable(&Of::Integer(1))),
    }
}

shape! {
    /// A page of standings.
    static STANDINGS = "Standings" {
        /// The place of the user who was asked for.
        personal: Of::Shape(&PERSONAL),
        /// The leaderboard.
        leaderboard: Of::Shape(&BOARD),
        /// The ranked users, best first.
        users: Of::List(&Of::Shape(&RANKED)),
    }
}

shape! {
    /// Standings that are still being built.
    static BUILDING = "StandingsBeingBuilt" {
        /// Nobody's place is known yet.
        personal: Of::Like(&Of::Shape(&PERSONAL), "{}"),
        /// The leaderboard.
        leaderboard: Of::Shape(&BOARD),
        /// Nobody yet.
        users: Of::Like(&Of::List(&Of::Shape(&RANKED)), "[]"),
        /// Why there is nobody yet.
        reason: Of::Text("The standings are being built. Please try again in a moment."),
    }
}

shape! {
    /// The name of a group.
    static GROUP_NAME = "GroupName" {
        /// Its number.
        id: Of::Kind(GroupId::KIND),
        /// The name.
        name: Of::Text("staff"),
    }
}

shape! {
    /// All that an administration needs at first.
    static OVERVIEW = "Overview" {
        /// How many recalculations may be asked for within 24 hours.
        gamification_recalculate_scores_remaining: Of::Integer(4),
        /// All leaderboards.
        gamification_leaderboards: Of::List(&Of::Shape(&BOARD)),
        /// All groups.
        gamification_groups: Of::List(&Of::Shape(&GROUP_NAME)),
    }
}

impl Shaped for Leaderboard {
    const OF: Of = Of::Shape(&BOARD);
}

impl Shaped for Overview {
    const OF: Of = Of::Shape(&OVERVIEW);
}

impl Answers for StandingsPage {
    fn describe(signature: &mut Signature) {
        const TAG: &str = "The name of this page at this moment. Sent back as If-None-Match, it asks whether the page is still right.";
        let page = Answer::json(Of::Shape(&STANDINGS)).with_header("ETag", TAG);
        signature.answers.push(page.with_status(200, "The standings."));
        let building =
            Answer::json(Of::Shape(&BUILDING)).with_header("Retry-After", "After how many seconds to ask again.");
        signature.answers.push(building.with_status(202, "The standings are still being built after a start."));
        signature.answers.push(Answer {
            status: 304,
            about: "What the caller has is still right, by If-None-Match.",
            content: Content::Nothing,
            headers: vec![("ETag", TAG)],
        });
    }
}

impl Answers for Svg {
    fn describe(signature: &mut Signature) {
        const EXAMPLE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"48\" height=\"48\" …>…</svg>";
        let content = Content::Other("image/svg+xml", EXAMPLE);
        signature.answers.push(Answer { status: 200, about: "The picture.", content, headers: Vec::new() });
    }
}

/// The operations.
pub fn operations() -> Vec<Operation> {
    vec![
        operation!(leaderboard::first, "get_first_leaderboard", "Show the first leaderboard")
            .details("The first that the caller may see.")
            .sample("period=weekly&for_user_id=13")
            .refuses([ApiError::NotFound])
            .without_database(),
        operation!(leaderboard::show, "get_leaderboard", "Show a leaderboard")
            .details("A page of up to 100 users. A board that is for some groups only is a 404 without a key.")
            .sample("period=all&page=0&for_user_id=13")
            .without_database(),
        operation!(leaderboard::around, "get_neighbours", "Show a user's neighbours on a leaderboard")
            .sample("radius=2")
            .without_database(),
        operation!(leaderboard::live, "follow_leaderboard", "Follow a leaderboard as it changes")
            .details("Server-Sent Events: the first page now and whenever it has changed, at most once a second. The stream has no end.")
            .without_database(),
        operation!(avatars::draw, "draw_avatar", "Draw a user's letter")
            .details("For users without a picture of their own.")
            .part("file", "The width in pixels, 1 to 1024, and .svg. Anything else is a 404.", "48.svg")
            .without_database(),
        operation!(boards::overview, "get_overview", "Show all leaderboards, and the names of the groups"),
        operation!(boards::create, "create_leaderboard", "Make a leaderboard")
            .sample(r#"{"name": "Season 2023", "created_by_id": 13, "from_date": "2023-04-01"}"#)
            .answered(
                r#"{"id": 2, "name": "Season 2023", "created_by_id": 13, "from_date": "2023-04-01", "to_date": null,
                "visible_to_groups_ids": [], "included_groups_ids": [], "excluded_groups_ids": [], "default_period": 0,
                "updated_at": "2023-04-15T09:30:00.000Z", "period_filter_disabled": false}"#,
            )
            .refuses([ApiError::NameTaken, ApiError::NameReserved, ApiError::DatesReversed]),
        operation!(boards::update, "replace_leaderboard", "Replace all settings of a leaderboard")
            .details("What is left out is reset: groups that are absent are none.")
            .sample(r#"{"name": "Season 2023", "from_date": "2023-04-01", "to_date": "2023-09-30"}"#)
            .sample_id("2")
            .refuses([ApiError::NameTaken, ApiError::NameReserved, ApiError::DatesReversed]),
        operation!(boards::delete, "delete_leaderboard", "Remove a leaderboard")
            .details("The first one can't be removed.")
            .sample_id("2")
            .refuses([ApiError::LeaderboardProtected]),
    ]
}
