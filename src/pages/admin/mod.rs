//! The administration: pages for what people who manage the points do every day, without a command line.
//!
//! Each page checks and stores with the API's own functions. Only its form and its words are here. Somebody who is not
//! signed in is sent to sign in first.

mod award;
mod board;
mod boards;
mod command;
mod confirm;
mod event;
mod events;
mod field;
mod form;
mod group;
mod keys;
mod merge;
mod people;
mod recalculation;
mod sign_in;
mod user;
mod who;

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rocket::Either;
use rocket::http::{Method, Status};
use rocket::request::Request;
use rocket::{Route, get, routes};

use super::assets;
use super::browser::Browser;
use super::format;
use super::html::{ErrorPage, Html, Layout, Section};
use crate::web::error::{ApiError, Caught};
use crate::web::session::SignedIn;

/// Every page of the administration.
pub fn routes() -> Vec<Route> {
    routes![
        home,
        sign_in::form,
        sign_in::sign_in,
        sign_in::sign_out,
        events::list,
        event::show,
        event::correct,
        event::ask_delete,
        event::delete,
        award::form,
        award::again,
        award::preview,
        award::store,
        boards::list,
        boards::create,
        board::show,
        board::update,
        board::ask_delete,
        board::delete,
        people::list,
        user::new,
        user::create,
        user::show,
        user::update,
        user::ask_delete,
        user::delete,
        merge::ask,
        merge::merge,
        group::new,
        group::create,
        group::show,
        group::update,
        group::ask_delete,
        group::delete,
        keys::list,
        keys::create,
        keys::ask_revoke,
        keys::revoke,
        recalculation::show,
        recalculation::start,
    ]
}

/// What all pages of the administration have around their own content.
pub struct Frame {
    tab: Tab,
    /// Who is signed in.
    me: SignedIn,
    /// What has just been done.
    done: Option<&'static str>,
}

/// The page of the administration that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Events.
    Events,
    /// Giving and redeeming points.
    Award,
    /// Leaderboards.
    Boards,
    /// Users and groups.
    People,
    /// API keys.
    Keys,
    /// Recalculation.
    Recalculate,
}

impl Tab {
    const ALL: [Tab; 6] = [Tab::Events, Tab::Award, Tab::Boards, Tab::People, Tab::Keys, Tab::Recalculate];

    fn label(self) -> &'static str {
        match self {
            Tab::Events => "Events",
            Tab::Award => "Award",
            Tab::Boards => "Boards",
            Tab::People => "People",
            Tab::Keys => "Keys",
            Tab::Recalculate => "Recalculate",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Tab::Events => "/admin/events",
            Tab::Award => "/admin/award",
            Tab::Boards => "/admin/boards",
            Tab::People => "/admin/people",
            Tab::Keys => "/admin/keys",
            Tab::Recalculate => "/admin/recalculate",
        }
    }
}

impl Frame {
    /// The frame of a page, for the one who is signed in.
    pub fn new(tab: Tab, me: &SignedIn) -> Frame {
        Frame { tab, me: me.clone(), done: None }
    }

    /// The frame of the page that follows a change. A word in its address says what the change was.
    pub fn after(tab: Tab, me: &SignedIn, done: Option<&str>) -> Frame {
        let done = done.and_then(|word| DONE.iter().find(|(known, _)| *known == word)).map(|(_, sentence)| *sentence);
        Frame { done, ..Frame::new(tab, me) }
    }

    fn tabs(&self) -> [Tab; 6] {
        Tab::ALL
    }

    fn is(&self, tab: &Tab) -> bool {
        self.tab == *tab
    }

    fn username(&self) -> Cow<'_, str> {
        format::plain(self.me.actor.username.as_str())
    }

    fn may_write(&self) -> bool {
        self.me.actor.may_change()
    }

    fn csrf(&self) -> &str {
        self.me.csrf()
    }

    fn script(&self) -> &'static str {
        assets::ADMIN.url()
    }

    fn layout(&self) -> Layout {
        Layout::new(Section::Administration)
    }
}

/// The words that an address may have, and the sentence that says what has been done.
const DONE: [(&str, &str); 12] = [
    ("stored", "The event is stored."),
    ("corrected", "The event is changed."),
    ("event-deleted", "The event is deleted. It no longer counts; its history stays."),
    ("board-created", "The leaderboard is there. Say here what it counts."),
    ("board-saved", "The leaderboard is saved."),
    ("board-deleted", "The leaderboard is deleted."),
    ("user-saved", "The user is saved."),
    ("user-deleted", "The names are forgotten; points and groups stay."),
    ("merged", "The two are one user now."),
    ("group-saved", "The group is saved."),
    ("group-deleted", "The group is deleted."),
    ("key-revoked", "The key is revoked."),
];

/// The path to go to after a change, with the word for what was done.
fn go(path: &str, done: &str) -> Html {
    let separator = if path.contains('?') { '&' } else { '?' };
    Html::moved(format!("{path}{separator}done={done}"))
}

/// A text as it stands in a query.
fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

/// The administration begins with the latest events.
#[get("/admin")]
fn home(_browser: Browser, _me: SignedIn) -> Html {
    Html::moved(Tab::Events.path())
}

/// Sends a browser that only reads, and is not signed in, to the page where it can sign in.
#[rocket::catch(403)]
pub fn forbidden(status: Status, request: &Request<'_>) -> Either<Html, Either<ErrorPage, Caught>> {
    let caught = Caught::of(status, request);
    if !Browser::asked(request) {
        return Either::Right(Either::Right(caught));
    }
    let error = caught.into_error();
    if error == ApiError::NotLoggedIn && request.method() == Method::Get {
        return Either::Left(Html::moved(format!("/admin/sign-in?to={}", encoded(&request.uri().to_string()))));
    }
    Either::Right(Either::Left(error.into()))
}
