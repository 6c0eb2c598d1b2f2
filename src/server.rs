//! Puts the parts together, listens, and takes them down again.
//!
//! 1. [`open`] makes the folder and the instance secret if need be, opens the database, runs its migrations and checks
//!    that secret and database belong together.
//! 2. [`start`] builds the state, binds the port and starts workers and background threads.
//! 3. [`Running::stop`] says that it is not ready, lets running requests finish, then writes what is still in memory.

mod database;
mod error;
mod housekeeping;
mod mail;
mod moving;
mod policy;
mod providers;
mod secret_file;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::cookie::Key;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use crossbeam_channel::Sender;

use crate::clock::{NeverBack, SharedClock};
use crate::config::{Config, bad};
use crate::crypto::password;
use crate::crypto::random::system_rng;
use crate::domain::api_keys::policy::KeyPolicy;
use crate::domain::audit::chain::take_on_head;
use crate::domain::housekeeping::LastRound;
use crate::domain::instance::{InstanceError, check_unused, take_on_secrets};
use crate::domain::integrations::ProviderClient;
use crate::domain::mail::Outbox;
use crate::domain::mail::postman::PostmanThread;
use crate::domain::registry::tickets::ending::TicketLives;
use crate::domain::registry::tickets::preparer::{Preparer, PreparerThread};
use crate::domain::registry::tickets::preparing::Preparing;
use crate::domain::security::passkeys::RelyingParty;
use crate::domain::security::password::PasswordWorker;
use crate::domain::usage::recorder::{Recorder, Writer};
use crate::domain::usage::retention::Retention;
use crate::domain::verification::Verifier;
use crate::domain::verification::engine::{Engine, EngineThread};
use crate::domain::verification::figures::Figures;
use crate::domain::verification::gatherer::Gatherer;
use crate::domain::verification::limits::{Limits, RateLimiter};
use crate::domain::verification::moves::Moves;
use crate::outbound::leak_keys::LeakKeys;
use crate::outbound::redis::Redis;
use crate::outbound::tls;
use crate::store::{Pool, StoreError, migrations};
use crate::web::extract::forwarded::TrustedProxies;
use crate::web::mail::Stationery;
use crate::web::middleware::RequestIds;
use crate::web::middleware::moved_cookies::{CookieKeys, moved_cookies};
use crate::web::proxy::CallDesk;
use crate::web::state::{AppState, Draining, Site, Worker};

use housekeeping::Keeping;
use secret_file::instance_secrets;

pub use database::{check_writable, database_url, is_missing, migrate, open_database};
pub use error::{StartError, chain};
pub use mail::{check_mail, mail_transport};
pub use policy::key_policy;
pub use providers::{Providers, providers};
pub use secret_file::{existing_instance_secrets, secret_file};

/// What both the server and the commands need.
#[derive(Clone)]
pub struct Opened {
    /// The database, with all migrations.
    pub pool: Pool,
    /// The operator's rules for keys.
    pub policy: Arc<KeyPolicy>,
}

/// Opens the database of this configuration, migrates it, and checks the instance secret against it.
///
/// # Errors
/// Whatever keeps keyport from starting; the message says what to do.
pub fn open(config: &Config, clock: &SharedClock) -> Result<Opened, StartError> {
    // Settings first: a bad one stops the start before anything is made.
    let policy = key_policy(config)?;
    database_url(config).map(drop)?;
    redis(config).map(drop)?;
    leak_keys(config).map(drop)?;
    providers(config).map(drop)?;
    mail_transport(config).map(drop)?;
    existing_instance_secrets(config).map(drop)?;
    let pool = open_database(config)?;
    migrate(&pool)?;
    let now = clock.now();
    check_writable(&pool)?;
    let policy = policy(instance_secrets(config, &pool)?);
    pool.write_now(|db| {
        take_on_secrets(db, now, &policy.secrets)?;
        take_on_head(db, policy.secrets.audit_keys())?;
        Ok::<_, InstanceError>(())
    })?;
    Ok(Opened {
        pool,
        policy: Arc::new(policy),
    })
}

/// [`open`] for what only reads: it makes no instance secret.
///
/// # Errors
/// As [`open`], and if there is no instance secret.
pub fn open_to_read(config: &Config, clock: &SharedClock) -> Result<Opened, StartError> {
    if existing_instance_secrets(config)?.is_none() {
        let url = database_url(config)?;
        if !is_missing(&url) {
            let pool = open_database(config)?;
            let applied: Result<_, StoreError> = pool.read_now(migrations::applied);
            if !applied.map_err(InstanceError::from)?.is_empty() {
                migrate(&pool)?;
                pool.read_now(check_unused)?;
            }
        }
        return Err(StartError::NothingYet(url.to_string()));
    }
    open(config, clock)
}

