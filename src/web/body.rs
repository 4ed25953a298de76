//! The body of a request. It is read whole, up to a limit, and read as what its content type or its content says it is.

use multer::Multipart;
use rocket::data::{Data, FromData, Outcome, ToByteUnit};
use rocket::http::{ContentType, Method};
use rocket::request::Request;
use rocket::tokio::io::AsyncReadExt;
use serde::de::Error;

use super::error::{ApiError, BODY_BYTES_MAX};
use super::headers;
use super::json_object;
use super::parameters::Parameters;
use super::refused_body;

/// The error of a body that has to be a JSON object and is none.
const NO_JSON: ApiError = ApiError::invalid("body", "a JSON object");

/// Some programs put this before JSON, though they should not.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

#[rocket::async_trait]
impl<'r> FromData<'r> for Parameters {
    type Error = ApiError;

    /// The parameters of the query and of the body. If a name is in both, the body wins. A GET has only the parameters
    /// of its query, since what a cache keeps for an address must not depend on a body.
    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Parameters> {
        match read(request, data).await {
            Ok(parameters) => Outcome::Success(parameters),
            Err(error) => error.refuse(request),
        }
    }
}

async fn read(request: &Request<'_>, data: Data<'_>) -> Result<Parameters, ApiError> {
    let parameters = of_query(request)?;
    if matches!(request.method(), Method::Get | Method::Head) {
        return Ok(parameters);
    }
    let body = read_body(request, data, BODY_BYTES_MAX).await?;
    let kind = request.content_type();
    let named = kind.is_some() || request.headers().contains("Content-Type");
    parameters.overlaid(of_body(kind, named, &body).await?)
}

fn of_query(request: &Request<'_>) -> Result<Parameters, ApiError> {
    let query = request.uri().query().map_or("", |query| query.raw().as_str());
    Parameters::of_form(query.as_bytes())
}

/// Reads the whole body. Whoever accepts connections has refused a body that is too long before, and read it on so that
/// its sender sees the refusal.
pub(super) async fn read_body(request: &Request<'_>, data: Data<'_>, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
    refused_body::received(request)?;
    let length = headers::first(request.headers(), "Content-Length").and_then(|length| length.parse().ok());
    // With one byte more than the body has, the read that finds its end takes no memory.
    let mut body = Vec::with_capacity(length.unwrap_or(0).min(bytes_max) + 1);
    let mut data = data.open((bytes_max + 1).bytes());
    while data.read_buf(&mut body).await.map_err(|_| ApiError::unreadable_body())? > 0 {}
    if body.len() > bytes_max { Err(ApiError::PayloadTooLarge { bytes_max }) } else { Ok(body) }
}

fn is_json(kind: &ContentType) -> bool {
    kind.is_json() || kind.sub().as_str().to_ascii_lowercase().ends_with("+json")
}

/// The parameters of a body. `named` says that a content type was sent, even one that can't be read.
async fn of_body(kind: Option<&ContentType>, named: bool, body: &[u8]) -> Result<Parameters, ApiError> {
    if body.is_empty() {
        return Ok(Parameters::default());
    }
    match kind {
        Some(kind) if is_json(kind) => of_json(body).unwrap_or(Err(ApiError::unreadable_body())),
        Some(kind) if kind.is_form_data() => of_multipart(kind, body).await,
        Some(kind) if !kind.is_form() => Err(ApiError::unreadable_body()),
        None if named => Err(ApiError::unreadable_body()),
        // curl says that whatever follows -d is a form. But a body that can be read as a JSON object is not a form.
        _ => of_json(body).unwrap_or_else(|_| Parameters::of_form(body)),
    }
}

/// The parameters of a JSON object; see [`json_object::read`].
fn of_json(body: &[u8]) -> serde_json::Result<Result<Parameters, ApiError>> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    json_object::read(std::str::from_utf8(body).map_err(Error::custom)?)
}

/// The parameters of a body that has to be a JSON object.
pub(super) fn of_json_alone(body: &[u8]) -> Result<Parameters, ApiError> {
    of_json(body).unwrap_or(Err(NO_JSON))
}

/// The parameters of the query, and the whole body of a request that takes JSON alone. A body that is called a form is
/// let through, since curl says so of all that follows `-d`.
pub(super) async fn read_json(
    request: &Request<'_>,
    data: Data<'_>,
    bytes_max: usize,
) -> Result<(Parameters, Vec<u8>), ApiError> {
    let query = of_query(request)?;
    let body = read_body(request, data, bytes_max).await?;
    match request.content_type() {
        Some(kind) if is_json(kind) || kind.is_form() => Ok((query, body)),
        None if !request.headers().contains("Content-Type") => Ok((query, body)),
        _ => Err(NO_JSON),
    }
}

/// The parameters of a form in parts, as `curl -F` sends it. A part that is a file is a parameter that can't be read.
async fn of_multipart(kind: &ContentType, body: &[u8]) -> Result<Parameters, ApiError> {
    let broken = |_| ApiError::unreadable_body();
    let boundary = multer::parse_boundary(kind.to_string()).map_err(broken)?;
    let mut parts = Multipart::with_reader(body, boundary);
    let mut parameters = Parameters::default();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().ok_or(ApiError::unreadable_body())?.to_owned();
        let is_file = part.file_name().is_some();
        let value = part.bytes().await.map_err(broken)?;
        if is_file {
            parameters.add_file(name, value.into())?;
        } else {
            parameters.add_text(name, String::from_utf8(value.into()).ok())?;
        }
    }
    Ok(parameters)
}
