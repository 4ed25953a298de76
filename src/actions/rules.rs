//! Changing the rules that give points for deeds.

use super::{Actions, Actor, Refusal, audit};
use crate::domain::{RuleChange, RuleName, Scope};
use crate::store::{Write, rules};

impl Actions {
    /// Changes a rule. What was counted stays; from now on the rule counts as it is then.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub async fn update_rule(&self, actor: &Actor, name: RuleName, change: RuleChange) -> Result<(), Refusal> {
        actor.require(Scope::Boards)?;
        let by = actor.author();
        let update = move |write: &Write<'_>| {
            audit::of_rule(write, &by, name, || {
                rules::update(write, &rules::get(write.connection, name)?.changed(change))
            })
        };
        Ok(self.store.write(update).await?)
    }
}
