//! A listener for the metrics alone, which asks for no key: for an address that only the collector reaches.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::metrics::Text;

/// How many connections are served at once. There are few collectors.
const CONNECTIONS_MAX: usize = 16;

/// The longest that a connection may last. Each is for one request.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);

/// How long to wait before accepting again after the operating system has refused.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves a text under `/metrics`, for ever.
pub async fn serve_metrics(listener: TcpListener, text: impl Fn() -> String + Clone + Send + Sync + 'static) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Whoever finds all places taken hears nothing, and its collector tries again.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let text = text.clone();
        tokio::spawn(async move {
            let _place = place;
            let service = service_fn(move |request| answer(request, text.clone()));
            let connection = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);
            // A client that is slow or breaks off gets no more.
            let _ = tokio::time::timeout(CONNECTION_LIMIT, connection).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    text: impl Fn() -> String + Send + 'static,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    } else if let Ok(text) = tokio::task::spawn_blocking(text).await {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Text::CONTENT_TYPE));
        *response.body_mut() = Full::new(Bytes::from(text));
    } else {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    Ok(response)
}
