//! Puts the parts together, listens, and takes them down again.
//!
//! 1. [`open`] makes the folder and the instance secret if need be, opens the database, runs its migrations and checks
//!    that secret and database belong together.
//! 2. [`start`] builds the state, binds the port and starts workers and background threads.
//! 3. [`Running::stop`] says that it is not ready, lets running requests finish, then writes what is still in memory.

mod mail;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::cookie::Key;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use chrono::TimeDelta;
use crossbeam_channel::{RecvTimeoutError, Sender, TryRecvError, bounded};

use crate::clock::{NeverBack, SharedClock};
use crate::config::{Config, ConfigError, bad};
use crate::crypto::audit_key::AuditKeys;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::crypto::password;
use crate::crypto::random::system_rng;
use crate::domain::api_keys::policy::KeyPolicy;
use crate::domain::api_keys::scopes::{KnownScope, ScopeCatalog};
use crate::domain::audit::chain::take_on_head;
use crate::domain::audit::retention as audit_retention;
use crate::domain::housekeeping::{self, LastRound, Round};
use crate::domain::instance::{InstanceError, take_on_secrets};
use crate::domain::mail::Outbox;
use crate::domain::mail::postman::PostmanThread;
use crate::domain::registry::tickets::ending::{self, TicketLives};
use crate::domain::registry::tickets::preparer::{Preparer, PreparerThread};
use crate::domain::registry::tickets::preparing::Preparing;
use crate::domain::reports::{files, published};
use crate::domain::secret_rotation::seal_anew;
use crate::domain::security::passkeys::RelyingParty;
use crate::domain::security::password::PasswordWorker;
use crate::domain::text::Name;
use crate::domain::usage::recorder::{Recorder, Writer};
use crate::domain::usage::retention::{self, Retention};
use crate::domain::verification::Verifier;
use crate::domain::verification::engine::{Engine, EngineThread};
use crate::domain::verification::figures::Figures;
use crate::domain::verification::gatherer::Gatherer;
use crate::domain::verification::limits::{Limits, RateLimiter};
use crate::domain::verification::moves::Moves;
use crate::outbound::leak_keys::LeakKeys;
use crate::outbound::redis::Redis;
use crate::outbound::tls;
use crate::secret::Secret;
use crate::store::connection::{self, DatabaseUrlError};
use crate::store::migrations::{self, MigrateError};
use crate::store::{DatabaseUrl, Pool, StoreError};

use crate::web::extract::forwarded::TrustedProxies;
use crate::web::mail::Stationery;
use crate::web::middleware::RequestIds;
use crate::web::middleware::moved_cookies::{CookieKeys, moved_cookies};
use crate::web::state::{AppState, Draining, Site, Worker};

pub use mail::{check_mail, mail_transport};

/// Why keyport did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A bad setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder or the instance secret cannot be used.
    #[error("{what} {path}: {source}")]
    Folder {
        /// What was tried.
        what: &'static str,
        /// With which file or folder.
        path: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The instance secret cannot be read.
    #[error("bad instance secret in {place}: {problem}")]
    Secret {
        /// Where it came from.
        place: String,
        /// What is wrong; never its text.
        problem: String,
    },
    /// The database cannot be opened.
    #[error("cannot open the database ({database}): {problem}")]
    Database {
        /// Which, without its password.
        database: String,
        /// The engine's own words.
        problem: String,
    },
    /// The migrations failed.
    #[error("cannot use the database ({database}): {problem}")]
    Migrate {
        /// Which, without its password.
        database: String,
        /// What is wrong.
        problem: String,
    },
    /// Secret and database do not belong together.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address} (if another program uses the port, choose one with {variable})"
    )]
    Bind {
        /// The setting that chooses it.
        variable: &'static str,
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The operating system gave no thread.
    #[error("cannot start a background thread: {0}")]
    Thread(std::io::Error),
}

