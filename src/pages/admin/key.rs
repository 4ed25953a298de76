//! `/admin/keys/ID`: one key, what was made with it, and how it ends.

use askama::Template;
use chrono::TimeDelta;
use rocket::{State, get, post};

use super::confirm::Confirmation;
use super::form::{Fault, FormRefusal, SentForm, minted_key};
use super::frame::{Frame, Tab};
use super::keys::{expiry, state_word};
use super::shown_key::{self, JustMade};
use super::{Layout, go};
use crate::actions::may_revoke;
use crate::domain::{KeyRef, Scope};
use crate::pages::address::Address;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::person::Person;
use crate::pages::scopes;
use crate::store::api_keys::ApiKey;
use crate::store::event_search::{self, EventSearch, SearchEnd};
use crate::store::key_lines::{self, KeyState};
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::idempotency::SentIdempotencyKey;
use crate::web::parameters::Parameters;
use crate::web::signed_in_for::SignedInFor;

/// How many of the events that were stored with a key its page shows.
const EVENTS_MAX: usize = 10;

/// For how long a key that is replaced goes on working: the choices, each with its hours.
const GRACES: [(&str, &str, i64); 4] =
    [("0", "Not at all: it ends at once", 0), ("1", "One hour", 1), ("24", "One day", 24), ("168", "One week", 168)];

/// The choice that is made unless another is.
const GRACE: &str = "24";

#[derive(Template)]
#[template(path = "admin/key.html")]
struct KeyPage {
    layout: Layout,
    admin: Frame,
    id: i64,
    prefix: String,
    active: bool,
    state: &'static str,
    own: bool,
    description: String,
    /// The one user that it is for.
    username: Option<String>,
    rights: Vec<(Scope, String)>,
    networks: Vec<String>,
    created: String,
    /// The key that it was made with, and ends with.
    made_with: Option<Maker>,
    expires: Option<String>,
    last_used: Option<String>,
    last_used_from: Option<String>,
    successor: Option<i64>,
    /// What was stored with it, if whoever looks may read events.
    events: Option<MadeEvents>,
    may_rotate: bool,
    may_revoke: bool,
}

/// The key that another was made with.
enum Maker {
    /// A stored key.
    Stored(i64),
    /// The configured key.
    Configured,
}

/// The latest events that were stored with a key.
struct MadeEvents {
    rows: Vec<EventRow>,
    /// Whether there may be more.
    more: bool,
}

struct EventRow {
    id: i64,
    person: Person,
    points: String,
    negative: bool,
    date: String,
    description: String,
}

fn number(id: &str) -> Result<i64, ApiError> {
    id.parse().map_err(|_| ApiError::NotFound)
}

/// The latest events that were stored with the key of a number.
async fn made_events(app: &App, id: i64) -> Result<MadeEvents, ErrorPage> {
    let search = EventSearch { key_id: Some(id), limit: EVENTS_MAX, ..EventSearch::default() };
    let found = app.store.read(move |connection| event_search::search(connection, &search)).await?;
    let catalog = app.standings.catalog();
    let row = |found: &event_search::FoundEvent| EventRow {
        id: found.event.id.0,
        person: Person::listed(&catalog, found.event.user_id),
        points: format::signed(found.event.points.into()),
        negative: i64::from(found.event.points) < 0,
        date: format::short_date(found.event.date),
        description: found
            .event
            .description
            .as_ref()
            .map(|description| format::cut(&format::plain(description.as_str()), 80))
            .unwrap_or_default(),
    };
    Ok(MadeEvents { rows: found.events.iter().map(row).collect(), more: found.end != SearchEnd::Exhausted })
}

/// The key of a number, and whether it works.
async fn find(app: &App, id: i64) -> Result<(ApiKey, KeyState), ErrorPage> {
    let at = app.actions.circumstances();
    let found = app.store.read(move |connection| key_lines::get(connection, id, &at)).await?;
    Ok(found.ok_or(ApiError::NotFound)?)
}

/// Shows a key.
#[get("/admin/keys/<id>", data = "<parameters>")]
pub async fn show(
    _browser: Browser,
    me: SignedInFor<need::SeeKeys>,
    app: &State<App>,
    id: &str,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let admin = Frame::after(Tab::Keys, &me.0, parameters.text("done"));
    let id = number(id)?;
    let (key, state) = find(app, id).await?;
    let events = if admin.may_read() { Some(made_events(app, id).await?) } else { None };
    let actor = &admin.me.actor;
    let own = actor.key == KeyRef::Stored(id);
    let template = KeyPage {
        layout: admin.layout(),
        id,
        active: state == KeyState::Works,
        state: state_word(state),
        own,
        description: format::plain(key.description.as_deref().unwrap_or_default()).into_owned(),
        username: key.username.as_ref().map(|username| format::plain(username.as_str()).into_owned()),
        rights: key.permissions.scopes().map(|scope| (scope, scopes::sentence(scope))).collect(),
        networks: key.networks.iter().map(ToString::to_string).collect(),
        created: format::moment(key.created_at),
        made_with: match key.made_with {
            KeyRef::Stored(maker) => Some(Maker::Stored(maker)),
            KeyRef::Configured => Some(Maker::Configured),
            KeyRef::CommandLine | KeyRef::Webhook => None,
        },
        expires: expiry(&key),
        last_used: key.last_used_at.map(format::moment),
        successor: key.successor_id,
        events,
        may_rotate: admin.may_manage_keys()
            && state == KeyState::Works
            && key.successor_id.is_none()
            && !own
            && may_revoke(actor, &key),
        may_revoke: admin.may_manage_keys() && key.revoked_at.is_none() && may_revoke(actor, &key),
        prefix: key.prefix,
        last_used_from: key.last_used_from,
        admin,
    };
    Ok(Html::new(&template)?.unkept())
}

