//! Both embedded sets of migrations, and how far a database is.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::{RunQueryDsl, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::Db;
use super::error::StoreError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number that only keyport's migrations use: instances that start together take turns.
const ADVISORY_LOCK: i64 = 0x6b65_7970_6f72_7401;

/// How a database's migrations compare with this program's.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MigrationStatus {
    /// True if no migration has run.
    pub is_new: bool,
    /// Versions that this program has and the database lacks, oldest first.
    pub pending: Vec<String>,
    /// Versions that the database has and this program does not know: a newer program wrote it.
    pub unknown: Vec<String>,
}

/// Why migrations failed.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database was written by a newer program; nothing was changed.
    #[error(
        "the database was written by a newer keyport (migration {0}): start that version or a newer one"
    )]
    NewerDatabase(String),
    /// A migration could not be read or run.
    #[error("the migrations could not be run")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Compares the database with this program. Changes nothing.
///
/// # Errors
/// If the database cannot be read.
pub fn status(db: &mut Db) -> Result<MigrationStatus, MigrateError> {
    let known = match db {
        Db::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES)?,
        Db::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE)?,
    };
    let applied = applied(db)?;
    Ok(MigrationStatus {
        is_new: applied.is_empty(),
        pending: difference(&known, &applied),
        unknown: difference(&applied, &known),
    })
}

/// Versions that the database has, oldest first. Diesel's own question would make the table of migrations, which a
/// database that is only looked at must not get, and a read-only one cannot.
///
/// # Errors
/// If the database cannot be read.
pub fn applied(db: &mut Db) -> Result<Vec<String>, StoreError> {
    #[derive(diesel::QueryableByName)]
    struct Tables {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        tables: i64,
    }
    #[derive(diesel::QueryableByName)]
    struct Applied {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let look = match db {
        Db::Postgres(_) => "SELECT count(to_regclass('__diesel_schema_migrations')) AS tables",
        Db::Sqlite(_) => {
            "SELECT count(*) AS tables FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
        }
    };
    let Tables { tables } = sql_query(look).get_result(db)?;
    if tables == 0 {
        return Ok(Vec::new());
    }
    let all = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
    let applied: Vec<Applied> = sql_query(all).load(db)?;
    Ok(applied.into_iter().map(|row| row.version).collect())
}

/// Runs what is pending; returns the versions that were run. Safe while other instances do the same.
///
/// # Errors
/// If the database is newer than this program, cannot be written, or a migration fails.
pub fn run(db: &mut Db) -> Result<Vec<String>, MigrateError> {
    advisory(db, "SELECT pg_advisory_lock")?;
    let result = run_in_turn(db);
    advisory(db, "SELECT pg_advisory_unlock")?;
    result
}

fn run_in_turn(db: &mut Db) -> Result<Vec<String>, MigrateError> {
    let before = status(db)?;
    if let Some(version) = before.unknown.last() {
        return Err(MigrateError::NewerDatabase(version.clone()));
    }
    if before.pending.is_empty() {
        return Ok(Vec::new());
    }
    match db {
        Db::Postgres(connection) => {
            connection
                .run_pending_migrations(POSTGRES)
                .map_err(MigrateError::Failed)?;
        }
        Db::Sqlite(connection) => run_sqlite(connection)?,
    }
    Ok(before.pending)
}

/// Takes or gives back the lock on PostgreSQL. Waiting for another instance's migration may take longer than a query.
fn advisory(db: &mut Db, function: &str) -> Result<(), MigrateError> {
    if let Db::Postgres(connection) = db {
        let timeouts = "SET lock_timeout = 0; SET statement_timeout = 0";
        connection
            .batch_execute(timeouts)
            .map_err(StoreError::from)?;
        sql_query(format!("{function}({ADVISORY_LOCK})"))
            .execute(connection)
            .map_err(StoreError::from)?;
        super::connection::set_postgres_timeouts(connection).map_err(StoreError::from)?;
    }
    Ok(())
}

/// All in one transaction that holds the write lock: who comes second finds nothing pending.
fn run_sqlite(connection: &mut diesel::SqliteConnection) -> Result<(), MigrateError> {
    let mut failure = None;
    let outcome = connection.immediate_transaction(|connection| {
        match connection.run_pending_migrations(SQLITE) {
            Ok(_) => Ok(()),
            Err(error) => {
                failure = Some(error);
                Err(diesel::result::Error::RollbackTransaction)
            }
        }
    });
    match (failure, outcome) {
        (Some(error), _) => Err(MigrateError::Failed(error)),
        (None, outcome) => Ok(outcome.map_err(StoreError::from)?),
    }
}

/// Undoes every migration; for the tests that prove each one reversible.
///
/// # Errors
/// If one cannot be undone.
pub fn revert_all(db: &mut Db) -> Result<(), MigrateError> {
    match db {
        Db::Postgres(connection) => connection.revert_all_migrations(POSTGRES).map(drop),
        Db::Sqlite(connection) => connection.revert_all_migrations(SQLITE).map(drop),
    }
    .map_err(MigrateError::Failed)
}

fn versions<DB: diesel::backend::Backend>(
    source: &EmbeddedMigrations,
) -> Result<Vec<String>, MigrateError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let migrations: Vec<Box<dyn Migration<DB>>> =
        source.migrations().map_err(MigrateError::Failed)?;
    let mut versions: Vec<String> = migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    versions.sort();
    Ok(versions)
}

fn difference(of: &[String], without: &[String]) -> Vec<String> {
    let mut rest: Vec<String> = of
        .iter()
        .filter(|version| !without.contains(version))
        .cloned()
        .collect();
    rest.sort();
    rest
}
