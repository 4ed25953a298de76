//! `/admin/keys`: who may call, and what with.
//!
//! Somebody who is signed in with a key for one username can make and revoke only keys of that username: a key can't
//! make one that may do more than itself.

use askama::Template;
use rocket::{State, get, post};

use super::confirm::Confirmation;
use super::field::Field;
use super::form::{Fault, Filling, Form, FormRefusal, SentForm, minted_key};
use super::frame::{Frame, Tab};
use super::{Layout, command, go};
use crate::actions::{MadeKey, may_revoke};
use crate::domain::{EventDate, KeyRef, Networks, Permissions, PlainKey, Scope, Username};
use crate::pages::address::Address;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::store::api_keys::{ApiKey, NewKey};
use crate::store::key_lines::{self, KeyPlace, KeyState};
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::idempotency::SentIdempotencyKey;
use crate::web::parameters::Parameters;
use crate::web::requests::events::EVENTS;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// How many keys a page has.
const KEYS_MAX: usize = 100;

/// The longest description of a key, in characters.
const DESCRIPTION_MAX: usize = 255;

#[derive(Template)]
#[template(path = "admin/keys.html")]
struct KeysPage {
    layout: Layout,
    admin: Frame,
    rows: Vec<KeyRow>,
    /// Whether the list begins with its first key.
    first_page: bool,
    /// Where the list goes on.
    next: Option<String>,
    configured: bool,
    username: Field,
    description: Field,
    expires: Field,
    read_only: bool,
    key: String,
}

struct KeyRow {
    id: i64,
    prefix: String,
    username: Option<String>,
    description: String,
    read_only: bool,
    created: String,
    expires: Option<String>,
    last_used: Option<String>,
    state: &'static str,
    revocable: bool,
    own: bool,
}

#[derive(Template)]
#[template(path = "admin/new_key.html")]
struct NewKeyPage {
    layout: Layout,
    admin: Frame,
    /// `None` if the key was shown before.
    shown: Option<ShownKey>,
    id: i64,
}

/// A new key, which is shown only once.
struct ShownKey {
    plain: PlainKey,
    curl: String,
}

impl KeyRow {
    fn new(me: &SignedIn, key: &ApiKey, state: KeyState) -> KeyRow {
        let description = key.description.as_deref().unwrap_or_default();
        KeyRow {
            id: key.id,
            prefix: key.prefix.clone(),
            username: key.username.as_ref().map(|username| format::plain(username.as_str()).into_owned()),
            description: format::cut(&format::plain(description), 120),
            read_only: !key.permissions.holds_any(&Scope::CHANGING),
            created: format::short_moment(key.created_at),
            expires: key.expires_on.map(format::short_date),
            last_used: key.last_used_at.map(format::short_moment),
            state: match state {
                KeyState::Works => "works",
                KeyState::Revoked => "revoked",
                KeyState::Expired => "expired",
                KeyState::MakerEnded => "ended with the key that made it",
            },
            revocable: key.revoked_at.is_none() && may_revoke(&me.actor, key),
            own: me.actor.key == KeyRef::Stored(key.id),
        }
    }
}

/// The list from a place on, with the form below it.
async fn page(app: &App, admin: Frame, after: Option<KeyPlace>, filling: Filling<'_>) -> Result<Html, ErrorPage> {
    let at = app.actions.circumstances();
    let (keys, more) = app.store.read(move |connection| key_lines::page(connection, &at, after, KEYS_MAX)).await?;
    let fault = filling.fault();
    let typed = |name: &str| filling.value(name, "");
    let username = Field::text("username", "For the username").fault(fault);
    let template = KeysPage {
        layout: admin.layout(),
        rows: keys.iter().map(|(key, state)| KeyRow::new(&admin.me, key, *state)).collect(),
        first_page: after.is_none(),
        next: keys.last().filter(|_| more).map(|(key, state)| next_page(key, *state)),
        configured: app.actions.has_configured_key(),
        username: if admin.me.actor.one_username {
            username
                .value(admin.me.actor.username.as_str())
                .locked_unless(false)
                .hint("Your key is for this username, so are those you make.")
        } else {
            username.value(typed("username")).hint("Left blank, it is for all users: whoever uses it says who acts.")
        },
        description: Field::text("description", "What it is for").value(typed("description")).fault(fault),
        expires: Field::date("expires_on", "Last day")
            .value(typed("expires_on"))
            .hint(if admin.me.actor.expires_on.is_some() {
                "Left blank, it ends on the same day as the key that you are signed in with."
            } else {
                "Left blank, it does not expire."
            })
            .fault(fault),
        read_only: filling.flag("read_only", false),
        key: minted_key()?,
        admin,
    };
    Ok(Html::new(&template)?.status(filling.status()).unkept())
}