/// Where the settings say that rate limits are counted; `None` for in this process. Connects to nothing.
///
/// # Errors
/// If the URL is bad.
pub fn redis(config: &Config) -> Result<Option<Redis>, StartError> {
    match config.redis_url.as_ref().map(Redis::new).transpose() {
        Ok(redis) => Ok(redis),
        Err(problem) => Ok(bad("redis_url", problem.to_string())?),
    }
}

/// How the settings say that GitHub's reports are checked; `None` if they are not taken. Fetches nothing.
///
/// # Errors
/// If a setting is bad.
pub fn leak_keys(config: &Config) -> Result<Option<LeakKeys>, StartError> {
    let leaks = &config.leaks;
    match (&leaks.github_keys_url, leaks.github_keys.as_slice()) {
        (None, []) => Ok(None),
        (Some(url), []) => match LeakKeys::fetched(url) {
            Ok(keys) => Ok(Some(keys)),
            Err(problem) => Ok(bad("leaks.github_keys_url", problem.to_string())?),
        },
        (None, keys) => match LeakKeys::fixed(keys) {
            Ok(keys) => Ok(Some(keys)),
            Err(problem) => Ok(bad("leaks.github_keys", problem.to_string())?),
        },
        (Some(_), _) => Ok(bad(
            "leaks.github_keys",
            "the keys are in the settings, or fetched with leaks.github_keys_url: not both",
        )?),
    }
}

/// A server that accepts requests.
pub struct Running {
    /// Pages and API.
    pub portal: Listener,
    /// The metrics, if they have an address.
    pub metrics: Option<Listener>,
    /// Its parts, for tests that look inside.
    pub state: AppState,
    drain: Duration,
    engine: EngineThread,
    writer: Writer,
    mail: Option<PostmanThread>,
    reports: Option<PreparerThread>,
    housekeeping: (Sender<()>, JoinHandle<()>),
    /// Only while there are older secrets than the current one.
    mover: Option<(Sender<()>, JoinHandle<()>)>,
}

/// An address that is served.
pub struct Listener {
    /// Where it listens; the port is known even if 0 was asked for.
    pub address: SocketAddr,
    handle: ServerHandle,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Listener {
    fn start(address: SocketAddr, server: Server) -> Self {
        Self {
            address,
            handle: server.handle(),
            serving: actix_web::rt::spawn(server),
        }
    }

    /// Stops accepting and lets running requests finish.
    async fn stop(self) {
        self.handle.stop(true).await;
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the server ended badly");
        }
    }
}

