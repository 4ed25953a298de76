//! `/metrics`: what the server counts, for Prometheus.

use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::{State, get};

use crate::metrics::Text;
use crate::web::App;
use crate::web::error::ApiError;
use crate::web::metrics_reader::MayReadMetrics;
use crate::web::reply;

/// The text of the metrics.
#[derive(Debug)]
pub struct MetricsText(String);

/// Tells what was counted since the start, and how things are now.
#[get("/metrics")]
pub async fn show(_caller: MayReadMetrics, app: &State<App>) -> Result<MetricsText, ApiError> {
    let metrics = app.metrics.clone();
    // The disk is asked how full it is, which may take its time.
    let text = tokio::task::spawn_blocking(move || metrics.text());
    text.await.map(MetricsText).map_err(|_| ApiError::Internal)
}

impl<'r> Responder<'r, 'static> for MetricsText {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::new();
        response.set_raw_header("Content-Type", Text::CONTENT_TYPE);
        reply::set_body(&mut response, self.0);
        Ok(response)
    }
}
