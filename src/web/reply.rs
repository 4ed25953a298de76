//! What a reply of the API looks like.

use std::io::Cursor;
use std::marker::PhantomData;

use rocket::http::Status;
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use serde::Serialize;

use crate::actions::Answer;

/// The content type. Clients compare it letter by letter with what Discourse sends.
const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// A longer reply goes to the connection in pieces of this size.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// A reply of that status with the JSON of `body`.
pub fn json(status: Status, body: &impl Serialize) -> Response<'static> {
    raw_json(status, serde_json::to_vec(body).expect("plain data has a JSON form"))
}

/// A reply of that status with a body that is JSON already.
pub fn raw_json(status: Status, body: impl Body) -> Response<'static> {
    let mut response = Response::new();
    response.set_status(status);
    response.set_raw_header("Content-Type", CONTENT_TYPE);
    set_body(&mut response, body);
    response
}

/// Whether the client has the reply of that tag already.
pub fn is_known(request: &Request<'_>, tag: &str) -> bool {
    names_tag(request.headers().get("If-None-Match"), tag)
}

/// Whether `If-None-Match` names the tag, weak or not, or any tag.
pub fn names_tag<'v>(mut values: impl Iterator<Item = &'v str>, tag: &str) -> bool {
    values.any(|tags| {
        tags.split(',').map(str::trim).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
    })
}

/// Gives a reply its body. It is sent in one piece unless it is long. Rocket reserves memory for one piece; when that
/// is full, it reserves memory again, only to see that nothing follows. One byte more than the body needs avoids this.
pub fn set_body(response: &mut Response<'_>, body: impl Body) {
    let length = body.as_ref().len();
    response.set_max_chunk_size((length + 1).min(PIECE_BYTES_MAX));
    response.set_sized_body(length, Cursor::new(body));
}

/// Bytes that a reply can be made of.
pub trait Body: AsRef<[u8]> + Send + Unpin + 'static {}

impl<T: AsRef<[u8]> + Send + Unpin + 'static> Body for T {}

/// A successful reply with a body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<'r, T: Serialize> Responder<'r, 'static> for Json<T> {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(json(Status::Ok, &self.0))
    }
}

/// A successful reply whose body was made before.
#[derive(Debug)]
pub struct JsonBytes<T> {
    bytes: Vec<u8>,
    made_of: PhantomData<T>,
}

impl<T: Serialize> JsonBytes<T> {
    /// Makes the body.
    pub fn of(body: &T) -> JsonBytes<T> {
        let bytes = serde_json::to_vec(body).expect("plain data has a JSON form");
        JsonBytes { bytes, made_of: PhantomData }
    }
}

impl<'r, T> Responder<'r, 'static> for JsonBytes<T> {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(raw_json(Status::Ok, self.bytes))
    }
}

/// A successful reply to a change that has no data to return.
#[derive(Debug, Serialize)]
pub struct Success {
    success: &'static str,
}

/// `{"success":"OK"}`
pub const SUCCESS: Json<Success> = Json(Success { success: "OK" });

/// A reply with a link to the next page.
#[derive(Debug)]
pub struct Paged<T> {
    /// The reply.
    pub body: T,
    /// The next page, as a path with its query.
    pub next: Option<String>,
}

impl<'r, T: Serialize> Responder<'r, 'static> for Paged<T> {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = json(Status::Ok, &self.body);
        if let Some(next) = self.next {
            response.set_raw_header("Link", format!("<{next}>; rel=\"next\""));
        }
        Ok(response)
    }
}

/// A reply that says whether it was given before, under the same idempotency key.
#[derive(Debug)]
pub struct Replay<R> {
    /// The reply.
    pub reply: R,
    /// Whether it was given before.
    pub replayed: bool,
}

impl<R> Replay<R> {
    /// Makes the reply out of an answer.
    pub fn of<T>(answer: Answer<T>, reply: impl FnOnce(T) -> R) -> Replay<R> {
        Replay { reply: reply(answer.outcome), replayed: answer.replayed }
    }
}

impl<'r, R: Responder<'r, 'static>> Responder<'r, 'static> for Replay<R> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = self.reply.respond_to(request)?;
        if self.replayed {
            response.set_raw_header("Idempotent-Replayed", "true");
        }
        Ok(response)
    }
}
