//! Compression of replies with gzip, for clients that accept it.
//!
//! What is the same for many is compressed once: a page of standings is kept compressed with its view, and the files of
//! the pages are compressed at the start. Everything else is compressed here when the reply is ready. Never compressed
//! are live streams, which would be held back, and pages with the token of a form: from the length of a compressed page
//! somebody who can put text into it could guess the token.

use std::convert::Infallible;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use rocket::http::{Method, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::Response;
use rocket::tokio::task::spawn_blocking;

use super::compressed_stream::CompressedStream;
use super::headers;
use super::reply::set_body;
use super::vary;
use crate::standings::{RenderingKey, View};

/// Shorter replies are sent as they are, in bytes: they fit into one packet anyway.
const LENGTH_MIN: usize = 1024;

/// Longer replies are compressed on a thread that may block, in bytes. This much takes about a millisecond.
const AT_ONCE_MAX: usize = 64 << 10;

/// Whether the client of a request accepts gzip, and does not prefer what is not compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AcceptsGzip(bool);

impl AcceptsGzip {
    /// What the client of a request accepts.
    pub fn of(request: &Request<'_>) -> AcceptsGzip {
        AcceptsGzip(prefers_gzip(request.headers().get("Accept-Encoding")))
    }

    /// Whether a body of that length is to be sent compressed.
    pub fn for_length(self, bytes: usize) -> bool {
        self.0 && bytes >= LENGTH_MIN
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for AcceptsGzip {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<AcceptsGzip, Infallible> {
        Outcome::Success(AcceptsGzip::of(request))
    }
}

/// Whether `Accept-Encoding` wants gzip at least as much as what is not compressed. A coding with the weight 0 is not
/// accepted; `*` stands for those that are not named.
pub(crate) fn prefers_gzip<'v>(values: impl Iterator<Item = &'v str>) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    for item in values.flat_map(|value| value.split(',')) {
        let mut parts = item.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        // What can't be read as a weight refuses the coding: to send it as it is, is never wrong.
        let weight = weight.map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0));
        match coding {
            _ if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") => gzip = Some(weight),
            _ if coding.eq_ignore_ascii_case("identity") => identity = Some(weight),
            "*" => any = Some(weight),
            _ => {}
        }
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    gzip > 0.0 && gzip >= identity.unwrap_or(0.0)
}

/// Compresses bytes.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("memory takes all that is written")
}

/// The bytes of a reply, and whether they are compressed.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    /// The bytes.
    pub bytes: Arc<[u8]>,
    /// Whether they are compressed with gzip.
    pub is_gzip: bool,
}

impl Encoded {
    /// A rendering of a view in the form that the client accepts. Each form is made once and kept with the view.
    pub fn kept(view: &View, key: RenderingKey, accepts: AcceptsGzip, render: impl FnOnce() -> Vec<u8>) -> Encoded {
        if let Some(kept) = Encoded::find(view, key, accepts) {
            return kept;
        }
        let bytes = view.kept(key, render);
        if !accepts.for_length(bytes.len()) {
            return Encoded { bytes, is_gzip: false };
        }
        Encoded { bytes: view.kept(key.compressed(), || gzip(&bytes)), is_gzip: true }
    }

    /// The rendering, if it is kept in that form already.
    pub fn find(view: &View, key: RenderingKey, accepts: AcceptsGzip) -> Option<Encoded> {
        if accepts.0
            && let Some(bytes) = view.find_kept(key.compressed())
        {
            return Some(Encoded { bytes, is_gzip: true });
        }
        let bytes = view.find_kept(key).filter(|bytes| !accepts.for_length(bytes.len()))?;
        Some(Encoded { bytes, is_gzip: false })
    }
}

/// Says of a reply that its body is compressed.
pub(crate) fn mark(response: &mut Response<'_>) {
    response.set_raw_header("Content-Encoding", "gzip");
}

/// Whether the reply to a request holds the token of a form.
#[derive(Debug, Clone, Default)]
pub(crate) struct HoldsToken(Arc<AtomicBool>);

impl HoldsToken {
    /// What is known of a request's reply so far.
    pub fn by(request: &Request<'_>) -> HoldsToken {
        request.local_cache(HoldsToken::default).clone()
    }

