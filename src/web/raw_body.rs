//! The body of a request as it came, byte by byte, for what is signed.

use rocket::data::{Data, FromData, Outcome};
use rocket::request::Request;

use super::body::read_body;
use super::error::{ApiError, BODY_BYTES_MAX};

/// A body as it came. Nothing of it has been looked at.
pub struct RawBody(pub Vec<u8>);

#[rocket::async_trait]
impl<'r> FromData<'r> for RawBody {
    type Error = ApiError;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, RawBody> {
        match read_body(request, data, BODY_BYTES_MAX).await {
            Ok(body) => Outcome::Success(RawBody(body)),
            Err(error) => error.refuse(request),
        }
    }
}
