//! The front door: connections, from the moment they are accepted to their end. It speaks HTTP with the network, gives
//! each request to Rocket within the process, and sends back what Rocket answers.
//!
//! A client that is slow, silent or greedy holds one connection here and nothing else: each phase of a connection has
//! its own time (`slot`), their number is limited (`registry`), and so is the memory of all bodies that are being
//! received (`room`). Nothing here knows what a request is about.

mod body;
mod connection;
mod descriptors;
mod figures;
mod listener;
mod proxies;
mod registry;
mod reply;
mod room;
mod service;
mod slot;
mod translation;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use rocket::local::asynchronous::Client;
use tokio::net::TcpListener;

pub use self::figures::Figures;
pub use self::listener::bind;

use self::proxies::TrustedProxies;
use self::registry::Registry;
use self::room::Room;

/// What the operator decides about connections.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many connections may be open; fewer if the limit of descriptors leaves fewer.
    pub connections_max: usize,
    /// How long the phases of a connection may take.
    pub timeouts: Timeouts,
    /// The networks of the proxies that are believed.
    pub trusted_proxies: Vec<IpNet>,
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
}

impl Front {
    /// A door before a Rocket that has been launched.
    pub fn new(client: Client, options: &Options) -> Arc<Front> {
        let connections_max = descriptors::connections_max(options.connections_max);
        Arc::new(Front {
            client,
            registry: Arc::new(Registry::new(connections_max, options.timeouts)),
            room: Room::new(connections_max),
            proxies: TrustedProxies::new(&options.trusted_proxies),
        })
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
        }
        drop(listener);
        self.client.rocket().shutdown().notify();
        self.registry.stop(grace);
        // A client that never ends must not keep the server from ending.
        let _ = tokio::time::timeout(grace, self.registry.emptied()).await;
        self.registry.figures().log();
    }
}