    /// Notes that the reply holds a token.
    pub fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for HoldsToken {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<HoldsToken, Infallible> {
        Outcome::Success(HoldsToken::by(request))
    }
}

/// Whether a body of that content type becomes shorter.
fn is_compressible(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match kind {
        "text/event-stream" => false,
        "application/json" | "application/jsonl" | "application/x-ndjson" | "image/svg+xml" => true,
        _ => kind.starts_with("text/"),
    }
}

/// Compresses the body of a reply if that is worth it and the client accepts it, and tells caches what it depends on.
pub(super) async fn complete(request: &Request<'_>, response: &mut Response<'_>) {
    if response.status() == Status::NotModified {
        vary::add(response, "Accept-Encoding");
        if AcceptsGzip::of(request).0 {
            weaken_tag(response);
        }
        return;
    }
    let is_compressible = headers::first(response.headers(), "Content-Type").is_some_and(is_compressible);
    if !is_compressible || HoldsToken::by(request).0.load(Ordering::Relaxed) {
        return;
    }
    let is_marked = |response: &Response<'_>| headers::first(response.headers(), "Content-Encoding").is_some();
    let is_done = is_marked(response);
    let length = response.body_mut().size().await;
    let is_long = is_done || length.map_or(response.body().is_some(), |length| length >= LENGTH_MIN);
    // What is read may be long at another time. Replies to changes are kept by nobody.
    if is_long || matches!(request.method(), Method::Get | Method::Head) {
        vary::add(response, "Accept-Encoding");
    }
    if is_long && !is_done && AcceptsGzip::of(request).0 {
        compress(response, length).await;
    }
    if is_marked(response) {
        weaken_tag(response);
    }
}

/// Compresses the body of a reply: all at once if its length is known, else as it comes.
async fn compress(response: &mut Response<'_>, length: Option<usize>) {
    let mut body = response.body_mut().take();
    let Some(length) = length else {
        response.set_streamed_body(CompressedStream::new(body));
        return mark(response);
    };
    let compressed = match body.to_bytes().await {
        Ok(bytes) if length > AT_ONCE_MAX => spawn_blocking(move || gzip(&bytes)).await.map_err(std::io::Error::other),
        Ok(bytes) => Ok(gzip(&bytes)),
        Err(error) => Err(error),
    };
    match compressed {
        Ok(compressed) => {
            set_body(response, compressed);
            mark(response);
        }
        Err(error) => {
            log::error!("the body of a reply can't be read: {error}");
            response.set_status(Status::InternalServerError);
        }
    }
}

/// Makes a strong tag weak: a compressed reply has other bytes than the plain one, and means the same.
fn weaken_tag(response: &mut Response<'_>) {
    if let Some(tag) = response.headers().get_one("ETag").filter(|tag| !tag.starts_with("W/")) {
        let weak = format!("W/{tag}");
        response.set_raw_header("ETag", weak);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_accept_it() {
        for (accept, wanted) in [
            ("gzip", true),
            ("GZIP", true),
            ("x-gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("br, *;q=0.1", true),
            ("*", true),
            ("gzip;q=0.001", true),
            ("gzip; q=0.5 , identity;q=0.5", true),
            ("identity;q=0, *", true),
            ("", false),
            ("identity", false),
            ("br", false),
            ("gzip;q=0", false),
            ("gzip;q=0.000", false),
            ("gzip;Q=0", false),
            ("gzip;q=0, *;q=1", false),
            ("*;q=0", false),
            ("gzip;q=x", false),
            ("gzip;q=0.5, identity", false),
            ("gzipped", false),
        ] {
            assert_eq!(prefers_gzip([accept].into_iter()), wanted, "{accept}");
        }
        assert!(prefers_gzip(["br", "gzip"].into_iter()));
        assert!(!prefers_gzip([].into_iter()));
    }

    #[test]
    fn kinds_that_become_shorter_are_known() {
        for kind in ["text/html; charset=utf-8", "application/json; charset=utf-8", "text/csv", "image/svg+xml"] {
            assert!(is_compressible(kind), "{kind}");
        }
        for kind in ["text/event-stream", "image/png", "application/gzip", ""] {
            assert!(!is_compressible(kind), "{kind}");
        }
    }
}
