//! Puts the parts together and runs them, from the open file to the clean end.

mod healthcheck;
mod metrics;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::figment::Figment;
use rocket::local::asynchronous::Client;
use rocket::{Build, Orbit, Rocket};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::actions::{Actions, Actor, Refusal, Running};
use crate::api;
use crate::config::Settings;
use crate::domain::{Clock, PathPrefix, PlainKey};
use crate::front::{self, Certificates, Front, TlsFiles};
use crate::jobs::{self, Backups};
use crate::logging;
use crate::pages;
use crate::rollup::Rollup;
use crate::show::show;
use crate::standings::{People, Standings, StandingsOptions, Subscription};
use crate::store::{OpenMode, OpenOptions, Store, StoreError, WriterThread};
use crate::systemd;
use crate::web::{self, App, BasePath, Batches, Forum, Metrics, RequestLimit, Sessions, Site, StoredForms, WrongKeys};

pub use self::healthcheck::ask_ready;

use self::metrics::Sources;

/// Why the server could not start, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database can't be opened.
    #[error("database {0}: {1}")]
    Store(PathBuf, StoreError),
    /// The operating system refuses a thread, a signal or a socket.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The path of the settings begins like one of the server's own.
    #[error("setting base_path: \"{0}\" is not accepted; its first part is a path of the server itself")]
    BasePath(PathPrefix),
    /// The address can't be listened on.
    #[error("can't listen on {0}: {1}")]
    Bind(String, std::io::Error),
    /// TLS can't be spoken.
    #[error("setting {0}")]
    Tls(String),
    /// Rocket refuses to run.
    #[error("{0}")]
    Rocket(String),
}

/// Serves until SIGINT or SIGTERM; then answers what is in flight, commits what is queued and closes the file. At most
/// `group_max` writes share a transaction.
pub fn serve(settings: &Settings, figment: Figment, group_max: usize) -> Result<(), ServeError> {
    let config = rocket::Config::try_from(&figment).map_err(|error| ServeError::Rocket(error.to_string()))?;
    let certificates = certificates(settings)?;
    let rocket = pages::mount(api::mount(rocket::custom(figment)));
    let base = BasePath::new(settings.base_path.clone());
    base.learn(rocket.routes()).map_err(ServeError::BasePath)?;
    // With this name, Rocket does not warn that the runtime is not its own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.workers)
        .max_blocking_threads(config.max_blocking)
        .thread_name("rocket-worker-thread")
        .enable_all()
        .build()?;
    // This comes before anything else, so that no signal ends the process unnoticed.
    let (signals, mut hangup) = {
        let _context = runtime.enter();
        ([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?], signal(SignalKind::hangup())?)
    };
    runtime.spawn(async move {
        while hangup.recv().await.is_some() {
            systemd::reloading(logging::reopen);
        }
    });
    let began = Instant::now();
    let clock = Clock::system(settings.time_zone);
    let subscription = Subscription::new();
    let fault = |error| ServeError::Store(settings.database.clone(), error);
    let (store, writer) = open(settings, group_max, &subscription, &clock).map_err(fault)?;
    let (standings, standings_thread) = Standings::start(
        subscription,
        &store,
        StandingsOptions {
            clock: clock.clone(),
            ranking: settings.ranking,
            every: settings.standings_every,
            bytes_max: (settings.standings_memory as usize).saturating_mul(1 << 20),
        },
    )
    .map_err(fault)?;
    let (rollup, rollup_thread) = match writer {
        Some(_) => Rollup::start(store.clone(), clock.clone()).map(|(rollup, thread)| (rollup, Some(thread)))?,
        None => (Rollup::without_thread(store.clone(), clock.clone()), None),
    };
    let actions = Actions::new(store.clone(), clock.clone())
        .beside(Running { standings: standings.clone(), rollup: rollup.clone() })
        .with_configured_key(settings.api_key.as_ref().map(PlainKey::digest))
        .with_recalculations_per_day(settings.recalculations_per_day);
    let actions = Arc::new(actions);
    let start_jobs = |_: &WriterThread| {
        let alive = store.register_thread("jobs");
        jobs::start(Arc::clone(&actions), store.clone(), rollup.clone(), settings.schedule(), alive)
    };
    let jobs = writer.as_ref().map(start_jobs).transpose()?;
    let start_backups = |plan| {
        let alive = store.register_thread("backups");
        Backups::start(settings.database.clone(), plan, clock.clone(), alive)
    };
    let plan = settings.backup_plan().filter(|_| writer.is_some());
    let (backups, backups_thread) = plan.map(start_backups).transpose()?.unzip();
    let wrong_keys = Arc::new(WrongKeys::new(settings.failed_keys_per_minute));
    runtime.spawn(WrongKeys::watch(Arc::clone(&wrong_keys)));
    let app = App {
        actions,
        store: store.clone(),
        started_at: clock.now(),
        clock,
        rollup,
        people: People::new(store.clone(), standings.clone()),
        standings,
        recent_days: settings.recent_days,
        sessions: Sessions::new().map_err(std::io::Error::from)?,
        stored_forms: StoredForms::default(),
        requests: RequestLimit::new(settings.requests_per_minute),
        wrong_keys: Arc::clone(&wrong_keys),
        batches: Batches::default(),
        public: settings.public,
        public_descriptions: settings.public_descriptions,
        figures: Arc::default(),
        live: Arc::default(),
        backups,
        metrics: Metrics::new(settings.metrics_address.is_some()),
        forum: Forum::new(settings.discourse_secret.clone()),
        site: Site { origins: settings.origins.clone().unwrap_or_default(), base: base.clone() },
    };
    let rocket = web::mount(rocket, app);
    let end = runtime.block_on(launch(rocket, settings, certificates, signals, began));
    if let Some(backups) = backups_thread {
        backups.stop();
    }
    if let Some(rollup) = rollup_thread {
        rollup.stop();
    }
    if let Some(jobs) = jobs {
        jobs.stop();
    }
    standings_thread.stop();
    if let Some(writer) = writer {
        writer.stop();
    }
    runtime.shutdown_background();
    wrong_keys.tell_rest();
    if end.is_ok() {
        log::info!("stopped");
    }
    end
}

