//! `keyport backup FILE`: a consistent copy of the database, also while the portal runs.

use std::path::Path;
use std::process::Command;

use super::{CommandError, create_private, print, refuse};
use crate::config::Config;
use crate::server::{chain, database_url, open_database};
use crate::store::{DatabaseUrl, Db, Pool, backup, migrations};

/// Copies a SQLite database itself; has PostgreSQL's own `pg_dump` write an archive for `pg_restore`.
///
/// # Errors
/// If the file exists or cannot be written, or the database or `pg_dump` fails.
pub fn run(config: &Config, file: &Path) -> Result<(), CommandError> {
    if let DatabaseUrl::Sqlite(path) = database_url(config)?
        && !path.exists()
    {
        return refuse(format!(
            "there is no database at {}: name it with KEYPORT_DATA_DIR or DATABASE_URL",
            path.display()
        ));
    }
    let pool = open_database(config)?;
    let status = match pool.read_now(migrations::status) {
        Ok(status) => status,
        Err(error) => return refuse(chain(&error)),
    };
    if status.is_new {
        return refuse(format!(
            "there is nothing of keyport in this database ({}): name the right one with DATABASE_URL",
            pool.url()
        ));
    }
    // A copy holds addresses and password hashes as the database does.
    create_private(file)?;
    let copied = copy(&pool, file);
    if copied.is_err() {
        // What there is of it is no backup.
        std::fs::remove_file(file)?;
    }
    copied?;
    print(format!(
        "Wrote {}. Keep the instance secret as well: keys cannot be verified without it.",
        file.display()
    ))
}

fn copy(pool: &Pool, file: &Path) -> Result<(), CommandError> {
    match pool.url().clone() {
        DatabaseUrl::Sqlite(_) => pool.read_now(|db| match db {
            Db::Sqlite(connection) => Ok::<_, CommandError>(backup::copy_sqlite(connection, file)?),
            Db::Postgres(_) => refuse("the pool's connection is not of its own kind"),
        }),
        DatabaseUrl::Postgres(mut url) => {
            let mut dump = Command::new("pg_dump");
            // Not on the command line, where every user of the machine can read it.
            if let Some(password) = url.password() {
                let password = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
                dump.env("PGPASSWORD", &*password);
            }
            if url.set_password(None).is_err() {
                return refuse("the database URL has no place for a password");
            }
            dump.arg("--format=custom")
                .arg("--file")
                .arg(file)
                .arg(url.as_str());
            match dump.status() {
                Ok(status) if status.success() => Ok(()),
                Ok(status) => refuse(format!("pg_dump failed ({status}); what it said is above")),
                Err(error) => refuse(format!(
                    "cannot run pg_dump ({error}): install PostgreSQL's client programs"
                )),
            }
        }
    }
}
