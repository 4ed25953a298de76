//! Who may keep a reply. This is decided in one place for every reply, so that no route can forget it.
//!
//! A route itself says how long its reply may be kept by anyone (a public leaderboard, a picture, a file of the pages).
//! Guards note whether a key was needed, or made a difference. When the reply is ready, both are put together here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rocket::request::Request;
use rocket::response::Response;

use super::headers;

/// Whether the reply to a request needs a key, or a session that was begun with one. If it does, others may not see it.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyNeeded(Arc<AtomicBool>);

impl KeyNeeded {
    /// What is known of a request so far.
    pub(super) fn by(request: &Request<'_>) -> KeyNeeded {
        request.local_cache(KeyNeeded::default).clone()
    }

    /// Notes that a key is needed.
    pub(super) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_noted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Adds the headers that tell caches and proxies how to treat a reply.
pub(super) fn complete(request: &Request<'_>, response: &mut Response<'_>) {
    let said = headers::first(response.headers(), "Cache-Control");
    let is_private = |said: &str| said.split(',').any(|said| matches!(said.trim(), "private" | "no-store"));
    if KeyNeeded::by(request).is_noted() {
        if !said.is_some_and(is_private) {
            response.set_raw_header("Cache-Control", "private, no-store");
        }
    } else if said.is_none() {
        response.set_raw_header("Cache-Control", "no-store");
    }
    // A proxy that collects a stream before it passes it on would hold back the messages.
    if headers::first(response.headers(), "Content-Type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
        response.set_raw_header("X-Accel-Buffering", "no");
    }
}