/// What both the server and the commands need.
#[derive(Clone)]
pub struct Opened {
    /// The database, with all migrations.
    pub pool: Pool,
    /// The operator's rules for keys.
    pub policy: Arc<KeyPolicy>,
}

/// Scopes that an operator may define.
const MOST_SCOPES: usize = 50;

/// Connections of the pool. SQLite has one writer at a time, so more would only wait for each other.
const POOL_SIZE: u32 = 8;

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
    mail_transport(config).map(drop)?;
    let policy = policy(instance_secrets(config)?);
    let pool = open_database(config)?;
    migrate(&pool)?;
    let now = clock.now();
    check_writable(&pool)?;
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

/// Where the settings say that the database is.
///
/// # Errors
/// If the URL is bad.
pub fn database_url(config: &Config) -> Result<DatabaseUrl, StartError> {
    config
        .database_url
        .expose()
        .parse()
        .or_else(|problem: DatabaseUrlError| Ok(bad("database_url", problem.to_string())?))
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

/// Opens the database without touching its content.
///
/// # Errors
/// If the URL is bad or the database cannot be opened.
pub fn open_database(config: &Config) -> Result<Pool, StartError> {
    let url = database_url(config)?;
    if let DatabaseUrl::Sqlite(path) = &url
        && let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
    {
        create_folder(folder)?;
    }
    Pool::open(&url, POOL_SIZE).map_err(|error| unusable(&url, &error.to_string()))
}

/// Makes sure that a database with all migrations can be written.
///
/// # Errors
/// If it is read-only.
pub fn check_writable(pool: &Pool) -> Result<(), StartError> {
    pool.read_now(connection::check_writable)
        .map_err(|error: StoreError| unusable(pool.url(), &chain(&error)))
}

/// The engine's own words, and what to do where it is known.
fn unusable(url: &DatabaseUrl, problem: &str) -> StartError {
    let advice = match url {
        DatabaseUrl::Sqlite(_) if problem.contains("readonly database") => {
            ": let the user that keyport runs as write the file and its folder"
        }
        DatabaseUrl::Sqlite(_) if problem.contains("unable to open") => {
            ": name a file in a folder that keyport can write"
        }
        DatabaseUrl::Sqlite(_) if problem.contains("not a database") => {
            ": name another file, or a backup of the database"
        }
        DatabaseUrl::Sqlite(_) if problem.contains("is locked") => {
            ": end the program that holds it, then try again"
        }
        DatabaseUrl::Postgres(_) if problem.contains("read-only transaction") => {
            ": name the server that takes changes, and a role that may write"
        }
        DatabaseUrl::Postgres(_) if problem.contains("connection to server") => {
            ": see that the server runs, and that DATABASE_URL names it"
        }
        DatabaseUrl::Sqlite(_) | DatabaseUrl::Postgres(_) => "",
    };
    StartError::Database {
        database: url.to_string(),
        problem: format!("{}{advice}", problem.trim_end()),
    }
}

/// Runs pending migrations; returns their versions.
///
/// # Errors
/// If the database is newer, read-only or locked, or a migration fails.
pub fn migrate(pool: &Pool) -> Result<Vec<String>, StartError> {
    pool.read_now(migrations::run)
        .map_err(|error: MigrateError| match &error {
            MigrateError::NewerDatabase(_) => StartError::Migrate {
                database: pool.url().to_string(),
                problem: chain(&error),
            },
            MigrateError::Failed(_) | MigrateError::Store(_) => {
                unusable(pool.url(), &chain(&error))
            }
        })
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

fn create_folder(folder: &Path) -> Result<(), StartError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    // The database holds names, addresses and password hashes: no one else's to read.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| StartError::Folder {
        what: "cannot make the folder",
        path: folder.display().to_string(),
        source,
    })
}

/// The secrets from the setting, else from the file in the data folder, which is made if it is not there.
fn instance_secrets(config: &Config) -> Result<InstanceSecrets, StartError> {
    match existing_instance_secrets(config)? {
        Some(secrets) => Ok(secrets),
        None => {
            make_secret(&secret_file(config))?;
            // Read back: another instance may have been faster, and its secret is the one that counts.
            existing_instance_secrets(config)?.ok_or_else(|| StartError::Secret {
                place: secret_file(config).display().to_string(),
                problem: "the file is gone again".to_owned(),
            })
        }
    }
}

