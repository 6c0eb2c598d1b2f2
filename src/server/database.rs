//! The database of the settings: where it is, whether it can be used, and that it is up to date.

use std::path::Path;

use super::{StartError, chain};
use crate::config::{Config, bad};
use crate::store::connection::{self, DatabaseUrlError};
use crate::store::migrations::{self, MigrateError};
use crate::store::{DatabaseUrl, Pool, StoreError};

/// Connections of the pool. SQLite has one writer at a time, so more would only wait for each other.
const POOL_SIZE: u32 = 8;

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

/// True if there is no file of the database, or nothing in it, so that opening it would make it.
pub fn is_missing(url: &DatabaseUrl) -> bool {
    match url {
        DatabaseUrl::Sqlite(path) => path.metadata().map_or(true, |file| file.len() == 0),
        DatabaseUrl::Postgres(_) => false,
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

/// Makes a folder for its owner only.
pub(super) fn create_folder(folder: &Path) -> Result<(), StartError> {
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
