//! `healthcheck`: whether the server of these settings is ready, as a container asks it.

use std::net::SocketAddr;

use super::{Failure, print};
use crate::config::Settings;
use crate::server;

/// Asks the server that listens on `address`.
pub fn run(settings: &Settings, address: SocketAddr) -> Result<(), Failure> {
    server::ask_ready(address, settings.tls_certificate.is_some()).map_err(Failure::Failed)?;
    print("ready\n")
}