/// The secrets from the setting, else from the file in the data folder; `None` if there is no file yet.
///
/// # Errors
/// If the file cannot be read, or there is no secret in it.
pub fn existing_instance_secrets(config: &Config) -> Result<Option<InstanceSecrets>, StartError> {
    let path = secret_file(config);
    let (text, place) = match &config.secret {
        Some(text) => (text.clone(), "KEYPORT_SECRET".to_owned()),
        None => match std::fs::read_to_string(&path) {
            Ok(text) => (Secret::new(text), path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(secret_failure("cannot read the instance secret", &path)(
                    source,
                ));
            }
        },
    };
    match InstanceSecrets::parse(&text) {
        Ok(secrets) => Ok(Some(secrets)),
        Err(problem) => Err(StartError::Secret {
            place,
            problem: problem.to_string(),
        }),
    }
}

/// Where the instance secret is kept, unless it comes from the environment.
pub fn secret_file(config: &Config) -> PathBuf {
    config.data_dir.join("instance-secret")
}

fn secret_failure(what: &'static str, path: &Path) -> impl Fn(std::io::Error) -> StartError {
    let path = path.display().to_string();
    move |source| StartError::Folder {
        what,
        path: path.clone(),
        source,
    }
}

/// Makes the file, unless another instance makes it in this moment.
fn make_secret(path: &Path) -> Result<(), StartError> {
    let failed = secret_failure("cannot write the instance secret", path);
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let text = InstanceSecrets::generate(&mut system_rng());
    // Written whole under another name and then linked: who finds the file finds all of it.
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(text.expose().as_bytes())?;
        file.sync_all()
    });
    written.map_err(&failed)?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft).map_err(&failed)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

/// The operator's rules for keys, as the settings have them; the instance secret completes them.
///
/// # Errors
/// If a setting is bad; it is named.
pub fn key_policy(
    config: &Config,
) -> Result<impl FnOnce(InstanceSecrets) -> KeyPolicy + use<>, StartError> {
    let keys = &config.keys;
    let brand = match keys.brand.parse() {
        Ok(brand) => brand,
        Err(problem) => {
            let problem: crate::domain::api_keys::key_string::BadBrand = problem;
            return bad("brand", problem.to_string()).map_err(StartError::from);
        }
    };
    let mut old_brands = Vec::new();
    for text in &keys.old_brands {
        match text.parse() {
            Ok(brand) => old_brands.push(brand),
            Err(_) => {
                return bad("old_brands", format!("“{text}” is not a brand"))
                    .map_err(StartError::from);
            }
        }
    }
    let mut scopes = Vec::new();
    for setting in &keys.scopes {
        match setting.name.parse() {
            Ok(scope) => scopes.push(KnownScope {
                scope,
                description: setting.description.clone(),
                preselected: setting.default,
            }),
            Err(_) => {
                let problem = format!(
                    "“{}” is not a scope: write one like billing:read, of at most 64 characters",
                    setting.name
                );
                return bad("scopes", problem).map_err(StartError::from);
            }
        }
        if Name::parse(&setting.description).is_err() {
            let problem = format!(
                "the description of {} needs 1 to 100 characters, none of them hidden",
                setting.name
            );
            return bad("scopes", problem).map_err(StartError::from);
        }
    }
    if scopes.len() > MOST_SCOPES {
        // All of them go into a header of each answer to a gateway.
        let problem = format!(
            "{} are too many: define at most {MOST_SCOPES}",
            scopes.len()
        );
        return bad("scopes", problem).map_err(StartError::from);
    }
    let scopes = match ScopeCatalog::new(scopes) {
        Ok(scopes) => scopes,
        Err(repeated) => {
            let problem = format!("{repeated} repeats the name of another or of a built-in one");
            return bad("scopes", problem).map_err(StartError::from);
        }
    };
    let (max_active, longest_life) = (keys.max_active, keys.longest_life);
    Ok(move |secrets| KeyPolicy {
        brand,
        old_brands,
        max_active,
        longest_life,
        scopes,
        secrets,
    })
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
    let housekeeping = start_housekeeping(
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
        .then(|| start_moving(pool.clone(), moves.clone(), secrets.clone(), outbox.clone()))
        .transpose()?;
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
        };
        App::new()
            .app_data(shared.clone())
            .app_data(worker)
            .service(crate::web::forward_auth::resource())
            .service(
                web::scope("")
                    .configure(crate::web::routes)
                    .wrap(crate::web::sessions(&shared, &secrets))
                    .wrap(from_fn(moved_cookies))
                    .wrap(from_fn(crate::web::middleware::envelope)),
            )
    })
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