#[derive(Template)]
#[template(path = "admin/rotate_key.html")]
struct RotatePage {
    layout: Layout,
    admin: Frame,
    id: i64,
    prefix: String,
    description: String,
    graces: [(&'static str, &'static str, bool); 4],
    fault: Option<String>,
    key: String,
}

fn rotate_page(admin: Frame, key: &ApiKey, chosen: &str, fault: Option<&Fault>) -> Result<Html, ErrorPage> {
    let template = RotatePage {
        layout: admin.layout(),
        admin,
        id: key.id,
        prefix: key.prefix.clone(),
        description: format::plain(key.description.as_deref().unwrap_or_default()).into_owned(),
        graces: GRACES.map(|(value, label, _)| (value, label, value == chosen)),
        fault: fault.map(|fault| fault.sentence.clone()),
        key: minted_key()?,
    };
    Ok(Html::new(&template)?.status(Fault::status_of(fault)).unkept())
}

/// Asks how a key is to be replaced.
#[get("/admin/keys/<id>/rotate")]
pub async fn ask_rotate(
    _browser: Browser,
    editor: SignedInFor<need::ManageKeys>,
    app: &State<App>,
    id: &str,
) -> Result<Html, ErrorPage> {
    let key = app.actions.revocable_key(&editor.0.actor, number(id)?).await?;
    rotate_page(Frame::new(Tab::Keys, &editor.0), &key, GRACE, None)
}

/// Makes a key that takes the place of another, and shows it, only this once.
#[post("/admin/keys/<id>/rotate", data = "<form>")]
pub async fn rotate(
    _browser: Browser,
    editor: SignedInFor<need::ManageKeys>,
    address: Address,
    app: &State<App>,
    id: &str,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let form = form.of(&me)?;
    let old = app.actions.revocable_key(&me.actor, number(id)?).await?;
    let frame = Frame::new(Tab::Keys, &me);
    let Some((_, _, hours)) = GRACES.iter().find(|(value, ..)| *value == form.typed("grace")) else {
        let fault = Fault::new("grace", "Choose how long the old key stays active.");
        return rotate_page(frame, &old, GRACE, Some(&fault));
    };
    let key = SentIdempotencyKey::of_form(form.typed("key")).read()?;
    let rotated = match app.actions.rotate_key(&me.actor, old.id, TimeDelta::hours(*hours), key).await {
        Ok(rotated) => rotated,
        Err(refusal) => {
            let fault = FormRefusal::of(refusal, "grace").fault()?;
            return rotate_page(frame, &old, form.typed("grace"), Some(&fault));
        }
    };
    let replaced = if *hours == 0 {
        format!("The key {}… is no longer active.", old.prefix)
    } else {
        format!("The key {}… stays active until {}.", old.prefix, format::moment(rotated.old_ends_at))
    };
    let acting = old.username.as_ref().unwrap_or(&me.actor.username).as_str();
    let made = JustMade {
        id: rotated.id,
        plain: rotated.plain,
        permissions: old.permissions,
        acting,
        replaced: Some(replaced),
    };
    shown_key::page(frame, &address, made)
}

/// Asks whether a key is to be revoked.
#[get("/admin/keys/<id>/revoke")]
pub async fn ask_revoke(
    _browser: Browser,
    editor: SignedInFor<need::ManageKeys>,
    app: &State<App>,
    id: &str,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let key = app.actions.revocable_key(&me.actor, number(id)?).await?;
    let consequence = if me.actor.key == KeyRef::Stored(key.id) {
        "You are signed in with this key, and will be signed out. Whatever uses it is refused from the next request on."
    } else {
        "Whatever uses it is refused from the next request on, and whoever is signed in with it is signed out."
    };
    let everyone = || "all users".to_owned();
    let username = key.username.as_ref().map_or_else(everyone, |name| format::plain(name.as_str()).into_owned());
    let confirmation = Confirmation {
        question: format!("Revoke the key {}…?", key.prefix),
        consequence,
        facts: vec![
            ("For", username),
            ("Made", format::moment(key.created_at)),
            ("Last used", key.last_used_at.map_or("never".to_owned(), format::moment)),
            ("What it is for", format::cut(&format::plain(key.description.as_deref().unwrap_or("–")), 255)),
        ],
        hidden: Vec::new(),
        button: "Revoke it",
        action: format!("/admin/keys/{}/revoke", key.id),
        back: Tab::Keys.path().to_owned(),
    };
    confirmation.page(Frame::new(Tab::Keys, &me))
}

/// Revokes a key.
#[post("/admin/keys/<id>/revoke", data = "<form>")]
pub async fn revoke(
    _browser: Browser,
    editor: SignedInFor<need::ManageKeys>,
    app: &State<App>,
    id: &str,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    form.of(&me)?;
    app.actions.revoke_key(&me.actor, number(id)?).await?;
    Ok(go(Tab::Keys.path(), "key-revoked"))
}
