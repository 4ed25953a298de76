//! Counting deeds: each once, however often and in whatever order it is told.
//!
//! A deed is judged when it is told for the first time, by its rule as it is then. What was found stays: a deed that was
//! passed over is never counted later, also if the rule is changed or a place of its day's limit becomes free. One that is
//! taken back and restored gives what it gave before. Nothing here knows where deeds are done.

use std::fmt;

use crate::domain::{
    Author, Award, Clock, Deed, Deletion, Description, NaturalKey, News, Points, RuleName, Source, Told,
};
use crate::store::deeds::{self, DeedState, Done, Gift, KnownDeed};
use crate::store::score_events::{self, Awarded};
use crate::store::{StoreError, Write, rules};

/// What became of what was told of a deed, in words for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It gives points now.
    Counted,
    /// It gives again what it gave before.
    CountedAgain,
    /// It gives nothing, for this reason.
    PassedOver(&'static str),
    /// It was there, and no longer gives points.
    TakenBack,
    /// It was known already that it is there, or that it is taken back.
    Known,
    /// It was taken back before, and waits to be restored.
    WaitsForRestoring,
    /// Something newer was told before.
    Older,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effect::Counted => f.write_str("counted"),
            Effect::CountedAgain => f.write_str("counted again"),
            Effect::PassedOver(why) => write!(f, "not counted, {why}"),
            Effect::TakenBack => f.write_str("taken back"),
            Effect::Known => f.write_str("known already"),
            Effect::WaitsForRestoring => f.write_str("not counted, it was taken back before"),
            Effect::Older => f.write_str("ignored, something newer was told before"),
        }
    }
}

/// Whoever counts the deeds of a source.
pub(super) struct Counter<'w> {
    pub write: &'w Write<'w>,
    pub clock: &'w Clock,
    pub source: Source,
    pub by: &'w Author,
}

impl Counter<'_> {
    /// Takes in what was told of a deed: gives points for it, or takes them back.
    pub fn take_in(&self, told: &Told) -> Result<Effect, StoreError> {
        let before = deeds::get(self.write.connection, self.source, &told.key)?;
        let known_until = before.as_ref().and_then(|before| before.updated_at);
        if known_until.zip(told.updated_at).is_some_and(|(known, told)| told < known) {
            return Ok(Effect::Older);
        }
        let (done, state, effect) = self.after(told, before.as_ref())?;
        let now = KnownDeed { updated_at: told.updated_at.or(known_until), done, state };
        if before.as_ref() != Some(&now) {
            deeds::put(self.write, self.source, &told.key, told.rule, (before.as_ref(), &now))?;
        }
        Ok(effect)
    }

    /// What is known of a deed after something was told of it, and what that changes.
    fn after(&self, told: &Told, before: Option<&KnownDeed>) -> Result<(Option<Done>, DeedState, Effect), StoreError> {
        let Some(before) = before else {
            return match &told.news {
                News::Done(deed) | News::Restored(deed) => self.judge(told.rule, deed),
                News::TakenBack => Ok((None, DeedState::TakenBack(None), Effect::TakenBack)),
            };
        };
        let (done, state) = (before.done, before.state.clone());
        match (&told.news, state) {
            (News::TakenBack, DeedState::Counted(id)) => match score_events::get(self.write.connection, id)? {
                // The event may have been corrected, or its user may be part of another one by now.
                Some(event) => {
                    let deletion = Deletion { id, minimum_score: None };
                    score_events::delete(self.write, &deletion, &self.by.username)?;
                    let gift = Gift { points: event.points, description: event.description };
                    let done = Done { user_id: event.user_id, date: event.date };
                    Ok((Some(done), DeedState::TakenBack(Some(gift)), Effect::TakenBack))
                }
                // Somebody has deleted the event. So it does not come again if the deed is restored.
                None => Ok((done, DeedState::TakenBack(None), Effect::TakenBack)),
            },
            (News::TakenBack, DeedState::PassedOver) => Ok((done, DeedState::TakenBack(None), Effect::TakenBack)),
            (News::Restored(deed), DeedState::TakenBack(gift)) => match (done, gift) {
                (None, _) => self.judge(told.rule, deed),
                (Some(done), Some(gift)) => self.give_again(told.rule, done, gift),
                (Some(_), None) => Ok((done, DeedState::PassedOver, Effect::PassedOver("as it gave nothing before"))),
            },
            (News::Done(_), state @ DeedState::TakenBack(_)) => Ok((done, state, Effect::WaitsForRestoring)),
            (_, state) => Ok((done, state, Effect::Known)),
        }
    }

    /// Gives points for a deed, if its rule counts it.
    fn judge(&self, name: RuleName, deed: &Deed) -> Result<(Option<Done>, DeedState, Effect), StoreError> {
        let date = deed.done_at.map_or(self.write.today, |moment| self.clock.day_of(moment));
        let done = Done { user_id: deed.user_id, date };
        let rule = rules::get(self.write.connection, name)?;
        let why = if !rule.enabled {
            "the rule is off"
        } else if i64::from(rule.points) == 0 {
            "the rule gives no points"
        } else if !rule.counts_in(deed.category) {
            "the rule counts other categories"
        } else if self.is_by_doer_of(deed)? {
            "it is for the same user's own"
        } else if deeds::is_day_full(self.write.connection, &rule, done)? {
            "the day's limit is reached"
        } else {
            let description = Description::try_from(format!("{name}: {}", deed.place)).ok();
            let state = self.give(done, rule.points, description)?;
            return Ok((Some(done), state, Effect::Counted));
        };
        Ok((Some(done), DeedState::PassedOver, Effect::PassedOver(why)))
    }

    /// Gives again what a deed gave before it was taken back, if its day is not full meanwhile.
    fn give_again(
        &self,
        name: RuleName,
        done: Done,
        gift: Gift,
    ) -> Result<(Option<Done>, DeedState, Effect), StoreError> {
        let rule = rules::get(self.write.connection, name)?;
        if deeds::is_day_full(self.write.connection, &rule, done)? {
            return Ok((Some(done), DeedState::PassedOver, Effect::PassedOver("the day's limit is reached")));
        }
        let state = self.give(done, gift.points, gift.description)?;
        Ok((Some(done), state, Effect::CountedAgain))
    }

    /// Stores the event that gives the points of a deed.
    fn give(&self, done: Done, points: Points, description: Option<Description>) -> Result<DeedState, StoreError> {
        let award = Award { user_id: done.user_id, date: done.date, points, description, minimum_score: None };
        Ok(match score_events::award(self.write, &award, self.by)? {
            Awarded::Stored(event) => DeedState::Counted(event.id),
            // This is the answer to an award that names a minimum, and this one names none.
            Awarded::InsufficientPoints { .. } => DeedState::PassedOver,
        })
    }

    /// Whether a deed is for another deed of the same user, and so does not count.
    fn is_by_doer_of(&self, deed: &Deed) -> Result<bool, StoreError> {
        let known = |key: &NaturalKey| deeds::get(self.write.connection, self.source, key);
        let other = deed.unless_by_doer_of.as_ref().map(known).transpose()?.flatten();
        Ok(other.and_then(|other| other.done).is_some_and(|done| done.user_id == deed.user_id))
    }
}
