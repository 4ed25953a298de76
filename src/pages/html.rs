//! What a reply with HTML looks like.

use std::borrow::Cow;

use askama::Template;
use rocket::http::Status;
use rocket::request::Request;
use rocket::response::{self, Responder, Response};

use super::assets;
use super::keeper_bar::KeeperBar;
use crate::domain::{Origins, WebOrigin};
use crate::standings::{RenderingKey, View};
use crate::web::compression::{self, AcceptsGzip, Encoded};
use crate::web::error::ApiError;
use crate::web::reply::set_body;
use crate::web::{App, BasePath};

/// A page runs and shows only what this server itself sends, except pictures of users from elsewhere. Behind it comes who
/// may show the page in a frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors";

/// What a page that shows another one of this server in a frame needs besides.
const WITH_FRAMES: &str = "; frame-src 'self'";

/// Who may show a page in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framing(Cow<'static, str>);

impl Framing {
    /// Nobody may.
    const FORBIDDEN: Framing = Framing(Cow::Borrowed("'none'"));

    /// Pages of these sites may, and then this server's own too, so that the administration can show what it looks like.
    pub fn on(origins: &Origins) -> Framing {
        match origins {
            Origins::Any => Framing(Cow::Borrowed("*")),
            Origins::Listed(listed) if listed.is_empty() => Framing::FORBIDDEN,
            Origins::Listed(listed) => {
                let listed: Vec<&str> = listed.iter().map(WebOrigin::as_str).collect();
                Framing(Cow::Owned(format!("'self' {}", listed.join(" "))))
            }
        }
    }
}

/// The part of the site that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Leaderboards and users.
    Leaderboard,
    /// The administration.
    Administration,
    /// The document of the API.
    Documentation,
    /// None of these: the page of an error.
    Elsewhere,
}

/// What the layout of every page needs. The template's struct has it as its field `layout`.
#[derive(Debug, Clone)]
pub struct Layout {
    section: Section,
    keeper: Option<KeeperBar>,
}

impl Layout {
    /// The layout of a page in that part of the site.
    pub fn new(section: Section) -> Layout {
        Layout { section, keeper: None }
    }

    /// With the bar of whoever is signed in, if anybody is.
    pub fn with_keeper(self, keeper: Option<KeeperBar>) -> Layout {
        Layout { keeper, ..self }
    }

    /// The bar of whoever is signed in.
    pub fn keeper(&self) -> Option<&KeeperBar> {
        self.keeper.as_ref()
    }

    /// Whether the page is of the leaderboards.
    pub fn in_leaderboard(&self) -> bool {
        self.section == Section::Leaderboard
    }

    /// Whether the page is of the administration.
    pub fn in_administration(&self) -> bool {
        self.section == Section::Administration
    }

    /// Whether the page is the document of the API.
    pub fn in_documentation(&self) -> bool {
        self.section == Section::Documentation
    }

    /// Where the stylesheet is.
    pub fn style(&self) -> &'static str {
        assets::STYLE.url()
    }

    /// Where the icon is.
    pub fn icon(&self) -> &'static str {
        assets::ICON.url()
    }

    /// Where the script of every page is.
    pub fn copy(&self) -> &'static str {
        assets::COPY.url()
    }
}

/// The bytes of a page.
#[derive(Debug)]
enum Bytes {
    /// Bytes for one reply.
    Own(String),
    /// Bytes that are kept for all who see the same, perhaps compressed.
    Shared(Encoded),
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Bytes::Own(page) => page.as_bytes(),
            Bytes::Shared(kept) => &kept.bytes,
        }
    }
}

/// A page, ready to be sent.
#[derive(Debug)]
pub struct Html {
    status: Status,
    body: Bytes,
    cache: &'static str,
    framing: Framing,
    has_frames: bool,
    headers: Vec<(&'static str, String)>,
}

/// The text of a template's page.
///
/// # Errors
/// The template can't be rendered.
pub fn rendered(template: &impl Template) -> Result<String, ApiError> {
    template.render().map_err(|error| {
        log::error!("a page can't be rendered: {error}");
        ApiError::Internal
    })
}

impl Html {
    /// The page of a template, for anyone. A browser asks again each time whether its copy is still right.
    pub fn new(template: &impl Template) -> Result<Html, ApiError> {
        Ok(Html::own(rendered(template)?))
    }

    /// A page that is rendered already, for one reply.
    pub fn own(page: String) -> Html {
        Html::of(Bytes::Own(page))
    }

    /// A page that is kept with a view already, in a form that the client accepts.
    pub fn find_kept(view: &View, key: RenderingKey, accepts: AcceptsGzip) -> Option<Html> {
        Encoded::find(view, key, accepts).map(|page| Html::of(Bytes::Shared(page)))
    }

    /// A page that is rendered already, for all who see the same. It is kept with the view.
    pub fn keep(app: &App, view: &View, key: RenderingKey, accepts: AcceptsGzip, page: String) -> Html {
        let render = || app.site.base.page(page).into_bytes();
        Html::of(Bytes::Shared(Encoded::kept(view, key, accepts, render)))
    }

    fn of(body: Bytes) -> Html {
        Html {
            status: Status::Ok,
            body,
            cache: "no-cache",
            framing: Framing::FORBIDDEN,
            has_frames: false,
            headers: Vec::new(),
        }
    }

    /// No page, but a redirect to another path.
    pub fn moved(to: impl Into<String>) -> Html {
        Html::of(Bytes::Own(String::new())).status(Status::SeeOther).unkept().header("Location", to)
    }

    /// With another status than 200.
    pub fn status(mut self, status: Status) -> Html {
        self.status = status;
        self
    }

    /// With the header that forbids everyone to keep it.
    pub fn unkept(mut self) -> Html {
        self.cache = "no-store";
        self
    }

    /// With the headers of a page that was made for one reader, so that nothing between keeps it for others.
    pub fn for_one(mut self) -> Html {
        self.cache = "private, no-store";
        self
    }

    /// May be shown in frames.
    pub fn framed(mut self, framing: Framing) -> Html {
        self.framing = framing;
        self
    }

    /// Shows another page of this server in a frame.
    pub fn with_frames(mut self) -> Html {
        self.has_frames = true;
        self
    }

    /// With one more header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Html {
        self.headers.push((name, value.into()));
        self
    }
}

impl<'r> Responder<'r, 'static> for Html {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::new();
        response.set_status(self.status);
        response.set_raw_header("Content-Type", "text/html; charset=utf-8");
        let frames = if self.has_frames { WITH_FRAMES } else { "" };
        let policy = format!("{CONTENT_SECURITY_POLICY} {}{frames}", self.framing.0);
        response.set_raw_header("Content-Security-Policy", policy);
        response.set_raw_header("Referrer-Policy", "same-origin");
        response.set_raw_header("X-Content-Type-Options", "nosniff");
        response.set_raw_header("Cache-Control", self.cache);
        for (name, value) in self.headers {
            response.adjoin_raw_header(name, value);
        }
        if matches!(&self.body, Bytes::Shared(kept) if kept.is_gzip) {
            compression::mark(&mut response);
        }
        let body = match (self.body, request.rocket().state::<BasePath>()) {
            (Bytes::Own(page), Some(base)) => Bytes::Own(base.page(page)),
            (body, _) => body,
        };
        set_body(&mut response, body);
        Ok(response)
    }
}
