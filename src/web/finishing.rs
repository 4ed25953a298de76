//! What every reply gets when it is ready: what it says to caches and to pages of other sites, and its compression.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::request::Request;
use rocket::response::Response;

use super::base_path::BasePath;
use super::{caching, compression, cross_origin};

/// The fairing that finishes replies. It comes before the one that ends the trace, so that the log tells the whole time.
pub(super) struct FinishFairing;

#[rocket::async_trait]
impl Fairing for FinishFairing {
    fn info(&self) -> Info {
        Info { name: "Finish replies", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if let Some(base) = request.rocket().state::<BasePath>() {
            base.complete(response);
        }
        caching::complete(request, response);
        cross_origin::complete(request, response);
        compression::complete(request, response).await;
    }
}
