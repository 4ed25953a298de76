//! What the page of the server tells of its files, its backups, its rebuilds, and of requests that were refused lately; and the
//! backups that can be made and taken from there.

use std::fs::File;
use std::io::{self, Cursor, Read};

use rocket::futures::stream::try_unfold;
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::{State, get, post};
use tokio_util::io::StreamReader;

use super::form::SentForm;
use super::frame::{Frame, Tab};
use super::server_facts::Fact;
use crate::domain::Timestamp;
use crate::jobs::BackupState;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::store::Sizes;
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::signed_in_for::SignedInFor;

/// With less free space than this, somebody should do something about it.
const FREE_BYTES_MIN: u64 = 1_000_000_000;

/// How much of a backup is read at once, in bytes.
const PIECE: usize = 256 << 10;

/// The part of the page that is about the state of the server.
pub struct ServerState {
    /// The backups; `None` if whoever looks may not take them.
    pub backups: Option<BackupCard>,
    /// The latest refusals; `None` if whoever looks may not manage keys.
    pub refusals: Option<Vec<RefusalRow>>,
}

/// What is told of backups.
pub struct BackupCard {
    /// Where they are made; `None`: none are.
    pub folder: Option<String>,
    /// The name of the newest.
    pub newest: Option<String>,
    /// Whether one is just being made.
    pub running: bool,
    /// Why the last attempt failed, and when.
    pub failure: Option<(String, String)>,
}

/// A request that was refused.
pub struct RefusalRow {
    /// When.
    pub at: String,
    /// The method and the route.
    pub what: String,
    /// The status and the error.
    pub why: String,
}

impl ServerState {
    /// Collects what somebody may know.
    pub fn of(app: &App, admin: &Frame) -> ServerState {
        let backups = admin.may_take_backups().then(|| BackupCard::of(app));
        let refusals = admin.may_see_keys().then(|| {
            let refused = app.figures.refusals().into_iter();
            let row = |refused: crate::web::RefusedRequest| RefusalRow {
                at: format::short_moment(refused.at),
                what: match refused.route {
                    "" => format!("{} of a path that nothing has", refused.method),
                    route => format!("{} {route}", refused.method),
                },
                why: format!("{} {}", refused.status, refused.error_type),
            };
            refused.map(row).collect()
        });
        ServerState { backups, refusals }
    }
}

impl BackupCard {
    fn of(app: &App) -> BackupCard {
        let Some(backups) = &app.backups else {
            return BackupCard { folder: None, newest: None, running: false, failure: None };
        };
        let BackupState { newest, failure, running } = backups.state();
        BackupCard {
            folder: Some(format::plain(&backups.plan().folder.to_string_lossy()).into_owned()),
            newest: newest.map(|newest| newest.name),
            running,
            failure: failure.map(|(at, why)| (format::moment(at), format::plain(&why).into_owned())),
        }
    }
}

/// What is to know of the files, the backups and the rebuilds, fact by fact.
pub fn facts(app: &App) -> Vec<Fact> {
    let Sizes { database, log, free } = app.store.sizes();
    let mut facts = vec![Fact::new("Database", format!("{}, and {} in its log", bytes(database), bytes(log)))];
    if let Some(free) = free {
        let is_low = free < FREE_BYTES_MIN.max(database);
        facts.push(Fact { alarming: is_low, ..Fact::new("Free on its disk", bytes(free)) });
    }
    if let Some(address) = app.store.changes_at() {
        // It has no backups, and nothing is rebuilt.
        let applied = app.store.followed_until().and_then(|at| i64::try_from(at.as_millis()).ok());
        let applied = applied.map(|millis| format::moment(Timestamp::from_millis(millis)));
        facts.push(Fact::new("A copy of", address.as_str()));
        facts.push(Fact::new("Last applied", applied.unwrap_or_else(|| "nothing yet".to_owned())));
        return facts;
    }
    facts.push(match &app.backups {
        None => Fact::new("Backups", "none by the clock: the setting backup_folder is not set"),
        Some(backups) => {
            let BackupState { newest, failure, .. } = backups.state();
            let newest = newest.map_or_else(|| "none yet".to_owned(), |newest| format::moment(newest.made_at));
            let failed = if failure.is_some() { "; the last attempt failed" } else { "" };
            Fact { alarming: failure.is_some(), ..Fact::new("Newest backup", format!("{newest}{failed}")) }
        }
    });
    facts.push(match app.rollup.figures().last() {
        None => Fact::new("Last check of scores", "none since the start"),
        Some((at, rebuilt)) => {
            let days = format::count(rebuilt.days as i64, "day", "days");
            let found = match rebuilt.scores_different {
                0 => "all scores were right".to_owned(),
                different => {
                    format!("{} different, and right now", format::count(different as i64, "score was", "scores were"))
                }
            };
            let alarming = rebuilt.scores_different > 0;
            Fact { alarming, ..Fact::new("Last check of scores", format!("{}: {days}, {found}", format::moment(at))) }
        }
    });
    facts
}

/// A number of bytes for a person.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 100.0);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// Has a backup made.
#[post("/admin/server/backup", data = "<form>")]
pub fn make(
    _browser: Browser,
    me: SignedInFor<need::TakeBackups>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    form.of(&me.0)?;
    let backups = app.backups.as_ref().ok_or(ApiError::NotFound)?;
    backups.begin_now();
    Ok(Html::moved(Tab::Server.path()))
}

/// The newest backup on its way to a browser.
pub struct Download {
    name: String,
    length: u64,
    file: File,
}

/// Sends the newest backup.
#[get("/admin/server/backup")]
pub async fn take(
    _browser: Browser,
    _me: SignedInFor<need::TakeBackups>,
    app: &State<App>,
) -> Result<Download, ErrorPage> {
    let backups = app.backups.clone().ok_or(ApiError::NotFound)?;
    let opened = tokio::task::spawn_blocking(move || {
        let newest = backups.open_newest()?;
        io::Result::Ok(newest.map(|(newest, file)| (newest.name, file)))
    });
    let failed = |error: io::Error| {
        log::error!("the newest backup can't be read: {error}");
        ErrorPage::from(ApiError::Internal)
    };
    let opened = opened.await.map_err(io::Error::other).and_then(|opened| opened).map_err(failed)?;
    let (name, file) = opened.ok_or(ApiError::NotFound)?;
    let length = file.metadata().map_err(failed)?.len();
    Ok(Download { name, length, file })
}

impl<'r> Responder<'r, 'static> for Download {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let pieces = try_unfold(self.file, |mut file| async move {
            let read = tokio::task::spawn_blocking(move || {
                let mut piece = vec![0; PIECE];
                let count = file.read(&mut piece)?;
                piece.truncate(count);
                io::Result::Ok((piece, file))
            });
            let (piece, file) = read.await.map_err(io::Error::other)??;
            io::Result::Ok(if piece.is_empty() { None } else { Some((Cursor::new(piece), file)) })
        });
        let mut response = Response::new();
        response.set_raw_header("Content-Type", "application/vnd.sqlite3");
        response.set_raw_header("Content-Disposition", format!("attachment; filename=\"{}\"", self.name));
        response.set_raw_header("X-Content-Type-Options", "nosniff");
        response.set_raw_header("Cache-Control", "no-store");
        response.set_raw_header("Content-Length", self.length.to_string());
        response.set_streamed_body(StreamReader::new(Box::pin(pieces)));
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_unit_that_fits() {
        for (count, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (24_932_352, "24.9 MB"),
            (152_000_000, "152 MB"),
            (31_333_244_000, "31.3 GB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
