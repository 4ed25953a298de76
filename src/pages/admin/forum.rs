//! `/admin/forum`: how to connect a forum, the secret that it signs with, and what came last.

use askama::Template;
use rocket::{State, get, post};

use super::confirm::Confirmation;
use super::form::SentForm;
use super::frame::{Frame, Tab};
use super::{Layout, go};
use crate::domain::Timestamp;
use crate::pages::address::Address;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::store::webhooks;
use crate::web::App;
use crate::web::caller::need;
use crate::web::forum::{FORUM, HOOK};
use crate::web::parameters::Parameters;
use crate::web::signed_in_for::SignedInFor;

/// Where this page is.
const HERE: &str = "/admin/forum";

/// How many deliveries it shows.
const SHOWN_MAX: usize = 50;

/// The events to tick in Discourse: its name for the group, and the events.
const EVENTS: [(&str, &str); 6] = [
    ("Topic events", "topic_created, topic_destroyed, topic_recovered"),
    ("Post events", "post_created, post_destroyed, post_recovered"),
    ("Like events", "post_liked"),
    ("Solved events", "accepted_solution, unaccepted_solution"),
    ("Chat events", "chat_message_created, chat_message_trashed, chat_message_restored"),
    ("User events", "user_created, user_updated, user_approved, user_suspended, user_unsuspended, user_destroyed"),
];

#[derive(Template)]
#[template(path = "admin/forum.html")]
struct ForumPage {
    layout: Layout,
    admin: Frame,
    /// The address to enter in Discourse.
    hook: String,
    /// Whether what is sent there can be read on its way.
    is_open: bool,
    secret: Secret,
    events: [(&'static str, &'static str); 6],
    rows: Vec<DeliveryRow>,
}

/// The secret that the forum signs with.
#[derive(Clone, PartialEq, Eq)]
enum Secret {
    /// There is none.
    Missing,
    /// It stands in the settings, and is not shown.
    Configured,
    /// It was made here.
    Made(String),
}

struct DeliveryRow {
    at: String,
    stamp: String,
    event: String,
    outcome: String,
    /// Whether nothing of it was taken.
    refused: bool,
}

impl DeliveryRow {
    fn new(at: Timestamp, event: &str, outcome: String, refused: bool) -> DeliveryRow {
        let event = if event.is_empty() { "–" } else { event };
        let outcome = format::cut(&format::plain(&outcome), 300);
        let event = format::plain(event).into_owned();
        DeliveryRow { at: format::short_moment(at), stamp: at.to_string(), event, outcome, refused }
    }
}

/// What came last, newest first: what was well signed, and what was refused because it was not.
async fn deliveries(app: &App) -> Result<Vec<DeliveryRow>, ErrorPage> {
    let signed = app.store.read(|connection| webhooks::deliveries(connection, FORUM)).await?;
    let signed = signed.into_iter().map(|delivery| {
        // The badge of the row says that word already.
        let why = delivery.outcome.strip_prefix("refused: ").map(str::to_owned);
        let refused = why.is_some();
        (delivery.at, DeliveryRow::new(delivery.at, &delivery.event, why.unwrap_or(delivery.outcome), refused))
    });
    let unsigned = app.forum.refused().into_iter().map(|refused| {
        let outcome = format!("{}; it came from {}", refused.why, refused.address);
        (refused.at, DeliveryRow::new(refused.at, &refused.event, outcome, true))
    });
    let mut all: Vec<_> = signed.chain(unsigned).collect();
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(all.into_iter().take(SHOWN_MAX).map(|(_, row)| row).collect())
}

/// Shows how to connect a forum. Only a key that may make the secret sees it.
#[get("/admin/forum", data = "<parameters>")]
pub async fn show(
    _browser: Browser,
    editor: SignedInFor<need::SetUpBoards>,
    app: &State<App>,
    address: Address,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let secret = match (&app.forum.configured, app.forum_secret()?) {
        (Some(_), _) => Secret::Configured,
        (None, Some(secret)) => Secret::Made(secret.reveal().to_owned()),
        (None, None) => Secret::Missing,
    };
    let admin = Frame::after(Tab::Rules, &editor.0, parameters.text("done"));
    let template = ForumPage {
        layout: admin.layout(),
        hook: format!("{}{HOOK}", address.as_str()),
        is_open: address.as_str().starts_with("http:"),
        secret,
        events: EVENTS,
        rows: deliveries(app).await?,
        admin,
    };
    Ok(Html::new(&template)?.unkept())
}

/// Asks whether another secret is to be made.
#[get("/admin/forum/secret")]
pub fn ask_secret(_browser: Browser, editor: SignedInFor<need::SetUpBoards>) -> Result<Html, ErrorPage> {
    let confirmation = Confirmation {
        question: "Make another secret?".to_owned(),
        consequence: "The one that there is ends at once: what the forum sends is refused until the new one is entered there. \
                      Discourse sends it again, four times within some hours.",
        facts: Vec::new(),
        hidden: Vec::new(),
        button: "Make another",
        action: format!("{HERE}/secret"),
        back: HERE.to_owned(),
    };
    confirmation.page(Frame::new(Tab::Rules, &editor.0))
}

/// Makes a secret in the place of the one that there is.
#[post("/admin/forum/secret", data = "<form>")]
pub async fn make_secret(
    _browser: Browser,
    editor: SignedInFor<need::SetUpBoards>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    form.of(&editor.0)?;
    app.actions.make_webhook_secret(&editor.0.actor, FORUM).await?;
    Ok(go(HERE, "secret-made"))
}
