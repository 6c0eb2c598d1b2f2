//! One connection to either engine, chosen by the URL's scheme.

#![expect(
    missing_docs,
    reason = "the connection's derive writes public items without docs"
)]

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, ConnectionError, PgConnection, RunQueryDsl as _, SqliteConnection};
use url::Url;

use super::error::StoreError;

/// A connection to PostgreSQL or SQLite that Diesel's query builder serves alike.
///
/// SQLite stands last: the derived code gives the last variant's dialect where it cannot ask.
#[derive(diesel::MultiConnection)]
pub enum Db {
    /// A PostgreSQL server.
    Postgres(PgConnection),
    /// A SQLite file.
    Sqlite(SqliteConnection),
}

/// Where the database is. Prints without its password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `postgres://…` or `postgresql://…`, as libpq reads it.
    Postgres(Url),
    /// `sqlite:PATH` or `sqlite://PATH`.
    Sqlite(PathBuf),
}

/// Why a database URL is refused. Does not repeat the URL, which may hold a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// No scheme, or another one.
    #[error("it must begin with sqlite: or postgres:// (or postgresql://)")]
    Scheme,
    /// Not a URL after the scheme.
    #[error("it is not a valid URL")]
    Malformed,
    /// TLS is asked for, and this build has none.
    #[error(
        "it asks for TLS (sslmode), and this keyport was built without it: build with --features postgres-tls"
    )]
    NoTls,
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() {
                return Err(DatabaseUrlError::Malformed);
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if !(text.starts_with("postgres://") || text.starts_with("postgresql://")) {
            return Err(DatabaseUrlError::Scheme);
        }
        let url = Url::parse(text).or(Err(DatabaseUrlError::Malformed))?;
        let demands_tls = url.query_pairs().any(|(name, value)| {
            name == "sslmode" && matches!(&*value, "require" | "verify-ca" | "verify-full")
        });
        if demands_tls && !cfg!(feature = "postgres-tls") {
            return Err(DatabaseUrlError::NoTls);
        }
        Ok(Self::Postgres(url))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "SQLite in {}", path.display()),
            Self::Postgres(url) => write!(
                f,
                "PostgreSQL at {}{}",
                url.host_str().unwrap_or("the local socket"),
                url.path()
            ),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// Seconds until an attempt to connect to PostgreSQL is given up.
const CONNECT_TIMEOUT_SECONDS: &str = "5";

/// Opens a connection and sets what every connection of ours needs.
///
/// # Errors
/// If the server or file cannot be opened; the engine's own words are kept.
pub fn connect(url: &DatabaseUrl) -> Result<Db, ConnectionError> {
    match url {
        DatabaseUrl::Postgres(url) => connect_postgres(url).map(Db::Postgres),
        DatabaseUrl::Sqlite(path) => connect_sqlite(path).map(Db::Sqlite),
    }
}

/// Opens a connection that only reads, for the thread that verifies keys: it gives up sooner, since requests wait for it,
/// and notices a server that has vanished.
///
/// # Errors
/// If it cannot be opened, or is read-only.
pub fn connect_for_verifying(url: &DatabaseUrl) -> Result<Db, StoreError> {
    let unavailable = |error| StoreError::Unavailable(Box::new(error));
    let (mut db, settings) = match url {
        DatabaseUrl::Postgres(url) => {
            let mut url = url.clone();
            let known: Vec<String> = url.query_pairs().map(|(name, _)| name.into()).collect();
            for (name, value) in VANISHED_SERVER {
                if !known.iter().any(|known| known == name) {
                    url.query_pairs_mut().append_pair(name, value);
                }
            }
            let settings = "SET statement_timeout = '2s'; SET default_transaction_read_only = on";
            let connection = connect_postgres(&url).map_err(unavailable)?;
            (Db::Postgres(connection), settings)
        }
        DatabaseUrl::Sqlite(path) => {
            let mut connection = connect_sqlite(path).map_err(unavailable)?;
            // The look whether it can be written does not wait for who writes.
            connection.batch_execute("PRAGMA busy_timeout = 0")?;
            let settings = "PRAGMA busy_timeout = 1000; PRAGMA query_only = ON";
            (Db::Sqlite(connection), settings)
        }
    };
    check_writable(&mut db)?;
    db.batch_execute(settings)?;
    Ok(db)
}

