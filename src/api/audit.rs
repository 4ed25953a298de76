//! `/admin/audit`: who changed keys, boards, groups and users, and had scores rebuilt.

use rocket::{State, get};
use serde::Serialize;

use crate::store::audit::{self, AuditEntry, AuditFilter};
use crate::web::App;
use crate::web::caller::{May, need};
use crate::web::error::ApiError;
use crate::web::reply::Paged;
use crate::web::request::Sent;
use crate::web::requests::audit::ListAudit;

/// `{"entries":[…]}`
#[derive(Debug, Serialize)]
pub struct Entries {
    entries: Vec<AuditEntry>,
}

/// Lists what was done, newest first.
#[get("/admin/audit", data = "<asked>")]
pub async fn list(
    _caller: May<need::ManageKeys>,
    app: &State<App>,
    asked: Sent<ListAudit>,
) -> Result<Paged<Entries>, ApiError> {
    let filter = AuditFilter::from(asked.read()?);
    let (entries, more) = app.store.read(move |connection| audit::page(connection, &filter)).await?;
    let kind = filter.kind.map(|kind| format!("kind={}&", kind.name())).unwrap_or_default();
    let last = entries.last().map(|entry| entry.id).filter(|_| more);
    let next = last.map(|last| format!("/admin/audit?{kind}limit={}&after={last}", filter.limit));
    Ok(Paged { body: Entries { entries }, next })
}