/// The address of the page that begins after a key. A key stays in its place in the list until it is revoked or expires.
fn next_page(last: &ApiKey, state: KeyState) -> String {
    format!("{}?after={}&works={}", Tab::Keys.path(), last.id, state == KeyState::Works)
}

/// The place that the address names. If it names none, the list begins at its start.
fn place(parameters: &Parameters) -> Option<KeyPlace> {
    let id = parameters.optional("after").ok()??;
    Some(KeyPlace { id, works: parameters.optional("works").ok().flatten().unwrap_or(true) })
}

/// Shows the list.
#[get("/admin/keys", data = "<parameters>")]
pub async fn list(
    _browser: Browser,
    me: SignedInFor<need::ManageKeys>,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let frame = Frame::after(Tab::Keys, &me.0, parameters.text("done"));
    page(app, frame, place(&parameters), Filling::Stored).await
}

/// Reads what a form says of a key.
fn read(app: &App, me: &SignedIn, form: &Form) -> Result<NewKey, FormRefusal> {
    let parameters = form.filled_parameters();
    let refused = |error| FormRefusal::of(error, "username");
    let username: Option<Username> = parameters.optional("username").map_err(refused)?;
    let description = parameters.text("description").map(|text| text.trim().to_owned());
    if description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_MAX) {
        return Err(Fault::new("description", "At most 255 characters fit here.").into());
    }
    let expires_on: Option<EventDate> = parameters.optional("expires_on").map_err(refused)?;
    if expires_on.is_some_and(|last| last < app.clock.today()) {
        return Err(Fault::new("expires_on", "This day is over: the key would never work.").into());
    }
    let read_only = parameters.optional("read_only").map_err(refused)?.unwrap_or(false);
    Ok(NewKey {
        username: if me.actor.one_username { Some(me.actor.username.clone()) } else { username },
        permissions: if read_only { Permissions::READ_ONLY } else { me.actor.permissions },
        networks: Networks::default(),
        description,
        expires_on,
    })
}

/// Makes a key and shows it, only this once.
#[post("/admin/keys", data = "<form>")]
pub async fn create(
    _browser: Browser,
    editor: SignedInFor<need::ManageKeys>,
    address: Address,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let form = form.of(&me)?;
    let frame = Frame::new(Tab::Keys, &me);
    let new = match read(app, &me, &form) {
        Ok(new) => new,
        Err(refusal) => return page(app, frame, None, Filling::Refused(&form, &refusal.fault()?)).await,
    };
    let key = SentIdempotencyKey::of_form(form.typed("key")).read()?;
    let (acting, read_only) = (
        new.username.clone().unwrap_or_else(|| me.actor.username.clone()),
        !new.permissions.holds_any(&Scope::CHANGING),
    );
    let MadeKey { id, plain } = match app.actions.create_key(&me.actor, new, key).await {
        Ok(made) => made,
        Err(refusal) => {
            let fault = FormRefusal::of(refusal, "username").fault()?;
            return page(app, frame, None, Filling::Refused(&form, &fault)).await;
        }
    };
    let shown = plain.map(|plain| {
        let (method, body) = if read_only { ("GET", None) } else { ("POST", Some(example(app))) };
        let curl = command::request(&address, method, EVENTS, plain.reveal(), acting.as_str(), body.as_ref());
        ShownKey { plain, curl }
    });
    Ok(Html::new(&NewKeyPage { layout: frame.layout(), admin: frame, shown, id })?.unkept())
}

/// An event to try a key with.
fn example(app: &App) -> serde_json::Value {
    serde_json::json!({"user_id": 13, "date": app.clock.today(), "points": 15, "description": "Karaoke night"})
}

fn number(id: &str) -> Result<i64, ApiError> {
    id.parse().map_err(|_| ApiError::NotFound)
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
