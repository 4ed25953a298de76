//! The trace that a request leaves: its id, who acted, its log line. Also what is made uniform in a request before it
//! is routed.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

use rocket::data::Data;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::uri::Origin;
use rocket::http::{Method, Status};
use rocket::request::Request;
use rocket::response::Response;

use super::base_path::{BasePath, with_path};
use super::figures::{Ended, Figures};
use super::headers;
use crate::domain::{Timestamp, Username};
use crate::logging::REQUEST_TARGET;

/// The longest request id that is kept, in bytes.
const REQUEST_ID_MAX: usize = 128;

/// How much of a path is logged at most, in bytes.
const LOGGED_PATH_MAX: usize = 1024;

/// What is logged of a request when it ends.
pub struct Trace {
    began: Instant,
    id: String,
    path: String,
    method: Method,
    username: OnceLock<String>,
    /// The name for programs of the error that it was answered with.
    error_type: OnceLock<&'static str>,
    /// Whether the request went through the fairing.
    is_tracked: AtomicBool,
}

impl Trace {
    /// The trace of this request, which begins with the first call.
    pub fn of<'r>(request: &'r Request<'_>) -> &'r Trace {
        request.local_cache(|| Trace {
            began: Instant::now(),
            id: headers::first(request.headers(), "X-Request-Id")
                .filter(|id| is_sane(id))
                .map_or_else(new_id, str::to_owned),
            path: request.uri().path().as_str().to_owned(),
            method: request.method(),
            username: OnceLock::new(),
            error_type: OnceLock::new(),
            is_tracked: AtomicBool::new(false),
        })
    }

    /// Notes who acts, for the log.
    pub fn acts_as(&self, username: &Username) {
        // A request has one caller, so a second guard would say the same.
        let _ = self.username.set(username.as_str().to_owned());
    }

    /// Notes with which error the request is answered.
    pub fn refused_as(&self, error_type: &'static str) {
        // The first is the reason; a page or a catcher only says it in another way.
        let _ = self.error_type.set(error_type);
    }

    /// Whether the path ends in `.json`: then JSON is wanted, whatever `Accept` says.
    pub fn names_json(&self) -> bool {
        self.path.strip_suffix('/').unwrap_or(&self.path).ends_with(".json")
    }

    /// Whether the request went through the fairing.
    pub fn is_tracked(&self) -> bool {
        self.is_tracked.load(Ordering::Relaxed)
    }

    /// Puts the id on the reply, counts the request, and writes its log line.
    pub fn end(&self, request: &Request<'_>, response: &mut Response<'_>) {
        response.set_raw_header("X-Request-Id", self.id.clone());
        let (status, took) = (response.status(), self.began.elapsed());
        if let Some(figures) = request.rocket().state::<Arc<Figures>>() {
            figures.count(&Ended {
                at: Timestamp::new(chrono::Utc::now()),
                method: self.method,
                pattern: request.route().map(|route| route.uri.path()),
                status,
                took,
                error_type: self.error_type.get().copied().unwrap_or_default(),
            });
        }
        log_request(self, status, took);
    }
}

/// Writes the log line of a request that can't be read, and returns the id that was made for it.
pub(super) fn log_unreadable(status: Status) -> String {
    let id = new_id();
    log::info!(target: REQUEST_TARGET, status = status.code, request_id = id.as_str(); "- - {} - - {id}", status.code);
    id
}

fn log_request(trace: &Trace, status: Status, duration: Duration) {
    let micros = duration.as_micros();
    let username = trace.username.get().map(String::as_str);
    let path = trace.path.get(..LOGGED_PATH_MAX).unwrap_or(&trace.path);
    log::info!(
        target: REQUEST_TARGET,
        method = trace.method.as_str(), path = path, status = status.code, duration_ms = micros as f64 / 1000.0,
        username = username, request_id = trace.id.as_str();
        "{} {path} {} {}.{:03} ms {} {}",
        trace.method.as_str(), status.code, micros / 1000, micros % 1000, username.unwrap_or("-"), trace.id,
    );
}

