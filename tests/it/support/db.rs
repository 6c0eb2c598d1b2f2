//! A database for one test: a SQLite file in a folder of its own, or a schema of its own in PostgreSQL.

use diesel::{Connection as _, PgConnection, RunQueryDsl as _, sql_query};
use keyport::crypto::random::{base62_text, system_rng};
use tempfile::TempDir;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// The server that `scripts/test` started.
pub fn postgres_url() -> Option<String> {
    std::env::var("KEYPORT_TEST_POSTGRES_URL").ok()
}

/// A database that is gone when this is.
pub struct TestDatabase {
    pub url: String,
    pub folder: TempDir,
    schema: Option<String>,
}

impl TestDatabase {
    pub fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        match engine {
            Engine::Sqlite => Self {
                url: format!("sqlite:{}", folder.path().join("keyport.db").display()),
                folder,
                schema: None,
            },
            Engine::Postgres => {
                let server = postgres_url().expect("KEYPORT_TEST_POSTGRES_URL is set");
                let schema = format!("t_{}", base62_text(&mut system_rng(), 12).to_lowercase());
                run(&server, &format!("CREATE SCHEMA {schema}"));
                let separator = if server.contains('?') { '&' } else { '?' };
                Self {
                    // The schema's name also names its connections, for `drop` to find them.
                    url: format!(
                        "{server}{separator}application_name={schema}&options=-csearch_path%3D{schema}"
                    ),
                    folder,
                    schema: Some(schema),
                }
            }
        }
    }
}

impl TestDatabase {
    /// Which database it is.
    pub fn engine(&self) -> Engine {
        match self.schema {
            Some(_) => Engine::Postgres,
            None => Engine::Sqlite,
        }
    }

    /// Has PostgreSQL's server close every connection to it, and waits until it has.
    pub fn close_connections(&self) {
        if let (Some(schema), Some(server)) = (&self.schema, postgres_url()) {
            run(
                &server,
                &format!(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                     WHERE application_name = '{schema}'"
                ),
            );
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let (Some(schema), Some(server)) = (&self.schema, postgres_url()) {
            // A test that cut a connection may have left the server at work for it, holding locks that this
            // would wait for crosswise.
            self.close_connections();
            run(&server, &format!("DROP SCHEMA {schema} CASCADE"));
        }
    }
}

/// Runs one statement on a server.
pub fn run(server: &str, statement: &str) {
    let mut connection = PgConnection::establish(server).unwrap();
    sql_query(statement).execute(&mut connection).unwrap();
}
