//! `/openapi.json`: the API as a document.

use std::sync::Arc;

use rocket::http::Status;
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::{State, get};

use crate::web::App;
use crate::web::document::Document;
use crate::web::reply;

/// The document, ready to be sent. It stays the same as long as the process runs.
pub struct OpenApi {
    document: Arc<Document>,
    base: String,
}

/// Shows the document. A path may end in `.json`, so this is `/openapi.json`.
#[get("/openapi")]
pub async fn show(document: &State<Arc<Document>>, app: &State<App>) -> OpenApi {
    OpenApi { document: Arc::clone(document), base: app.site.base.as_str().to_owned() }
}

/// The document's bytes, which every reply shares.
struct Bytes(Arc<Document>, String);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0.written(&self.1).bytes
    }
}

impl<'r> Responder<'r, 'static> for OpenApi {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let tag = self.document.written(&self.base).tag.clone();
        let mut response: Response<'static> = if reply::is_known(request, &tag) {
            Response::build().status(Status::NotModified).finalize()
        } else {
            reply::raw_json(Status::Ok, Bytes(self.document, self.base))
        };
        response.set_raw_header("Cache-Control", "public, max-age=300");
        response.set_raw_header("ETag", tag);
        Ok(response)
    }
}