/// Whether a client may set this request id. It may hold what the ids of tracing systems hold, and nothing that could
/// break a log line.
pub(crate) fn is_sane(id: &str) -> bool {
    (1..=REQUEST_ID_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:/+=@-".contains(&byte))
}

/// A new id. Its count makes it unique within the process; its random part makes it unique between processes.
fn new_id() -> String {
    static PROCESS: LazyLock<String> = LazyLock::new(|| format!("{:016x}", getrandom::u64().unwrap_or_default()));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{:x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The fairing that begins and ends the trace of each request. It never refuses one.
pub struct TraceFairing;

#[rocket::async_trait]
impl Fairing for TraceFairing {
    fn info(&self) -> Info {
        Info { name: "Request trace", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let trace = Trace::of(request);
        trace.is_tracked.store(true, Ordering::Relaxed);
        // Rocket lets a form that begins with `_method=` change the method of a POST. The trace began before.
        let method = trace.method;
        request.set_method(method);
        let base = request.rocket().state::<BasePath>();
        if let Some(uri) = base.and_then(|base| plain(base, request.uri())) {
            request.set_uri(uri);
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        Trace::of(request).end(request, response);
    }
}

/// The path of Discourse's own plugin. Paths below it are other names for the paths below [`PLUGIN`].
const PLUGIN_OF_DISCOURSE: &str = "/admin/plugins/discourse-gamification";

/// The path under which scorekeeper has what Discourse's plugin has.
const PLUGIN: &str = "/admin/plugins/gamification";

/// The plain address of a request's resource, if the request has another one: below the path under which a proxy shows
/// the server, or by another name.
pub(super) fn plain(base: &BasePath, uri: &Origin<'_>) -> Option<Origin<'static>> {
    let below = base.strip(uri.path().as_str()).map(|path| with_path(uri, path));
    match below {
        Some(below) => same_resource(&below).or(Some(below)),
        None => same_resource(uri),
    }
}

/// The usual path of the resource, if a path is another name for it: one with `.json` or a slash at its end, or one
/// with the path of Discourse's own plugin.
fn same_resource(uri: &Origin<'_>) -> Option<Origin<'static>> {
    let path = uri.path().as_str();
    let slashless = path.strip_suffix('/').unwrap_or(path);
    let plain = slashless.strip_suffix(".json").unwrap_or(slashless);
    let below_plugin = plain.strip_prefix(PLUGIN_OF_DISCOURSE).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    if plain.is_empty() || (plain.len() == path.len() && below_plugin.is_none()) {
        return None;
    }
    let plain = below_plugin.map_or(Cow::Borrowed(plain), |rest| Cow::Owned(format!("{PLUGIN}{rest}")));
    Some(with_path(uri, &plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_name_the_same_resource() {
        for (path, plain) in [
            ("/a/b.json", Some("/a/b")),
            ("/a/b.json?c=d.json", Some("/a/b?c=d.json")),
            ("/a/b/", Some("/a/b")),
            ("/a/b/?c=d/", Some("/a/b?c=d/")),
            ("/a/b.json/", Some("/a/b")),
            ("/a/b", None),
            ("/a.json/b", None),
            ("/admin/plugins/discourse-gamification", Some("/admin/plugins/gamification")),
            ("/admin/plugins/discourse-gamification/a.json?b=c", Some("/admin/plugins/gamification/a?b=c")),
            ("/admin/plugins/discourse-gamifications", None),
            ("/admin/plugins/discourse-gamification-x/a", None),
            ("/", None),
        ] {
            let uri = Origin::parse(path).expect("a path");
            assert_eq!(same_resource(&uri).map(|uri| uri.to_string()).as_deref(), plain, "{path}");
        }
    }

    #[test]
    fn ids_are_kept_if_sane() {
        assert!(is_sane("0af7651916cd43dd8448eb211c80319c"));
        assert!(is_sane(&"x".repeat(128)));
        for bad in ["", "a b", "a\tb", "ä", "\"", &"x".repeat(129)] {
            assert!(!is_sane(bad), "{bad}");
        }
    }
}
