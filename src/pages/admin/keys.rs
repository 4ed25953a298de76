//! `/admin/keys`: the list of keys.

use askama::Template;
use rocket::{State, get};

use super::Layout;
use super::frame::{Frame, Tab};
use crate::actions::may_revoke;
use crate::domain::KeyRef;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::scopes;
use crate::store::api_keys::ApiKey;
use crate::store::key_lines::{self, KeyPlace, KeyState};
use crate::web::App;
use crate::web::caller::need;
use crate::web::parameters::Parameters;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// How many keys a page has.
const KEYS_MAX: usize = 100;

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
}

struct KeyRow {
    id: i64,
    prefix: String,
    /// The one user that it is for.
    username: Option<String>,
    description: String,
    /// What it may do.
    rights: String,
    /// Whether it may be used from some networks only.
    limited: bool,
    created: String,
    expires: Option<String>,
    last_used: Option<String>,
    active: bool,
    state: &'static str,
    revocable: bool,
    own: bool,
}

impl KeyRow {
    fn new(me: &SignedIn, key: &ApiKey, state: KeyState) -> KeyRow {
        let description = key.description.as_deref().unwrap_or_default();
        KeyRow {
            id: key.id,
            prefix: key.prefix.clone(),
            username: key.username.as_ref().map(|username| format::plain(username.as_str()).into_owned()),
            description: format::cut(&format::plain(description), 120),
            rights: scopes::in_short(key.permissions),
            limited: !key.networks.are_everywhere(),
            created: format::short_moment(key.created_at),
            expires: expiry(key),
            last_used: key.last_used_at.map(format::short_moment),
            active: state == KeyState::Works,
            state: state_word(state),
            revocable: key.revoked_at.is_none() && may_revoke(&me.actor, key),
            own: me.actor.key == KeyRef::Stored(key.id),
        }
    }
}

/// Whether a key works, in a word.
pub fn state_word(state: KeyState) -> &'static str {
    match state {
        KeyState::Works => "active",
        KeyState::Revoked => "revoked",
        KeyState::Expired => "expired",
        KeyState::MakerEnded => "ended",
    }
}

/// When a key ends, if it does: at a moment, since another key takes its place, or with a day.
pub fn expiry(key: &ApiKey) -> Option<String> {
    key.ends_at.map(format::short_moment).or_else(|| key.expires_on.map(format::short_date))
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
    me: SignedInFor<need::SeeKeys>,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let (at, after) = (app.actions.circumstances(), place(&parameters));
    let (keys, more) = app.store.read(move |connection| key_lines::page(connection, &at, after, KEYS_MAX)).await?;
    let admin = Frame::after(Tab::Keys, &me.0, parameters.text("done"));
    let template = KeysPage {
        layout: admin.layout(),
        rows: keys.iter().map(|(key, state)| KeyRow::new(&admin.me, key, *state)).collect(),
        first_page: after.is_none(),
        next: keys.last().filter(|_| more).map(|(key, state)| next_page(key, *state)),
        configured: app.actions.has_configured_key(),
        admin,
    };
    Ok(Html::new(&template)?.unkept())
}