/// Opens the file that is served. There is no thread that writes if something else keeps the file current.
fn open(
    settings: &Settings,
    group_max: usize,
    subscription: &Subscription,
    clock: &Clock,
) -> Result<(Store, Option<WriterThread>), StoreError> {
    if let Some(address) = &settings.read_only_from {
        return Ok((Store::follow(&settings.database, address.clone())?, None));
    }
    let options = OpenOptions {
        group_max,
        subscribers: vec![subscription.subscriber()],
        backup_before_migration: settings.backup_before_migration,
        ..OpenOptions::new(OpenMode::Serve, clock.clone())
    };
    Store::open(&settings.database, options).map(|(store, writer)| (store, Some(writer)))
}

/// Listens, and serves until a signal.
async fn launch(
    rocket: Rocket<Build>,
    settings: &Settings,
    certificates: Option<Arc<Certificates>>,
    signals: [Signal; 2],
    began: Instant,
) -> Result<(), ServeError> {
    let rocket = rocket.ignite().await.map_err(|error| ServeError::Rocket(error.kind().to_string()))?;
    let (config, grace) = (rocket.config(), Duration::from_secs(rocket.config().shutdown.grace.into()));
    let address = SocketAddr::new(config.address, config.port);
    let bound = |error| ServeError::Bind(address.to_string(), error);
    let listener = front::bind(address).map_err(bound)?;
    let address = listener.local_addr().map_err(bound)?;
    let client = Client::untracked(rocket).await.map_err(|error| ServeError::Rocket(error.kind().to_string()))?;
    let metrics_listener = settings.metrics_address.map(metrics_listener).transpose()?;
    announce(client.rocket(), address, settings).await;
    let front = Front::new(client, front_options(settings, certificates));
    let Some(app) = front.rocket().state::<App>() else { return Ok(()) };
    let store = app.store.clone();
    systemd::ready();
    let watch = tokio::spawn(systemd::watch(store.clone()));
    let metrics = metrics_of(app, &front, began);
    let stop = async {
        let [mut terminate, mut interrupt] = signals;
        tokio::select! {
            _ = terminate.recv() => log::info!("SIGTERM: finishing what is in flight"),
            _ = interrupt.recv() => log::info!("SIGINT: finishing what is in flight"),
        }
        systemd::stopping();
        store.expect_end();
    };
    let text = metrics.clone();
    let collector = metrics_listener.map(|listener| tokio::spawn(front::serve_metrics(listener, move || text.text())));
    front.serve(listener, stop, grace).await;
    watch.abort();
    if let Some(collector) = collector {
        collector.abort();
    }
    metrics.forget();
    Ok(())
}

