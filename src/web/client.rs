//! Where a request comes from: the client's address, and whether it speaks TLS.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use rocket::request::{FromRequest, Outcome, Request};

use crate::domain::Sender;

/// The client of a request, as whoever accepted the connection knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The client's address. An IPv4 address that is written as IPv6 is given as IPv4.
    pub address: IpAddr,
    /// Whether the client speaks TLS, with this server or with a proxy that is believed.
    pub is_secure: bool,
    /// Whether somebody who is not believed says that the request is another's: it has `X-Forwarded-For` or `Forwarded`.
    /// Then the address may be that of a proxy, and not the client's.
    pub is_forwarded_by_stranger: bool,
}

impl Client {
    /// The client of a request. Whoever accepts connections puts it there before the request is routed
    /// ([`Client::put`]). Without that, as in a test that asks Rocket itself, it is the connection's peer.
    pub fn of(request: &Request<'_>) -> Client {
        *request.local_cache(|| Client {
            address: request.remote().map_or(Ipv4Addr::LOCALHOST.into(), |remote| remote.ip().to_canonical()),
            is_secure: false,
            is_forwarded_by_stranger: false,
        })
    }

    /// Where the request comes from, for those who know nothing of requests.
    pub fn sender(&self) -> Sender {
        Sender { address: self.address, is_certain: !self.is_forwarded_by_stranger }
    }

    /// Says who the client of a request is. It counts only if nobody has asked for the request's client before.
    pub fn put(self, request: &Request<'_>) {
        request.local_cache(|| self);
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Client {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Client, Infallible> {
        Outcome::Success(Client::of(request))
    }
}
