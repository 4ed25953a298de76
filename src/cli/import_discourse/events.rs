//! Events, which keep their ids and times.

use super::check::{self, Report};
use super::pieces::in_pieces;
use super::{Context, Table};
use crate::cli::Failure;
use crate::store::moved::{self, Moved, MovedEvent, Standing};
use crate::tables::{DiscourseEvent, Fault};

fn moved_event(event: DiscourseEvent) -> MovedEvent {
    let DiscourseEvent { id, user_id, date, points, description, created_at, updated_at } = event;
    MovedEvent { id, user_id, date, points, description, created_at, updated_at }
}

/// Checks all events: none may have the id of another event.
pub fn check(context: &Context<'_>, table: &mut Table) -> Result<Report, Failure> {
    let key = |event: &DiscourseEvent| event.id.0.unsigned_abs();
    check::rows(context, table, key, ("id", "it is there twice"), |event| {
        let event = moved_event(event.clone());
        let standing = context.store.read_blocking(|connection| moved::standing(connection, &event));
        Ok(match standing.map_err(|error| context.failed(&error))? {
            Standing::Free | Standing::Same => Ok(()),
            Standing::Other => Err(Fault::in_column("id", format!("{} is taken by another event", event.id))),
        })
    })
}

/// Stores all events. Returns how many were stored, and how many were here already.
pub fn store(context: &Context<'_>, table: &mut Table) -> Result<(u64, u64), Failure> {
    let (mut all, mut done) = (0, 0);
    let rows = |event: DiscourseEvent| Ok(moved_event(event));
    in_pieces(context, table, "storing events", rows, |piece| {
        all += piece.len() as u64;
        match context.actions.move_events(&context.actor, piece).map_err(|refusal| context.refused(refusal))? {
            Moved::Done { stored } => done += stored,
            Moved::Taken(id) => {
                return Err(Failure::Failed(format!("the id {id} has been taken by another event in the meantime")));
            }
        }
        Ok(())
    })?;
    Ok((done, all - done))
}