/// How often digests that can be moved are written.
const MOVE_EVERY: Duration = Duration::from_millis(500);

/// Moves what was made under older instance secrets: digests as their keys are used, and all that is sealed at once.
fn start_moving(
    pool: Pool,
    moves: Moves,
    secrets: InstanceSecrets,
    outbox: Outbox,
) -> Result<(Sender<()>, JoinHandle<()>), StartError> {
    let (stop, stopped) = bounded::<()>(0);
    let thread = std::thread::Builder::new().name("secret-moves".to_owned());
    let handle = thread.spawn(move || {
        let mut is_resealed = false;
        loop {
            let must_stop = stopped.recv_timeout(MOVE_EVERY) == Err(RecvTimeoutError::Disconnected);
            let moved = moves.write(&pool).and_then(|_| {
                if !is_resealed {
                    let sealed = pool.write_now(|db| seal_anew(db, &secrets, &outbox))?;
                    is_resealed = sealed == 0;
                }
                Ok::<_, StoreError>(())
            });
            if let Err(error) = moved {
                tracing::warn!(error = %chain(&error), "what was made under an older instance secret is not moved yet");
            }
            if must_stop {
                return;
            }
        }
    });
    Ok((stop, handle.map_err(StartError::Thread)?))
}

/// How often what has no meaning any more is removed.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(3600);

/// How long what is kept.
struct Keeping {
    tickets: TicketLives,
    usage: Retention,
    audit: TimeDelta,
    /// Vouch for the log after entries were removed from it.
    audit_keys: AuditKeys,
    editions: TimeDelta,
}

fn start_housekeeping(
    pool: Pool,
    outbox: Outbox,
    clock: SharedClock,
    last_round: LastRound,
    keeping: Keeping,
) -> Result<(Sender<()>, JoinHandle<()>), StartError> {
    let (stop, stopped) = bounded::<()>(0);
    let thread = std::thread::Builder::new().name("housekeeping".to_owned());
    let handle = thread.spawn(move || {
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(HOUSEKEEPING_EVERY) {
            let now = clock.now();
            let must_stop = || stopped.try_recv() == Err(TryRecvError::Disconnected);
            let done: Result<(), StoreError> = pool
                .write_now(|db| {
                    housekeeping::run(db, now)?;
                    ending::run(db, &outbox, now, keeping.tickets)
                })
                .and_then(|()| {
                    pool.write_now(|db| published::remove_old_editions(db, now, keeping.editions))
                })
                .and_then(|()| files::sweep(&pool, now))
                .and_then(|()| retention::run(&pool, now, keeping.usage, &must_stop))
                .and_then(|()| {
                    audit_retention::run(&pool, now, keeping.audit, &keeping.audit_keys, &must_stop)
                });
            last_round.set(Round {
                at: now,
                was_done: done.is_ok(),
            });
            if let Err(error) = done {
                tracing::warn!(error = %chain(&error), "housekeeping failed; it is tried again in an hour");
            }
        }
    });
    Ok((stop, handle.map_err(StartError::Thread)?))
}
