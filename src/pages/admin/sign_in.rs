//! `/admin/sign-in`: an API key becomes a session.

use askama::Template;
use rocket::http::{CookieJar, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{State, get, post};

use super::field::Field;
use super::form::{Fault, SentForm};
use super::{HOME, Layout, Section};
use crate::domain::Username;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::html::Html;
use crate::web::compression::HoldsToken;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::session::{self, SignedIn, Visitor};
use crate::web::{App, Client};

/// The longest path to which a browser is sent back after it has signed in.
const PATH_MAX: usize = 2000;

#[derive(Template)]
#[template(path = "admin/sign_in.html")]
struct SignInPage<'p> {
    layout: Layout,
    token: &'p str,
    to: &'p str,
    fault: Option<String>,
    signed_out: bool,
    /// The token of the form that is kept.
    kept: &'p str,
    key: Field,
    username: Field,
}

/// Who is signed in, if anyone is. (After an optional [`SignedIn`] the catcher would still find its refusal.)
pub struct MaybeSignedIn(Option<SignedIn>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for MaybeSignedIn {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<MaybeSignedIn, Self::Error> {
        Outcome::Success(MaybeSignedIn(SignedIn::of(request).await))
    }
}

/// Where to go after signing in. This is always a page of the administration.
fn destination(to: Option<&str>) -> &str {
    let ours = |to: &&str| {
        let path = to.split('?').next().unwrap_or_default();
        let within = path == "/admin" || path.starts_with("/admin/");
        within && to.len() <= PATH_MAX && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    to.filter(ours).unwrap_or(HOME)
}

fn page(
    app: &App,
    client: &Client,
    reply: &HoldsToken,
    parameters: &Parameters,
    fault: Option<Fault>,
) -> Result<Html, ErrorPage> {
    let visitor = Visitor::new(app, client.is_secure, reply)?;
    let fault = fault.as_ref();
    let template = SignInPage {
        layout: Layout::new(Section::Administration),
        token: &visitor.token,
        to: destination(parameters.text("to")),
        fault: Fault::about(fault, ""),
        kept: parameters.text("kept").unwrap_or_default(),
        signed_out: parameters.text("done") == Some("signed-out"),
        key: Field::password("key", "API key").required().autocomplete("current-password").fault(fault),
        username: Field::text("username", "Username")
            .value(parameters.text("username").unwrap_or_default())
            .autocomplete("username")
            .hint("Shown in the history of what you change. Leave empty if your key was made for one person.")
            .fault(fault),
    };
    Ok(Html::new(&template)?.status(Fault::status_of(fault)).unkept().header("Set-Cookie", visitor.cookie.to_string()))
}

/// A fault with the status of somebody who may not come in.
fn refused(field: &'static str, sentence: &str) -> Option<Fault> {
    Some(Fault { field, sentence: sentence.to_owned(), status: Status::Forbidden })
}

/// The page for somebody whose form came after the session had ended, and is kept under a token.
///
/// # Errors
/// The page can't be made.
pub fn ask_to_go_on(
    app: &App,
    client: &Client,
    reply: &HoldsToken,
    kept: &str,
    username: &Username,
) -> Result<Html, ErrorPage> {
    let mut parameters = Parameters::default();
    parameters.set("kept", kept);
    parameters.set("username", username.as_str());
    Ok(page(app, client, reply, &parameters, None)?.status(Status::Forbidden))
}

/// Shows the form.
#[get("/admin/sign-in", data = "<parameters>")]
pub async fn form(
    _browser: Browser,
    anyone: MaybeSignedIn,
    client: Client,
    reply: HoldsToken,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    if anyone.0.is_some() {
        return Ok(Html::moved(destination(parameters.text("to"))));
    }
    page(app, &client, &reply, &parameters, None)
}

/// Signs in.
#[post("/admin/sign-in", data = "<form>")]
pub async fn sign_in(
    _browser: Browser,
    client: Client,
    reply: HoldsToken,
    app: &State<App>,
    cookies: &CookieJar<'_>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let Some(form) = form.checked(|token| Visitor::sent(app, cookies, token)) else {
        const FAULT: &str = "This form was out of date. Please try again.";
        return page(app, &client, &reply, &Parameters::default(), refused("", FAULT));
    };
    match session::sign_in(app, form.typed("key"), form.filled("username"), &client) {
        Ok(cookie) => {
            let to = match form.filled("kept").filter(|kept| kept.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
                Some(kept) => format!("/admin/go-on?form={kept}"),
                None => destination(form.filled("to")).to_owned(),
            };
            Ok(Html::moved(to).header("Set-Cookie", cookie.to_string()))
        }
        Err(ApiError::InvalidAccess) => {
            const FAULT: &str = "That key doesn't work, or it belongs to another username.";
            page(app, &client, &reply, form.parameters(), refused("key", FAULT))
        }
        Err(ApiError::UsernameNeeded) => {
            const FAULT: &str = "Enter your username. This key is for all users.";
            page(app, &client, &reply, form.parameters(), refused("username", FAULT))
        }
        Err(ApiError::NotFromHere) => {
            const FAULT: &str = "This key is not for the network that you come from.";
            page(app, &client, &reply, form.parameters(), refused("key", FAULT))
        }
        Err(error @ ApiError::RateLimit { wait_seconds }) => {
            let fault = format!("Too many wrong keys came from your address. {}", error.sentence());
            let fault = Fault { field: "", sentence: fault, status: error.status() };
            let page = page(app, &client, &reply, form.parameters(), Some(fault))?;
            Ok(page.header("Retry-After", wait_seconds.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Signs out.
#[post("/admin/sign-out", data = "<form>")]
pub async fn sign_out(
    _browser: Browser,
    me: SignedIn,
    client: Client,
    app: &State<App>,
    cookies: &CookieJar<'_>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    form.of(&me)?;
    let gone = session::sign_out(app, cookies, client.is_secure);
    Ok(super::go("/admin/sign-in", "signed-out").header("Set-Cookie", gone.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_the_administration_only() {
        for to in ["/admin", "/admin/events?text=a%20b", "/admin/boards/1"] {
            assert_eq!(destination(Some(to)), to);
        }
        for to in [
            "",
            "https://a.example/",
            "//a.example/admin",
            "/leaderboard",
            "/administrator",
            "/admin\\@a.example",
            "/admin/\r\nSet-Cookie: a=b",
            "/admin/ä",
        ] {
            assert_eq!(destination(Some(to)), "/admin", "{to}");
        }
    }
}
