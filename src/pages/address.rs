//! The address of this server as the client knows it, for commands that a page shows.

use std::convert::Infallible;

use rocket::request::{FromRequest, Outcome, Request};

use crate::web::{BasePath, Client};

/// `https://scores.example`, with the path under which a proxy shows it
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Address {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Address, Infallible> {
        // The host goes into a line for a shell, so it may hold only what a host and port are made of.
        let plain = |host: &String| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
        let host = request.headers().get_one("Host").map(str::to_owned).filter(plain);
        let scheme = if Client::of(request).is_secure { "https" } else { "http" };
        let base = request.rocket().state::<BasePath>().map(BasePath::as_str).unwrap_or_default();
        Outcome::Success(Address(format!("{scheme}://{}{base}", host.as_deref().unwrap_or("localhost:8000"))))
    }
}
