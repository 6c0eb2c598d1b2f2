//! The real server on a free port, in this process, with a clock that the test moves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use keyport::clock::{Clock as _, ManualClock, SharedClock, Timestamp};
use keyport::config::Config;
use keyport::crypto::random::system_rng;
use keyport::domain::accounts::{self, Account};
use keyport::domain::audit::Act;
use keyport::domain::mail::delivery::Delivered;
use keyport::domain::registry::tickets::ending::{self, TicketLives};
use keyport::domain::security::password::NewPassword;
use keyport::domain::text::{EmailAddress, Name};
use keyport::ids::AccountId;
use keyport::secret::Secret;
use keyport::server;
use keyport::store::{Db, StoreError};
use keyport::web::state::AppState;
use tokio::sync::oneshot;

use super::actors::{Person, Program};
use super::db::{Engine, TestDatabase};

/// Every test begins at this instant.
pub const START: &str = "2026-11-22T18:31:00Z";
/// The password of every test's people.
pub const PASSWORD: &str = "kestrel42 orbit maple";

#[derive(QueryableByName)]
struct OneText {
    #[diesel(sql_type = Text)]
    text: String,
}

pub struct TestApp {
    pub address: SocketAddr,
    /// Where the metrics are, if a setting gave them an address.
    pub metrics: Option<SocketAddr>,
    pub clock: Arc<ManualClock>,
    pub state: AppState,
    pub database: Arc<TestDatabase>,
    stop_order: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl TestApp {
    pub async fn spawn(engine: Engine) -> Self {
        Self::spawn_with(engine, &[]).await
    }

    /// With settings as the environment gives them.
    pub async fn spawn_with(engine: Engine, settings: &[(&str, &str)]) -> Self {
        Self::spawn_on(TestDatabase::new(engine), settings).await
    }

    /// With settings that were made for this database.
    pub async fn spawn_on(database: TestDatabase, settings: &[(&str, &str)]) -> Self {
        let database = Arc::new(database);
        let start: Timestamp = START.parse::<DateTime<Utc>>().unwrap().into();
        let clock = Arc::new(ManualClock::new(start));
        Self::spawn_sharing(database, clock, settings).await
    }

    /// A further instance, with settings of its own, on the database, instance secret and clock of another.
    pub async fn spawn_beside(other: &Self, settings: &[(&str, &str)]) -> Self {
        Self::spawn_sharing(other.database.clone(), other.clock.clone(), settings).await
    }

    async fn spawn_sharing(
        database: Arc<TestDatabase>,
        clock: Arc<ManualClock>,
        settings: &[(&str, &str)],
    ) -> Self {
        let config = config(&database, settings);
        let shared: SharedClock = clock.clone();
        let (started_tx, started) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let server = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let running = server::start(&config, shared).await.unwrap();
                let metrics = running.metrics.as_ref().map(|metrics| metrics.address);
                let parts = (running.portal.address, metrics, running.state.clone());
                let sent = started_tx.send(parts);
                assert!(sent.is_ok(), "the test has gone");
                stopped.await.unwrap();
                running.stop().await;
            });
        });
        let (address, metrics, state) = started.await.expect("the server starts");
        Self {
            address,
            metrics,
            clock,
            state,
            database,
            stop_order: Some(stop),
            server: Some(server),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Moves the clock on.
    pub fn advance(&self, delta: TimeDelta) {
        self.clock.advance(delta);
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What someone with a shell on the server does now.
    pub fn act(&self) -> Act {
        Act::by_command(self.now(), self.state.policy.secrets.audit_keys())
    }

    /// Someone at a browser, not signed in.
    pub fn anonymous(&self) -> Person {
        Person::new(format!("http://{}", self.address))
    }

    /// Someone at a browser with an account, signed in through the page.
    pub async fn person(&self, email: &str, name: &str) -> Person {
        self.account(email, name);
        let mut person = self.anonymous();
        person.sign_in(email, PASSWORD).await;
        person
    }

    /// Someone at a browser with an operator's account, signed in through the page.
    pub async fn operator(&self, email: &str, name: &str) -> Person {
        self.make_operator(self.account(email, name).id);
        let mut person = self.anonymous();
        person.sign_in(email, PASSWORD).await;
        person
    }

    /// Gives an account the operator role.
    pub fn make_operator(&self, id: AccountId) {
        let act = self.act();
        let given: Result<(), StoreError> =
            (self.state.pool).write_now(|db| accounts::set_operator(db, &act, id, true));
        given.unwrap();
    }

    /// An account as it is now.
    pub fn account_now(&self, id: AccountId) -> Account {
        let found: Result<_, StoreError> = self.state.pool.read_now(|db| accounts::find(db, id));
        found.unwrap().expect("there is such an account")
    }

    /// A program with this key.
    pub fn program(&self, key: impl Into<String>) -> Program {
        Program::new(format!("http://{}", self.address), key.into())
    }

    /// Makes an account with [`PASSWORD`].
    pub fn account(&self, email: &str, name: &str) -> Account {
        let act = self.act();
        let rng = &mut system_rng();
        let hash = NewPassword::parse(Secret::new(PASSWORD.to_owned()))
            .unwrap()
            .hash(rng);
        let email = EmailAddress::parse(email).unwrap();
        let name = Name::parse(name).unwrap();
        self.state
            .pool
            .write_now(|db| accounts::sign_up(db, &act, rng, &name, &email, Some(&hash)))
            .unwrap()
    }

    /// Runs a statement that both engines know.
    pub fn execute(&self, statement: &str) {
        let ran: Result<(), StoreError> = self.state.pool.read_now(|db| {
            match db {
                Db::Sqlite(connection) => connection.batch_execute(statement),
                Db::Postgres(connection) => connection.batch_execute(statement),
            }
            .map_err(StoreError::from)
        });
        ran.unwrap();
    }

    /// The one text that a query gives as "text".
    pub fn text(&self, query: &str) -> String {
        let row: Result<OneText, StoreError> = self
            .state
            .pool
            .read_now(|db| Ok(sql_query(query).get_result(db)?));
        row.unwrap().text
    }

    /// The first column, a text, of what a query that both engines know finds.
    pub fn texts(&self, query: &str) -> Vec<String> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            text: String,
        }
        let query = diesel::sql_query(format!("SELECT text FROM ({query}) AS found"));
        let rows: Result<Vec<Row>, StoreError> = (self.state.pool)
            .read_now(|db| diesel::RunQueryDsl::load(query, db).map_err(StoreError::from));
        rows.unwrap().into_iter().map(|row| row.text).collect()
    }

    /// The kinds of the mails that were queued, oldest first.
    pub fn queued_kinds(&self) -> Vec<String> {
        self.texts("SELECT kind AS text FROM mails ORDER BY created_at, kind")
    }

    /// What was written down about this kind of act: target and result, oldest first.
    pub fn audited(&self, action: &str) -> Vec<String> {
        self.texts(&format!(
            "SELECT COALESCE(target, '') || ' ' || result AS text FROM audit_entries
             WHERE action = '{action}' ORDER BY id"
        ))
    }

    /// Tells the server to stop, as the signal does.
    pub fn begin_stop(&mut self) {
        if let Some(stop) = self.stop_order.take() {
            assert!(
                stop.send(()).is_ok() || std::thread::panicking(),
                "the server ended by itself"
            );
        }
    }

    /// Stops the server and waits for its end. The database stays.
    pub fn stop(&mut self) {
        self.begin_stop();
        if let Some(server) = self.server.take() {
            let ended = server.join();
            assert!(
                ended.is_ok() || std::thread::panicking(),
                "the server panicked"
            );
        }
    }

    /// Sends the mails and reminders that are due.
    pub fn deliver(&self) -> Delivered {
        let postman = self.state.postman.as_ref().expect("mail is on");
        postman.deliver().unwrap()
    }

    /// Prepares the reports that are due.
    pub fn prepare_reports(&self) {
        let preparer = self.state.preparer.as_ref();
        preparer.expect("there is a registry").prepare().unwrap();
    }

    /// What housekeeping does about tickets.
    pub fn tidy_tickets(&self) {
        let settings = &self.state.config.registry;
        let lives = TicketLives {
            link_request: settings.link_ticket,
            report: settings.report,
        };
        let (now, outbox) = (self.now(), &self.state.outbox);
        let done = (self.state.pool).write_now(|db| ending::run(db, outbox, now, lives));
        done.unwrap();
    }

    /// Writes what has been noted about the use of keys.
    pub fn flush(&self) {
        self.state.recorder.flush().unwrap();
    }
}

/// The configuration of a test's server.
pub fn config(database: &TestDatabase, settings: &[(&str, &str)]) -> Config {
    let mut environment = BTreeMap::from([
        ("KEYPORT_BIND".to_owned(), "127.0.0.1:0".to_owned()),
        (
            "KEYPORT_PUBLIC_URL".to_owned(),
            "http://localhost:8080".to_owned(),
        ),
        ("KEYPORT_WORKERS".to_owned(), "2".to_owned()),
        (
            "KEYPORT_DATA_DIR".to_owned(),
            database.folder.path().display().to_string(),
        ),
        ("DATABASE_URL".to_owned(), database.url.clone()),
    ]);
    for (name, value) in settings {
        environment.insert((*name).to_owned(), (*value).to_owned());
    }
    Config::load(&environment).unwrap()
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop();
    }
}
