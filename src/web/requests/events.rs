//! Requests about score events.

use std::sync::Arc;

use crate::domain::{Award, Correction, Deletion, Description, EventDate, EventId, Points, UserId, Username};
use crate::store::Order;
use crate::store::event_list::EventFilter;
use crate::store::revisions::HistoryFilter;
use crate::web::App;
use crate::web::error::ApiError;
use crate::web::kinds::{After, Limit};
use crate::web::request::request;
use crate::web::usernames::{Named, NamesUsers, all_known};

/// The path of all events.
pub const EVENTS: &str = "/admin/plugins/gamification/score_events";

request! {
    /// Which events are listed.
    pub struct ListEvents {
        /// Only the events of these numbers.
        any_of id: EventId,
        /// Only events of these users.
        any_of user_id: UserId,
        /// Only events of the users with these usernames; it may stand for `user_id`.
        any_of username: Username,
        /// Only events of these days.
        any_of date: EventDate,
        /// Only events of this day and later ones.
        optional from_date: EventDate,
        /// Only events of this day and earlier ones.
        optional to_date: EventDate,
        /// The order by id: `asc` or `desc`.
        defaulted order: Order = "asc",
        /// How many are listed at most.
        defaulted limit: Limit = "100",
        /// The id after which the list goes on, in the order asked for.
        optional after: After,
    }
}

impl NamesUsers for ListEvents {
    fn user_ids(&self) -> &[UserId] {
        &self.user_id
    }

    fn usernames(&self) -> &[Username] {
        &self.username
    }

    fn about(self, user_id: Vec<UserId>) -> ListEvents {
        ListEvents { user_id, ..self }
    }
}

impl From<ListEvents> for EventFilter {
    fn from(asked: ListEvents) -> EventFilter {
        EventFilter {
            ids: asked.id,
            user_ids: asked.user_id,
            dates: asked.date,
            from_date: asked.from_date,
            to_date: asked.to_date,
            order: asked.order,
            limit: asked.limit.get(),
            after: asked.after.map(|after| EventId(after.get())),
        }
    }
}

request! {
    /// An event that is to be stored.
    pub struct NewEvent {
        /// Whose points these are.
        required user_id: UserId,
        /// The user's username, which may stand for `user_id`.
        optional username: Username,
        /// The day they are for.
        required date: EventDate,
        /// How many; below 0 for a deduction.
        required points: Points,
        /// What they are for.
        optional description: Description,
        /// Store it only if the user's spendable score is at least this afterwards.
        optional minimum_score: i64,
    }
}

impl NamesUsers for NewEvent {
    fn user_ids(&self) -> &[UserId] {
        std::slice::from_ref(&self.user_id)
    }

    fn usernames(&self) -> &[Username] {
        self.username.as_slice()
    }

    fn about(self, user_ids: Vec<UserId>) -> NewEvent {
        let user_id = user_ids.first().copied().unwrap_or(self.user_id);
        NewEvent { user_id, ..self }
    }
}

impl From<NewEvent> for Award {
    fn from(new: NewEvent) -> Award {
        Award {
            user_id: new.user_id,
            date: new.date,
            points: new.points,
            description: new.description,
            minimum_score: new.minimum_score,
        }
    }
}

request! {
    /// Events that are to be stored at once, all or none.
    pub struct NewEvents {
        /// The events, decided in order, each as if those before it were stored already.
        records events: Named<NewEvent>,
    }
}

impl NewEvents {
    /// What is to be stored, for the users whom the events name.
    ///
    /// # Errors
    /// Nobody has a username that stands for a number, or it is another's.
    pub async fn known(self, app: &App) -> Result<Arc<[Award]>, ApiError> {
        Ok(all_known(self.events, "events", app).await?.into_iter().map(Award::from).collect())
    }
}

request! {
    /// The change of a stored event.
    pub struct ChangedEvent {
        /// The event.
        required id: EventId,
        /// Its points from now on.
        required points: Points,
        /// Its description from now on; absent it stays, empty it goes.
        optional description: Description,
        /// Change it only if the user's spendable score is at least this afterwards.
        optional minimum_score: i64,
    }
}

impl From<ChangedEvent> for Correction {
    fn from(changed: ChangedEvent) -> Correction {
        Correction {
            id: changed.id,
            points: changed.points,
            description: changed.description,
            minimum_score: changed.minimum_score,
        }
    }
}

request! {
    /// How an event is taken back.
    pub struct DeleteEvent {
        /// Take it back only if the user's spendable score is at least this afterwards.
        optional minimum_score: i64,
    }
}

impl DeleteEvent {
    /// How that event is taken back.
    pub fn of(self, id: EventId) -> Deletion {
        Deletion { id, minimum_score: self.minimum_score }
    }
}

request! {
    /// Which steps of an event's history are shown, oldest first.
    pub struct ShowHistory {
        /// How many are shown at most.
        defaulted limit: Limit = "100",
        /// The number of the step after which the history goes on; the first one has the number 0.
        optional after: After,
    }
}

impl From<ShowHistory> for HistoryFilter {
    fn from(asked: ShowHistory) -> HistoryFilter {
        HistoryFilter { order: Order::Ascending, after: asked.after.map(After::get), limit: asked.limit.get() }
    }
}
