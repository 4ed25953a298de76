//! "This is me": a browser remembers in a cookie which user its owner is, so that leaderboards show that row.
//!
//! The cookie opens nothing and proves nothing: it is the number of a user whom everybody may ask for. So it needs no session,
//! and a form without a token sets it. What another site could do with such a form is to have another row marked; browsers say
//! where a form comes from, and those of other sites are refused.

use std::convert::Infallible;

use rocket::http::{Cookie, SameSite, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::time::Duration;
use rocket::{State, post};

use super::browser::Browser;
use super::error_page::ErrorPage;
use super::html::Html;
use crate::domain::UserId;
use crate::web::kinds::Parameter;
use crate::web::path::UserIdPath;
use crate::web::viewer::BoardViewer;
use crate::web::{App, Client};

/// The name of the cookie.
const COOKIE: &str = "scorekeeper_me";

/// How long a browser remembers.
const DAYS: i64 = 365;

/// Who the owner of a browser is, as the browser remembers it. A reply that depends on it is one for that browser alone.
#[derive(Debug, Clone, Copy)]
pub struct Me(pub Option<UserId>);

impl Me {
    /// Who the owner of the browser is that has sent a request.
    pub fn of(request: &Request<'_>) -> Me {
        Me(request.cookies().get(COOKIE).and_then(|cookie| UserId::from_text(cookie.value())))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Me {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Me, Infallible> {
        Outcome::Success(Me::of(request))
    }
}

/// Whether a form was sent from a page of this server, as far as the browser says where it was sent from.
pub struct SentFromHere(bool);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SentFromHere {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<SentFromHere, Infallible> {
        let site = request.headers().get_one("Sec-Fetch-Site");
        Outcome::Success(SentFromHere(site.is_none_or(|site| matches!(site, "same-origin" | "none"))))
    }
}

impl SentFromHere {
    fn check(&self) -> Result<(), ErrorPage> {
        const SENTENCE: &str = "Who you are can only be chosen on a page of this server.";
        if self.0 { Ok(()) } else { Err(ErrorPage::new(Status::Forbidden, "Not from here", SENTENCE)) }
    }
}

/// Remembers who the owner of the browser is.
#[post("/users/<id>/me")]
pub async fn choose(
    _browser: Browser,
    from: SentFromHere,
    _viewer: BoardViewer,
    client: Client,
    app: &State<App>,
    id: UserIdPath,
) -> Result<Html, ErrorPage> {
    from.check()?;
    let id = id.known()?;
    Ok(remembering(app, client, id, id.to_string(), Duration::days(DAYS)))
}

/// Forgets it.
#[post("/users/<id>/not-me")]
pub async fn forget(
    _browser: Browser,
    from: SentFromHere,
    client: Client,
    app: &State<App>,
    id: UserIdPath,
) -> Result<Html, ErrorPage> {
    from.check()?;
    Ok(remembering(app, client, id.known()?, String::new(), Duration::ZERO))
}

/// Leads back to the user's page, and sets the cookie.
fn remembering(app: &App, client: Client, page: UserId, value: String, lasts: Duration) -> Html {
    let cookie = Cookie::build((COOKIE, value))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(client.is_secure)
        .path(app.site.base.cookie_path())
        .max_age(lasts);
    Html::moved(format!("/users/{page}")).header("Set-Cookie", cookie.build().to_string())
}
