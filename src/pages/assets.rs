//! Static files, compiled in. Each is served under a name that holds its digest. So it may be kept for ever: when a
//! file changes, its name changes too. Each is compressed once, at the start.

use std::fmt::Write as _;
use std::sync::LazyLock;

use rocket::get;
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use sha2::{Digest, Sha256};

use crate::web::compression::{self, AcceptsGzip, gzip};
use crate::web::error::ApiError;
use crate::web::reply::set_body;

/// How many bytes of a digest are in a name.
const DIGEST_BYTES: usize = 8;

/// A file of the folder `static`.
#[derive(Debug)]
pub struct Asset {
    url: String,
    content_type: &'static str,
    bytes: &'static [u8],
    compressed: Vec<u8>,
}

/// The files, each by its name here and in the folder.
macro_rules! assets {
    ($($(#[$about:meta])* $name:ident = $stem:literal . $ending:literal: $content_type:literal;)*) => {
        $(
            $(#[$about])*
            pub static $name: LazyLock<Asset> = LazyLock::new(|| {
                Asset::new($stem, $ending, $content_type, include_bytes!(concat!("static/", $stem, ".", $ending)))
            });
        )*

        /// Every file.
        fn all() -> impl Iterator<Item = &'static Asset> {
            [$(&*$name),*].into_iter()
        }
    };
}

assets! {
    /// The one stylesheet.
    STYLE = "style"."css": "text/css; charset=utf-8";
    /// The picture in a browser's tab.
    ICON = "icon"."svg": "image/svg+xml";
    /// What every page does with JavaScript: buttons that copy.
    COPY = "copy"."js": "text/javascript; charset=utf-8";
    /// What makes the administration handier.
    ADMIN = "admin"."js": "text/javascript; charset=utf-8";
    /// A search of events that goes on by itself.
    SEARCH = "search"."js": "text/javascript; charset=utf-8";
    /// Who may be meant while a name is typed.
    SUGGEST = "suggest"."js": "text/javascript; charset=utf-8";
    /// The stylesheet of leaderboards in frames on other sites.
    EMBED_STYLE = "embed"."css": "text/css; charset=utf-8";
    /// What tells the page around such a frame how high it has to be.
    EMBED = "embed"."js": "text/javascript; charset=utf-8";
    /// What keeps a leaderboard up to date.
    LIVE = "live"."js": "text/javascript; charset=utf-8";
}

impl Asset {
    fn new(stem: &str, ending: &str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
        let mut url = format!("/assets/{stem}.");
        for byte in &Sha256::digest(bytes)[..DIGEST_BYTES] {
            // Writing to a text can't fail.
            let _ = write!(url, "{byte:02x}");
        }
        url.push('.');
        url.push_str(ending);
        Asset { url, content_type, bytes, compressed: gzip(bytes) }
    }

    /// The path of the file as it is now.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl<'r> Responder<'r, 'static> for &'static Asset {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build()
            .raw_header("Content-Type", self.content_type)
            .raw_header("Cache-Control", "public, max-age=31536000, immutable")
            .raw_header("X-Content-Type-Options", "nosniff")
            .finalize();
        if AcceptsGzip::of(request).for_length(self.bytes.len()) {
            compression::mark(&mut response);
            set_body(&mut response, &self.compressed[..]);
        } else {
            set_body(&mut response, self.bytes);
        }
        Ok(response)
    }
}

/// Compresses every file and finds its name, so that no request has to wait for that.
pub fn prepare() {
    all().for_each(drop);
}

/// Serves a file by its name with the digest.
#[get("/assets/<name>")]
pub fn file(name: &str) -> Result<&'static Asset, ApiError> {
    all().find(|asset| asset.url.strip_prefix("/assets/") == Some(name)).ok_or(ApiError::NotFound)
}