/// Starts a server on the present actix runtime.
///
/// # Errors
/// Whatever keeps keyport from starting.
pub async fn start(config: &Config, clock: SharedClock) -> Result<Running, StartError> {
    tls::choose_provider();
    let Opened { pool, policy } = open(config, &clock)?;
    let outbox = Outbox::new(policy.secrets.clone());
    let (recorder, writer) = Recorder::start(pool.clone(), outbox.clone(), config.usage.log)
        .map_err(StartError::Thread)?;
    let moves = Moves::default();
    let (engine, engine_thread) = Engine::start(pool.url().clone(), policy.clone(), moves.clone())
        .map_err(StartError::Thread)?;
    let last_round = LastRound::default();
    let housekeeping = housekeeping::start(
        pool.clone(),
        outbox.clone(),
        clock.clone(),
        last_round.clone(),
        Keeping {
            tickets: TicketLives {
                link_request: config.registry.link_ticket,
                report: config.registry.report,
            },
            usage: Retention {
                details: config.usage.keep_details,
                minutes: config.usage.keep_minutes,
            },
            audit: config.audit.keep,
            audit_keys: policy.secrets.audit_keys().clone(),
            editions: config.registry.edition,
        },
    )?;
    let secrets = policy.secrets.clone();
    let mover = (secrets.ids().count() > 1)
        .then(|| moving::start(pool.clone(), moves.clone(), secrets.clone(), outbox.clone()))
        .transpose()?;
    let Providers { catalog, connector } = providers(config)?;
    let transport = mail_transport(config)?;
    let site = Arc::new(Site {
        public_url: config.public_url.clone(),
        sign_up: config.sign_up,
        security_contact: config.security_contact.clone(),
        mail_way: transport.as_ref().map(ToString::to_string),
        has_mail: transport.is_some(),
    });
    let stationery = Arc::new(Stationery::new(site.clone(), secrets.clone()));
    let mail = transport
        .map(|transport| mail::start(transport, &pool, &outbox, &clock, stationery.clone()))
        .transpose()?;
    let (postman, mail) = mail.unzip();
    let (preparer, reports) = (config.registry.enabled)
        .then(|| {
            Preparer::start(Preparing {
                pool: pool.clone(),
                outbox: outbox.clone(),
                clock: clock.clone(),
            })
        })
        .transpose()
        .map_err(StartError::Thread)?
        .unzip();
    let state = AppState {
        pool,
        outbox,
        preparer,
        stationery,
        postman,
        clock,
        request_ids: RequestIds::new(&mut system_rng()),
        form_key: secrets.form_token_key(),
        cookie_keys: CookieKeys(
            (secrets.session_cookie_keys().iter())
                .map(|key| Key::from(key.as_slice()))
                .collect(),
        ),
        leak_keys: leak_keys(config)?.map(Arc::new),
        catalog,
        connector,
        policy,
        moves,
        passwords: PasswordWorker::new(config.workers),
        passkeys: RelyingParty::new(&config.public_url),
        engine,
        figures: Figures::default(),
        limits: Arc::new(Limits::new(redis(config)?)),
        recorder,
        site,
        proxies: TrustedProxies::new(&config.trusted_proxies),
        query_keys: config.query_keys,
        config: Arc::new(config.clone()),
        housekeeping: last_round,
        bulk_files: Arc::default(),
        draining: Draining::default(),
    };
    let shared = web::Data::new(state.clone());
    // One for all workers: a key that one of them has seen expire stays expired.
    let verdict_clock: SharedClock = Arc::new(NeverBack::new(shared.clock.clone()));
    let server = HttpServer::new(move || {
        // Runs once on each worker: the verifier gathers the questions of its own event loop.
        let figures = shared.figures.for_worker();
        let worker = Worker {
            verifier: Verifier::new(
                Gatherer::new(shared.engine.clone(), figures.clone()),
                shared.policy.clone(),
                RateLimiter::new(shared.limits.clone()),
                verdict_clock.clone(),
            ),
            recorder: shared.recorder.for_worker(),
            figures,
            provider_client: ProviderClient::new(shared.connector.clone()),
            desk: CallDesk::new(shared.config.proxy),
        };
        App::new()
            .app_data(shared.clone())
            .app_data(worker)
            .service(crate::web::forward_auth::resource())
            .service(crate::web::proxy::scope())
            .service(
                web::scope("")
                    .configure(crate::web::routes::routes)
                    .wrap(crate::web::session_store::layer(&shared, &secrets))
                    .wrap(from_fn(moved_cookies))
                    .wrap(from_fn(crate::web::middleware::envelope)),
            )
    })
    // Whoever closes the connection wants no answer any more: a call of a provider is then ended, too.
    .h1_allow_half_closed(false)
    .workers(config.workers)
    .shutdown_timeout(30)
    .disable_signals()
    .bind(config.bind)
    .map_err(cannot_listen("KEYPORT_BIND", config.bind))?;
    let address = server.addrs().first().copied().unwrap_or(config.bind);
    // Nothing is served before both addresses are known to be free.
    let metrics = (config.metrics_bind)
        .map(|bind| serve_metrics(state.clone(), bind))
        .transpose()?;
    // The stand-in for unknown accounts is made now, not at somebody's first sign-in.
    let prepared = std::thread::Builder::new().name("password".to_owned());
    prepared
        .spawn(password::prepare)
        .map_err(StartError::Thread)?;
    Ok(Running {
        portal: Listener::start(address, server.run()),
        metrics,
        state,
        drain: config.drain,
        engine: engine_thread,
        writer,
        mail,
        reports,
        housekeeping,
        mover,
    })
}

/// Serves the metrics, with a thread of their own, so that they are read also while the portal's workers are busy.
fn serve_metrics(state: AppState, bind: SocketAddr) -> Result<Listener, StartError> {
    let registry = web::Data::new(crate::web::metrics::registry(state));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(registry.clone())
            .configure(crate::web::metrics::routes)
    })
    .workers(1)
    .shutdown_timeout(1)
    .disable_signals()
    .bind(bind)
    .map_err(cannot_listen("KEYPORT_METRICS_BIND", bind))?;
    let address = server.addrs().first().copied().unwrap_or(bind);
    Ok(Listener::start(address, server.run()))
}

fn cannot_listen(
    variable: &'static str,
    address: SocketAddr,
) -> impl FnOnce(std::io::Error) -> StartError {
    move |source| StartError::Bind {
        variable,
        address,
        source,
    }
}

impl Running {
    /// Says that it is not ready, and after the time that balancers need to notice, stops accepting, lets running
    /// requests finish, and writes what is still in memory.
    #[expect(
        clippy::disallowed_methods,
        reason = "what it waits for, balancers that ask, moves with the machine's time"
    )]
    pub async fn stop(self) {
        self.state.draining.begin();
        tokio::time::sleep(self.drain).await;
        self.portal.stop().await;
        let (stop, thread) = self.housekeeping;
        drop(stop);
        if thread.join().is_err() {
            tracing::error!("the housekeeping thread panicked");
        }
        if let Some((stop, thread)) = self.mover {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the thread that moves digests panicked");
            }
        }
        if let Some(reports) = self.reports {
            reports.stop();
        }
        if let Some(mail) = self.mail {
            mail.stop();
        }
        self.writer.stop();
        // The last to go: it tells of the draining, too.
        if let Some(metrics) = self.metrics {
            metrics.stop().await;
        }
        drop(self.state);
        drop(self.engine);
    }
}