/// Listens where the metrics are served without a key.
fn metrics_listener(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let bound = |error| ServeError::Bind(address.to_string(), error);
    let listener = front::bind(address).map_err(bound)?;
    log::info!("metrics are on http://{}/metrics", listener.local_addr().map_err(bound)?);
    Ok(listener)
}

/// Puts together what the metrics are made of.
fn metrics_of(app: &App, front: &Arc<Front>, began: Instant) -> Metrics {
    app.figures.learn(front.rocket());
    let sources = Sources {
        store: app.store.clone(),
        actions: Arc::clone(&app.actions),
        rollup: app.rollup.clone(),
        standings: app.standings.clone(),
        requests: Arc::clone(&app.figures),
        wrong_keys: Arc::clone(&app.wrong_keys),
        live: Arc::clone(&app.live),
        backups: app.backups.clone(),
        front: Arc::clone(front),
        began,
    };
    app.metrics.set(move || sources.text());
    app.metrics.clone()
}

/// Says where the server listens. If it has to make the first key, it shows that before.
async fn announce(rocket: &Rocket<Orbit>, address: SocketAddr, settings: &Settings) {
    let scheme = if settings.tls_certificate.is_some() { "https" } else { "http" };
    let url = |ip: IpAddr| format!("{scheme}://{}", SocketAddr::new(ip, address.port()));
    // Nobody can connect to the address that stands for all addresses of the machine.
    let reachable = if address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address.ip() };
    if let Some(address) = &settings.read_only_from {
        log::info!("{} is only read; changes are made at {address}", settings.database.display());
    } else if let Err(error) = make_first_key(rocket, &url(reachable)).await {
        log::error!("no first API key could be made: {error}; make one with: scorekeeper keys create");
    }
    let (version, url) = (env!("CARGO_PKG_VERSION"), url(address.ip()));
    log::info!("scorekeeper {version} listening on {url} with database {}", settings.database.display());
}

/// The certificate that the settings name, if they do.
fn certificates(settings: &Settings) -> Result<Option<Arc<Certificates>>, ServeError> {
    let files = match (&settings.tls_certificate, &settings.tls_key) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => TlsFiles { certificate: certificate.clone(), key: key.clone() },
        (Some(_), None) => return Err(ServeError::Tls("tls_certificate needs tls_key beside it".to_owned())),
        (None, Some(_)) => return Err(ServeError::Tls("tls_key needs tls_certificate beside it".to_owned())),
    };
    let certificates = Certificates::read(files);
    let wrong = |error| ServeError::Tls(format!("tls_certificate or tls_key: {error}"));
    certificates.map(Arc::new).map(Some).map_err(wrong)
}

/// What the settings say of connections.
fn front_options(settings: &Settings, certificates: Option<Arc<Certificates>>) -> front::Options {
    front::Options {
        connections_max: settings.max_connections as usize,
        timeouts: front::Timeouts {
            header: settings.header_timeout,
            body: settings.body_timeout,
            idle: settings.idle_timeout,
            stall: settings.stall_timeout,
        },
        trusted_proxies: settings.trusted_proxies.clone().unwrap_or_default(),
        certificates,
    }
}

/// Makes and shows an all-users key if there is neither a stored nor a configured one. The key goes only to stderr and
/// not through the log, so that it is in no log file.
async fn make_first_key(rocket: &Rocket<Orbit>, url: &str) -> Result<(), Refusal> {
    let Some(app) = rocket.state::<App>() else { return Ok(()) };
    let url = format!("{url}{}", app.site.base.as_str());
    // The writer shows the key, so what it must not do is wait for lines that were logged before.
    log::logger().flush();
    let print = move |plain: &PlainKey| {
        let key = plain.reveal();
        let text = format!(
            "\nNo API key is stored, so here is one for all users. It is shown this once:\n\n    {key}\n\n\
             This lists the events and changes nothing:\n\n    \
             curl '{url}/admin/plugins/gamification/score_events' \\\n      \
             -H 'Api-Key: {key}' -H 'Api-Username: system'\n\n"
        );
        show(&std::io::stderr(), &text)
    };
    let actor = Actor::of_command_line("system".parse().expect("a username that fits"));
    app.actions.create_first_key(&actor, "made at the first start", print).await
}
