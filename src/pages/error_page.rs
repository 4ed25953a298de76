//! The page that shows an error.

use askama::Template;
use rocket::http::Status;
use rocket::request::Request;
use rocket::response::{self, Responder};

use super::admin::again::Again;
use super::admin::frame::{Frame, Tab};
use super::html::{Html, Layout, Section};
use super::scopes;
use crate::actions::Refusal;
use crate::store::StoreError;
use crate::web::error::ApiError;
use crate::web::session::SignedIn;

/// A page that says what went wrong, and what to do about it.
#[derive(Debug, Clone)]
pub struct ErrorPage {
    status: Status,
    title: &'static str,
    sentence: String,
    sign_in: bool,
    retry_after: Option<u64>,
    again: Option<Box<Again>>,
}

/// Its template.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorTemplate<'p> {
    layout: Layout,
    page: &'p ErrorPage,
}

/// Its template for somebody who is signed in, in the administration.
#[derive(Template)]
#[template(path = "admin/error.html")]
struct AdminErrorTemplate<'p> {
    layout: Layout,
    admin: Frame,
    page: &'p ErrorPage,
}

impl ErrorPage {
    /// A page with a heading and a sentence.
    pub fn new(status: Status, title: &'static str, sentence: impl Into<String>) -> ErrorPage {
        ErrorPage { status, title, sentence: sentence.into(), sign_in: false, retry_after: None, again: None }
    }

    /// With a form that can be sent again.
    pub fn with_form(self, again: Again) -> ErrorPage {
        ErrorPage { again: Some(Box::new(again)), ..self }
    }
}

/// What is said of a form that was sent a second time, with other values.
const SENT_ALREADY: &str = "This form was sent before with other values, and that was carried out. Nothing was changed now. \
                            To send these values too, open the form anew.";

impl From<ApiError> for ErrorPage {
    fn from(error: ApiError) -> ErrorPage {
        let (title, sentence) = match &error {
            ApiError::NotLoggedIn => ("Please sign in", "Only those who have signed in may open this.".to_owned()),
            ApiError::InvalidAccess => ("Not permitted", "The API key or its username is not accepted.".to_owned()),
            ApiError::NotPermitted(scope) => ("Not permitted", scopes::lacking(*scope)),
            ApiError::OfAnotherUsername => {
                ("Not permitted", "Your key is for one username, and this one is not of that username.".to_owned())
            }
            ApiError::NotFound => {
                ("Nothing is here", "The address may have a typing error, or what it led to is gone.".to_owned())
            }
            ApiError::Missing(name) => ("Something is missing", format!("“{name}” has to be filled in.")),
            ApiError::Invalid { name, accepted } => {
                ("This can't be read", format!("“{name}” in the address or the form has to be {accepted}."))
            }
            ApiError::IdempotencyKeyReused => ("Sent already", SENT_ALREADY.to_owned()),
            ApiError::PayloadTooLarge { .. } => ("Too large", error.sentence()),
            ApiError::RateLimit { .. } => ("Too often", error.sentence()),
            ApiError::ReadOnly { .. } => ("Only for reading", error.sentence()),
            ApiError::Unavailable => ("Please try again", error.sentence()),
            ApiError::Internal => ("Something broke", error.sentence()),
            _ => ("This can't be done", error.sentence()),
        };
        ErrorPage {
            sign_in: error == ApiError::NotLoggedIn,
            retry_after: error.retry_after(),
            ..ErrorPage::new(error.status(), title, sentence)
        }
    }
}

impl From<Refusal> for ErrorPage {
    fn from(refusal: Refusal) -> ErrorPage {
        ApiError::from(refusal).into()
    }
}

impl From<StoreError> for ErrorPage {
    fn from(error: StoreError) -> ErrorPage {
        ApiError::from(error).into()
    }
}

impl<'r> Responder<'r, 'static> for ErrorPage {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        // Whoever is signed in keeps the way to the other pages of the administration.
        let signed_in = SignedIn::noted(request).filter(|_| request.uri().path().starts_with("/admin"));
        let page = match signed_in {
            Some(me) => {
                let tab = Tab::of(request.uri().path().as_str());
                let admin = match tab {
                    Some(tab) => Frame::new(tab, &me),
                    None => Frame::without_tab(me),
                };
                Html::new(&AdminErrorTemplate { layout: admin.layout(), admin, page: &self })
            }
            None => Html::new(&ErrorTemplate { layout: Layout::new(Section::Elsewhere), page: &self }),
        };
        // A template of plain texts always renders. If it did not, there would be no page to say so.
        let mut page = page.map_err(|_| Status::InternalServerError)?.status(self.status).unkept();
        if let Some(seconds) = self.retry_after {
            page = page.header("Retry-After", seconds.to_string());
        }
        page.respond_to(request)
    }
}
