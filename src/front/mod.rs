//! The front door: connections, from the moment they are accepted to their end. It speaks HTTP with the network, gives
//! each request to Rocket within the process, and sends back what Rocket answers.
//!
//! A client that is slow, silent or greedy holds one connection here and nothing else: each phase of a connection has
//! its own time (`slot`), their number is limited (`registry`), and so is the memory of all bodies that are being
//! received (`room`). Nothing here knows what a request is about.

mod body;
mod certificates;
mod connection;
mod descriptors;
mod figures;
mod http2;
mod listener;
mod metrics_listener;
mod opening;
mod protection;
pub(crate) mod proxies;
mod registry;
mod reply;
mod room;
mod service;
mod slot;
pub(crate) mod translation;
mod trusting;
mod watch;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use rocket::local::asynchronous::Client;
use rocket::{Orbit, Rocket};
use tokio::net::TcpListener;

pub use self::certificates::{CertificateError, Certificates, TlsFiles};
pub use self::figures::Figures;
pub use self::listener::bind;
pub use self::metrics_listener::serve_metrics;
pub use self::trusting::trusting_stream;

use self::proxies::TrustedProxies;
use self::registry::Registry;
use self::room::Room;

/// The longest head, in bytes; it also bounds what is kept of a body between the network and its reader.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What the operator decides about connections.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many connections may be open; fewer if the limit of descriptors leaves fewer.
    pub connections_max: usize,
    /// How long the phases of a connection may take.
    pub timeouts: Timeouts,
    /// The networks of the proxies that are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The certificate to speak TLS with; `None`: plain HTTP is spoken.
    pub certificates: Option<Arc<Certificates>>,
}

/// How long the phases of a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// A head, from its first byte.
    pub header: Duration,
    /// A whole body, from the end of the head.
    pub body: Duration,
    /// A connection on which nothing is asked.
    pub idle: Duration,
    /// A client that takes nothing of its reply.
    pub stall: Duration,
}

/// The door.
pub struct Front {
    client: Client,
    registry: Arc<Registry>,
    room: Room,
    proxies: TrustedProxies,
    certificates: Option<Arc<Certificates>>,
}

impl Front {
    /// A door before a Rocket that has been launched.
    pub fn new(client: Client, options: Options) -> Arc<Front> {
        let connections_max = descriptors::connections_max(options.connections_max);
        Arc::new(Front {
            client,
            registry: Arc::new(Registry::new(connections_max, options.timeouts)),
            room: Room::new(connections_max),
            proxies: TrustedProxies::new(&options.trusted_proxies),
            certificates: options.certificates,
        })
    }

    /// The Rocket behind the door.
    pub fn rocket(&self) -> &Rocket<Orbit> {
        self.client.rocket()
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.registry.open()
    }

    /// What has happened to connections so far.
    pub fn figures(&self) -> &Figures {
        self.registry.figures()
    }

    /// Accepts connections until `stop` is ready. Then what is in flight is answered, for as long as `grace`, and every
    /// other connection is closed.
    pub async fn serve(self: &Arc<Self>, listener: TcpListener, stop: impl Future<Output = ()>, grace: Duration) {
        tokio::select! {
            biased;
            () = stop => {}
            () = listener::accept(self, &listener) => {}
            () = self.registry.figures().log_by_the_minute() => {}
            () = self.follow_certificates() => {}
        }
        drop(listener);
        self.client.rocket().shutdown().notify();
        self.registry.stop(grace);
        // A client that never ends must not keep the server from ending.
        let _ = tokio::time::timeout(grace, self.registry.emptied()).await;
        self.registry.figures().log();
    }

    /// Takes up renewed certificates, for ever.
    async fn follow_certificates(&self) {
        match &self.certificates {
            Some(certificates) => certificates.follow().await,
            None => std::future::pending().await,
        }
    }
}
