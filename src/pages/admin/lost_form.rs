//! A form that comes when nobody is signed in any more: what was typed is kept, and whoever typed it goes on after signing in.

use askama::Template;
use rocket::data::{Data, FromData, Outcome as DataOutcome};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{State, get, post};

use super::again::Again;
use super::form::is_of_another_site;
use super::frame::{Frame, Tab};
use super::{HOME, Layout, sign_in};
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::html::Html;
use crate::web::compression::HoldsToken;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::session::{self, SignedIn};
use crate::web::{App, Client, KeptForm};

/// Nobody is signed in, and the request is for a page of the administration that has forms. Any other request goes on to
/// the page itself.
pub struct NobodySignedIn {
    path: String,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for NobodySignedIn {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<NobodySignedIn, Self::Error> {
        let path = request.uri().path().as_str();
        let of_pages = Tab::of(path).is_some();
        if of_pages && Browser::wants_page(request) && SignedIn::is_nobody(request).await {
            Outcome::Success(NobodySignedIn { path: path.to_owned() })
        } else {
            Outcome::Forward(Status::NotFound)
        }
    }
}

/// What was sent, if it can be read and comes from a page of this server.
pub struct LostForm(Option<Parameters>);

#[rocket::async_trait]
impl<'r> FromData<'r> for LostForm {
    type Error = std::convert::Infallible;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> DataOutcome<'r, LostForm> {
        let foreign = is_of_another_site(request);
        let sent = Parameters::from_data(request, data).await.succeeded();
        DataOutcome::Success(LostForm(sent.filter(|_| !foreign)))
    }
}

/// Keeps the form and asks to sign in.
#[post("/admin/<_..>", data = "<form>")]
pub async fn keep(
    nobody: NobodySignedIn,
    client: Client,
    reply: HoldsToken,
    app: &State<App>,
    form: LostForm,
) -> Result<Html, ErrorPage> {
    let sent = form.0.ok_or(ApiError::NotLoggedIn)?;
    let username = sent.text("csrf").and_then(session::owner_of_form).ok_or(ApiError::NotLoggedIn)?;
    let kept = KeptForm { username: username.clone(), path: nobody.path, fields: sent.all_texts() };
    let token = app.sessions.kept.keep(kept).map_err(|error| {
        log::error!("no random numbers for a form: {error}");
        ApiError::Internal
    })?;
    sign_in::ask_to_go_on(app, &client, &reply, &token, &username)
}

#[derive(Template)]
#[template(path = "admin/go_on.html")]
struct GoOnPage {
    layout: Layout,
    admin: Frame,
    again: Again,
}

/// Shows a form that was kept, to whoever filled it in.
#[get("/admin/go-on?<form>")]
pub async fn go_on(_browser: Browser, me: SignedIn, app: &State<App>, form: &str) -> Result<Html, ErrorPage> {
    let Some(kept) = app.sessions.kept.find(form, &me.actor.username) else { return Ok(Html::moved(HOME)) };
    let admin = match Tab::of(&kept.path) {
        Some(tab) => Frame::new(tab, &me),
        None => Frame::without_tab(me),
    };
    let template = GoOnPage { layout: admin.layout(), admin, again: Again::new(&kept.path, kept.fields) };
    Ok(Html::new(&template)?.unkept())
}
