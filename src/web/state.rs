//! Everything that a request needs, built once in `server.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{HttpRequest, web};
use url::Url;

use crate::clock::SharedClock;
use crate::config::{Config, QueryKeys, SignUp};
use crate::domain::api_keys::policy::KeyPolicy;
use crate::domain::housekeeping::LastRound;
use crate::domain::integrations::providers::ProviderCatalog;
use crate::domain::integrations::{Connector, ProviderClient};
use crate::domain::leaks::LeakKeys;
use crate::domain::mail::Outbox;
use crate::domain::mail::postman::Postman;
use crate::domain::registry::tickets::preparer::Preparer;
use crate::domain::security::passkeys::RelyingParty;
use crate::domain::security::password::PasswordWorker;
use crate::domain::security::two_step::Vault;
use crate::domain::usage::recorder::{Recorder, WorkerRecorder};
use crate::domain::verification::Verifier;
use crate::domain::verification::engine::Engine;
use crate::domain::verification::figures::{Figures, WorkerFigures};
use crate::domain::verification::limits::Limits;
use crate::domain::verification::moves::Moves;
use crate::store::Pool;
use crate::web::extract::forwarded::TrustedProxies;
use crate::web::mail::Stationery;
use crate::web::middleware::RequestIds;
use crate::web::middleware::moved_cookies::CookieKeys;
use crate::web::proxy::CallDesk;

/// What the pages say about this instance.
#[derive(Clone)]
pub struct Site {
    /// The address that people use.
    pub public_url: Url,
    /// Who may sign up.
    pub sign_up: SignUp,
    /// Where to report security problems.
    pub security_contact: Option<String>,
    /// The way that mails take, in words; `None` while mail is off.
    pub mail_way: Option<String>,
    /// True if mails are sent. If not, they are kept, and pages say that mail is off.
    pub has_mail: bool,
}

impl Site {
    /// Host, and port if it is not the scheme's own.
    pub fn host(&self) -> String {
        let host = self.public_url.host_str().unwrap_or("localhost");
        match self.public_url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The public address without a slash at its end.
    pub fn base(&self) -> &str {
        self.public_url.as_str().trim_end_matches('/')
    }

    /// True if people reach the server over https.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

/// What each worker has for itself; stays on its thread.
#[derive(Clone)]
pub struct Worker {
    /// Judges presented keys.
    pub verifier: Verifier,
    /// Notes their use.
    pub recorder: WorkerRecorder,
    /// Counts the answers.
    pub figures: Arc<WorkerFigures>,
    /// Calls providers.
    pub provider_client: ProviderClient,
    /// What it remembers of keys for them.
    pub desk: CallDesk,
}

impl Worker {
    /// The worker that serves this request.
    pub fn of(req: &HttpRequest) -> &Self {
        req.app_data()
            .expect("server.rs puts a worker's parts into every app")
    }
}

/// Whether this instance has been told to stop. Clones tell the same.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// It has been told.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True if it goes on only with what has begun, or for those who have not heard yet.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl AppState {
    /// The state that this request is served with.
    pub fn of(req: &HttpRequest) -> &web::Data<Self> {
        req.app_data()
            .expect("server.rs puts the state into every app")
    }
}

impl AppState {
    /// What second factors are kept with.
    pub fn vault(&self) -> Vault {
        Vault {
            secrets: self.policy.secrets.clone(),
            outbox: self.outbox.clone(),
        }
    }
}

/// The parts of a running keyport. Clones share them.
#[derive(Clone)]
pub struct AppState {
    /// The database.
    pub pool: Pool,
    /// The present.
    pub clock: SharedClock,
    /// The operator's rules for keys.
    pub policy: Arc<KeyPolicy>,
    /// Digests of keys that can be moved under the current instance secret.
    pub moves: Moves,
    /// Hashes passwords.
    pub passwords: PasswordWorker,
    /// Queues mails.
    pub outbox: Outbox,
    /// Asks for passkeys; `None` if the public address has no name, which they need.
    pub passkeys: Option<RelyingParty>,
    /// The verifier thread; each worker asks it through a [`crate::domain::verification::Verifier`] of its own.
    pub engine: Engine,
    /// What the workers count of verification, for the metrics.
    pub figures: Figures,
    /// How rate limits are counted.
    pub limits: Arc<Limits>,
    /// Notes the use of keys.
    pub recorder: Recorder,
    /// Puts them into words, for those who read them here.
    pub stationery: Arc<Stationery>,
    /// Sends them; `None` while mail is off.
    pub postman: Option<Postman>,
    /// Prepares the reports of tickets; `None` if there is no registry here.
    pub preparer: Option<Preparer>,
    /// Names requests.
    pub request_ids: RequestIds,
    /// Keys of session cookies.
    pub cookie_keys: CookieKeys,
    /// Key under which form tokens are made.
    pub form_key: [u8; 32],
    /// What pages say about this instance.
    pub site: Arc<Site>,
    /// Whose headers about the client are believed.
    pub proxies: TrustedProxies,
    /// Checks GitHub's reports of found keys; `None` if they are not taken.
    pub leak_keys: Option<Arc<LeakKeys>>,
    /// The providers that keys are kept for.
    pub catalog: ProviderCatalog,
    /// How connections to them are made.
    pub connector: Connector,
    /// Whether keys in URLs are taken.
    pub query_keys: QueryKeys,
    /// The settings, for operators to read.
    pub config: Arc<Config>,
    /// When housekeeping was last done here.
    pub housekeeping: LastRound,
    /// Held by who makes a file of the whole registry, so that an instance makes one at a time.
    pub bulk_files: Arc<tokio::sync::Mutex<()>>,
    /// Whether the instance is stopping.
    pub draining: Draining,
}
