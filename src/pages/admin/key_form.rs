//! `/admin/keys/new`: making a key that may do no more than the key that one is signed in with.

use askama::Template;
use rocket::http::Status;
use rocket::{State, get, post};

use super::Layout;
use super::field::Field;
use super::form::{Fault, Filling, Form, FormRefusal, SentForm, minted_key};
use super::frame::{Frame, Tab};
use super::shown_key::{self, JustMade};
use crate::domain::{EventDate, Networks, Permissions, Scope, Unacceptable, Username};
use crate::pages::address::Address;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::scopes;
use crate::store::api_keys::NewKey;
use crate::web::App;
use crate::web::caller::need;
use crate::web::idempotency::SentIdempotencyKey;
use crate::web::parameters::Parameters;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// The longest description of a key, in characters.
const DESCRIPTION_MAX: usize = 255;

/// The name in an address of the set of all scopes that the own key has.
const ALL_OWN: &str = "everything";

#[derive(Template)]
#[template(path = "admin/key_form.html")]
struct KeyFormPage {
    layout: Layout,
    admin: Frame,
    username: Field,
    description: Field,
    expires: Field,
    networks: Field,
    sets: Vec<ScopeSet>,
    boxes: Vec<ScopeBox>,
    fault: Option<String>,
    key: String,
}

/// A set of scopes to begin with.
struct ScopeSet {
    value: &'static str,
    label: &'static str,
    /// Its scopes, with blanks between them.
    scopes: String,
    chosen: bool,
}

/// A scope that can be ticked.
struct ScopeBox {
    scope: Scope,
    sentence: String,
    ticked: bool,
    /// Whether the own key has it. A key can't give what it has not.
    own: bool,
}

/// The sets that the own key has all scopes of.
fn sets(own: Permissions) -> Vec<(&'static str, &'static str, Permissions)> {
    let everything = if own == Permissions::ALL { "Everything" } else { "All that yours may" };
    let fitting = scopes::SETS.into_iter().filter(|(_, _, set)| set.is_within(own));
    fitting.chain([(ALL_OWN, everything, own)]).collect()
}

/// The form. `set` names the set that is ticked at first.
fn page(admin: Frame, set: Option<&str>, filling: Filling<'_>) -> Result<Html, ErrorPage> {
    let actor = &admin.me.actor;
    let fault = filling.fault();
    let typed = |name: &str| filling.value(name, "");
    let sets = sets(actor.permissions);
    let ticked: Vec<&str> = match filling {
        Filling::Refused(form, _) => form.all("scopes"),
        Filling::Stored => {
            let set = sets.iter().find(|(value, ..)| Some(*value) == set);
            set.map(|(_, _, set)| set.scopes().map(Scope::name).collect()).unwrap_or_default()
        }
    };
    let username = Field::text("username", "For the username").fault(fault);
    let template = KeyFormPage {
        layout: admin.layout(),
        username: if actor.one_username {
            username
                .value(actor.username.as_str())
                .locked_unless(false)
                .hint("Your key is for this username, so are those you make.")
        } else {
            username.value(typed("username")).hint("Left blank, it is for all users: whoever uses it says who acts.")
        },
        description: Field::text("description", "What it is for")
            .value(typed("description"))
            .placeholder("the shop’s till")
            .fault(fault),
        expires: Field::date("expires_on", "Expires")
            .value(typed("expires_on"))
            .hint(match actor.expires_on {
                Some(last) => {
                    format!("The last day on which it is active. Left blank, your own key’s: {}.", format::date(last))
                }
                None => "The last day on which it is active. Left blank, it does not expire.".to_owned(),
            })
            .fault(fault),
        networks: Field::text("networks", "From these networks only")
            .value(typed("networks"))
            .placeholder("192.0.2.0/24, 2001:db8::/32")
            .hint(if actor.networks.are_everywhere() {
                "Left blank, from anywhere.".to_owned()
            } else {
                format!("Left blank, from those of your own key: {}.", actor.networks)
            })
            .fault(fault),
        boxes: Scope::ALL
            .map(|scope| ScopeBox {
                scope,
                sentence: scopes::sentence(scope),
                ticked: ticked.contains(&scope.name()),
                own: actor.permissions.holds(scope),
            })
            .into(),
        sets: sets
            .into_iter()
            .map(|(value, label, set)| ScopeSet {
                value,
                label,
                scopes: set.scopes().map(Scope::name).collect::<Vec<_>>().join(" "),
                chosen: matches!(filling, Filling::Stored) && set.scopes().map(Scope::name).eq(ticked.iter().copied()),
            })
            .collect(),
        fault: Fault::about(fault, "scopes"),
        key: minted_key()?,
        admin,
    };
    Ok(Html::new(&template)?.status(filling.status()).unkept())
}

/// Shows the empty form. The address may name a set of scopes to begin with.
#[get("/admin/keys/new", data = "<parameters>")]
pub async fn new(
    _browser: Browser,
    me: SignedInFor<need::ManageKeys>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    page(Frame::new(Tab::Keys, &me.0), parameters.text("set"), Filling::Stored)
}

/// A value that makes no sense.
fn senseless(field: &'static str, refused: &Unacceptable) -> FormRefusal {
    Fault { field, sentence: format!("Enter {}.", refused.accepted), status: Status::BadRequest }.into()
}

/// The networks that a form names, with commas or blanks between them.
fn networks(form: &Form) -> Result<Networks, FormRefusal> {
    let typed = form.typed("networks");
    let parts: Vec<&str> =
        typed.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Ok(Networks::default());
    }
    parts.join(",").parse().map_err(|refused| senseless("networks", &refused))
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
        return Err(Fault::new("expires_on", "This day is over: the key would never be active.").into());
    }
    let scopes = form.all("scopes").into_iter().map(str::parse).collect::<Result<Vec<Scope>, Unacceptable>>();
    let scopes = scopes.map_err(|refused| senseless("scopes", &refused))?;
    if scopes.is_empty() {
        return Err(Fault::new("scopes", "Tick at least one: a key that may do nothing is of no use.").into());
    }
    if let Some(lacking) = scopes.iter().find(|scope| me.actor.require(**scope).is_err()) {
        let sentence = format!("Your own key may not {}, so none that you make may.", scopes::may(*lacking));
        return Err(Fault { field: "scopes", sentence, status: Status::Forbidden }.into());
    }
    Ok(NewKey {
        username: if me.actor.one_username { Some(me.actor.username.clone()) } else { username },
        permissions: scopes.into_iter().collect(),
        networks: networks(form)?,
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
        Err(refusal) => return page(frame, None, Filling::Refused(&form, &refusal.fault()?)),
    };
    let key = SentIdempotencyKey::of_form(form.typed("key")).read()?;
    let (acting, permissions) = (new.username.clone().unwrap_or_else(|| me.actor.username.clone()), new.permissions);
    match app.actions.create_key(&me.actor, new, key).await {
        Ok(made) => {
            let made =
                JustMade { id: made.id, plain: made.plain, permissions, acting: acting.as_str(), replaced: None };
            shown_key::page(frame, &address, made)
        }
        Err(refusal) => {
            let fault = FormRefusal::of(refusal, "username").fault()?;
            page(frame, None, Filling::Refused(&form, &fault))
        }
    }
}
