//! Requests about the log of administration.

use crate::store::audit::{AuditFilter, Kind};
use crate::web::kinds::{After, Limit};
use crate::web::request::request;

request! {
    /// Which entries of the log are listed, newest first.
    pub struct ListAudit {
        /// Only entries about things of this kind: `key`, `board`, `group`, `user`, `rule` or `recalculation`.
        optional kind: Kind,
        /// How many are listed at most.
        defaulted limit: Limit = "100",
        /// The number of the entry after which the list goes on, with those before it in time.
        optional after: After,
    }
}

impl From<ListAudit> for AuditFilter {
    fn from(asked: ListAudit) -> AuditFilter {
        AuditFilter { kind: asked.kind, after: asked.after.map(After::get), limit: asked.limit.get() }
    }
}
