//! Changes that depend on what users may spend, where finding that out would hold up the writer.

use std::sync::Arc;
use std::time::Instant;

use super::{Actions, Refusal};
use crate::store::{Briefing, Spendable, StoreError};

impl Actions {
    /// Attempts a change. If its command is refused because scores of too many months would have to be read, what they add up to is read
    /// beside the writer, before `deadline`, and the change is attempted again with that. At the third time the command may read what it still
    /// lacks.
    ///
    /// # Errors
    /// The refusal of the last attempt; [`StoreError::TooSlow`] if reading took too long.
    pub(super) async fn knowing<T, F>(&self, deadline: Instant, attempt: impl Fn(Briefing) -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        let mut tell: fn(Arc<Spendable>) -> Briefing = Briefing::Read;
        let mut told = Briefing::Nothing;
        loop {
            match attempt(told).await {
                Err(Refusal::Store(StoreError::FarBack(users))) => {
                    let read = self.store.read_spendable(users, self.clock.today());
                    let read = tokio::time::timeout_at(deadline.into(), read).await;
                    told = tell(read.unwrap_or(Err(StoreError::TooSlow))?);
                    tell = Briefing::MayRead;
                }
                outcome => return outcome,
            }
        }
    }
}