/// The engine's name and version, as a server says it, or the SQLite in this program.
///
/// # Errors
/// If the database fails.
pub fn engine_version(db: &mut Db) -> Result<String, StoreError> {
    #[derive(diesel::QueryableByName)]
    struct Version {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let (name, question) = match db {
        Db::Postgres(_) => (
            "PostgreSQL",
            "SELECT current_setting('server_version') AS version",
        ),
        Db::Sqlite(_) => ("SQLite", "SELECT sqlite_version() AS version"),
    };
    let Version { version } = diesel::sql_query(question).get_result(db)?;
    Ok(format!("{name} {version}"))
}

/// Makes sure that this is a database that can be written. A PostgreSQL server that follows another one answers queries
/// too, but some time behind: nothing may be confirmed there.
///
/// # Errors
/// If it is read-only. One that is locked by another writer is not.
pub fn check_writable(db: &mut Db) -> Result<(), StoreError> {
    // Changes no row, and still is a write to both engines. BEGIN IMMEDIATE is not: on a file that cannot be written,
    // SQLite takes it for a read.
    let changed = db.batch_execute("UPDATE verification_epoch SET epoch = epoch WHERE id = 0");
    match changed.map_err(StoreError::from) {
        Err(StoreError::Busy(_)) => Ok(()),
        done => done,
    }
}

/// Seconds, tries and milliseconds after which libpq gives up a server that answers no packet
/// (postgresql.org/docs/15/libpq-connect.html).
const VANISHED_SERVER: [(&str, &str); 5] = [
    ("connect_timeout", "2"),
    ("keepalives_idle", "2"),
    ("keepalives_interval", "1"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "4000"),
];

fn connect_postgres(url: &Url) -> Result<PgConnection, ConnectionError> {
    let mut url = url.clone();
    if !url.query_pairs().any(|(name, _)| name == "connect_timeout") {
        url.query_pairs_mut()
            .append_pair("connect_timeout", CONNECT_TIMEOUT_SECONDS);
    }
    let mut connection = PgConnection::establish(url.as_str())?;
    set_postgres_timeouts(&mut connection).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

/// A stuck server must become an error within the time a caller waits, not a hung thread.
pub(super) fn set_postgres_timeouts(connection: &mut PgConnection) -> diesel::QueryResult<()> {
    connection.batch_execute("SET statement_timeout = '10s'; SET lock_timeout = '5s'")
}

fn connect_sqlite(path: &Path) -> Result<SqliteConnection, ConnectionError> {
    let path = path.to_str().ok_or_else(|| {
        ConnectionError::InvalidConnectionUrl("the path is not valid UTF-8".to_owned())
    })?;
    make_private(path);
    let mut connection = SqliteConnection::establish(path)?;
    connection
        .batch_execute("PRAGMA busy_timeout = 5000")
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    switch_to_wal(&mut connection).map_err(ConnectionError::CouldntSetupConfiguration)?;
    // FULL: an acknowledged change survives the loss of power, not only of the process.
    connection
        .batch_execute(
            "PRAGMA foreign_keys = ON;
             PRAGMA synchronous = FULL;
             PRAGMA cache_size = -2000;
             PRAGMA temp_store = MEMORY;",
        )
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

/// Makes a new file for its owner only: it holds addresses and password hashes. SQLite gives the files beside it the
/// same mode.
fn make_private(path: &str) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // It may be there, or be no file at all (`:memory:`); what is wrong with it is SQLite's to say.
    drop(options.open(path));
}

/// Of two that switch a new file at the same time, SQLite refuses one at once, whatever the busy timeout, since each holds
/// a lock that the other waits for (sqlite.org/c3ref/busy_handler.html). It then tries again, for as long as any other
/// query would have waited.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a lock is waited for is about this machine's time"
)]
fn switch_to_wal(connection: &mut SqliteConnection) -> diesel::QueryResult<()> {
    let began = Instant::now();
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error)
                if error.to_string().contains("is locked")
                    && began.elapsed() < Duration::from_secs(5) =>
            {
                std::thread::park_timeout(Duration::from_millis(20));
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn the_scheme_chooses_the_engine() {
        let sqlite: DatabaseUrl = "sqlite:data/keyport.db".parse().unwrap();
        assert_eq!(sqlite, DatabaseUrl::Sqlite("data/keyport.db".into()));
        let absolute: DatabaseUrl = "sqlite:///var/lib/k.db".parse().unwrap();
        assert_eq!(absolute, DatabaseUrl::Sqlite("/var/lib/k.db".into()));
        assert!(matches!(
            "postgresql://h/d".parse(),
            Ok(DatabaseUrl::Postgres(_))
        ));
    }

    #[test]
    fn other_schemes_are_refused() {
        for text in ["mysql://h/d", "keyport.db", "", "file:keyport.db"] {
            assert_eq!(text.parse::<DatabaseUrl>(), Err(DatabaseUrlError::Scheme));
        }
        assert_eq!(
            "sqlite:".parse::<DatabaseUrl>(),
            Err(DatabaseUrlError::Malformed)
        );
    }

    #[cfg(not(feature = "postgres-tls"))]
    #[test]
    fn a_build_without_tls_refuses_a_url_that_demands_it() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let url = format!("postgres://h/d?sslmode={mode}");
            assert_eq!(url.parse::<DatabaseUrl>(), Err(DatabaseUrlError::NoTls));
        }
        assert!(
            "postgres://h/d?sslmode=prefer"
                .parse::<DatabaseUrl>()
                .is_ok()
        );
    }

    #[test]
    fn a_printed_url_has_no_password() {
        let url: DatabaseUrl = "postgres://user:hunter22@db.example/keyport"
            .parse()
            .unwrap();
        assert_eq!(url.to_string(), "PostgreSQL at db.example/keyport");
        assert!(!format!("{url:?}").contains("hunter22"));
    }
}
