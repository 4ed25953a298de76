//! `/admin/audit`: the log of administration.

use askama::Template;
use rocket::{State, get};

use super::Layout;
use super::form::{Fault, FormRefusal};
use super::frame::{Frame, Tab};
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::store::audit::{self, AuditEntry, AuditFilter, Kind};
use crate::web::App;
use crate::web::caller::need;
use crate::web::parameters::Parameters;
use crate::web::request::Request;
use crate::web::requests::audit::ListAudit;
use crate::web::signed_in_for::SignedInFor;

/// How many entries a page has.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "admin/log.html")]
struct LogPage {
    layout: Layout,
    admin: Frame,
    kinds: Vec<KindChoice>,
    /// Whether only entries of one kind are shown.
    filtered: bool,
    fault: Option<String>,
    rows: Vec<LogRow>,
    /// Whether the list begins with the newest entry.
    newest: bool,
    /// Where the list goes on.
    next: Option<String>,
    /// Where the list begins.
    here: String,
}

struct KindChoice {
    value: &'static str,
    label: &'static str,
    chosen: bool,
}

struct LogRow {
    at: String,
    stamp: String,
    by: String,
    /// What it was done with: a key, or the command line.
    with: String,
    /// The page of the key that it was done with.
    key: Option<i64>,
    address: Option<String>,
    did: &'static str,
    subject: String,
    /// The page of what it was done to.
    link: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

impl LogRow {
    fn new(entry: &AuditEntry, may_read: bool) -> LogRow {
        let text = |line: &String| format::plain(line).into_owned();
        LogRow {
            at: format::short_moment(entry.at),
            stamp: entry.at.to_string(),
            by: format::plain(entry.by.as_str()).into_owned(),
            with: match (entry.key, &entry.address) {
                _ if entry.is_of_webhook => "its webhook".to_owned(),
                (Some(key), _) => format!("key {key}"),
                (None, Some(_)) => "the configured key".to_owned(),
                (None, None) => "the command line".to_owned(),
            },
            key: entry.key,
            address: entry.address.clone(),
            did: did(&entry.action),
            subject: entry.subject.clone(),
            link: page_of(&entry.subject, &entry.action, may_read),
            before: entry.before.as_ref().map(text),
            after: entry.after.as_ref().map(text),
        }
    }
}

/// What was done, in a word for people.
fn did(action: &str) -> &'static str {
    match action.rsplit('.').next().unwrap_or_default() {
        "create" => "made",
        "update" => "changed",
        "delete" => "deleted",
        "revoke" => "revoked",
        "rotate" => "rotated",
        "merge" => "merged",
        "batch" => "made or changed many",
        "start" => "recalculated",
        "secret" => "made a secret for",
        _ => "did something to",
    }
}

/// The page of what something was done to, if it is still there and opens for whoever looks.
fn page_of(subject: &str, action: &str, may_read: bool) -> Option<String> {
    let (kind, number) = subject.split_once(' ')?;
    let base = match kind {
        "key" => return Some(format!("/admin/keys/{number}")),
        "board" => "/admin/boards",
        "group" => "/admin/people/groups",
        "user" => "/admin/people/users",
        _ => return None,
    };
    let stays = kind == "user" || !action.ends_with(".delete");
    (may_read && stays).then(|| format!("{base}/{number}"))
}

/// A kind as it is called in the filter.
fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Key => "Keys",
        Kind::Board => "Leaderboards",
        Kind::Group => "Groups",
        Kind::User => "Users",
        Kind::Rule => "Rules",
        Kind::Webhook => "Webhooks",
        Kind::Recalculation => "Recalculations",
    }
}

/// Shows a page of the log.
#[get("/admin/audit", data = "<parameters>")]
pub async fn list(
    _browser: Browser,
    me: SignedInFor<need::SeeKeys>,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let mut wanted = parameters.without_blanks();
    wanted.set("limit", PAGE.to_string());
    let (filter, fault) = match ListAudit::read(&wanted).map(AuditFilter::from) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let nothing = AuditFilter { kind: None, after: Some(0), limit: PAGE };
            (nothing, Some(FormRefusal::of(error, "kind").fault()?))
        }
    };
    let (entries, more) = app.store.read(move |connection| audit::page(connection, &filter)).await?;
    let admin = Frame::new(Tab::Log, &me.0);
    let may_read = admin.may_read();
    let here = match filter.kind {
        Some(kind) => format!("{}?kind={}", Tab::Log.path(), kind.name()),
        None => Tab::Log.path().to_owned(),
    };
    let separator = if filter.kind.is_some() { '&' } else { '?' };
    let template = LogPage {
        layout: admin.layout(),
        admin,
        kinds: Kind::ALL
            .map(|kind| KindChoice { value: kind.name(), label: label(kind), chosen: filter.kind == Some(kind) })
            .into(),
        filtered: filter.kind.is_some(),
        fault: fault.as_ref().map(|fault| fault.sentence.clone()),
        newest: filter.after.is_none(),
        next: entries.last().filter(|_| more).map(|last| format!("{here}{separator}after={}", last.id)),
        rows: entries.iter().map(|entry| LogRow::new(entry, may_read)).collect(),
        here,
    };
    Ok(Html::new(&template)?.status(Fault::status_of(fault.as_ref())).unkept())
}
