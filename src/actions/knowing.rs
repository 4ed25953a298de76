//! Changes that depend on what users may spend, where finding that out would hold up the writer.

use super::{Actions, Refusal};
use crate::store::{StoreError, Told};

/// How often it is read beside the writer before a command may read by itself.
const READS_BESIDE: usize = 2;

impl Actions {
    /// Attempts a change. If its command is refused because scores of too many months would have to be read, what they add up to is read
    /// beside the writer, and the change is attempted again with that.
    ///
    /// # Errors
    /// The refusal of the last attempt, or reading failed.
    pub(super) async fn knowing<T, F>(&self, attempt: impl Fn(Told) -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        let (mut told, mut reads) = (Told::Nothing, 0);
        loop {
            match attempt(told).await {
                Err(Refusal::Store(StoreError::FarBack(users))) => {
                    told = if reads == READS_BESIDE {
                        Told::MayRead(users)
                    } else {
                        Told::Read(self.store.read_spendable(users, self.clock.today()).await?)
                    };
                    reads += 1;
                }
                outcome => return outcome,
            }
        }
    }
}
