//! `keyport migrate`, `keyport check` and `keyport openapi`.

use super::serve::log_filter;
use super::{CommandError, print, refuse};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::domain::instance::{InstanceError, check_secrets, check_unused};
use crate::server::{
    self, StartError, chain, database_url, existing_instance_secrets, is_missing, open_database,
};
use crate::store::migrations;
use crate::web::api::openapi::document;

/// Brings the database up to date.
///
/// # Errors
/// If it cannot be opened, is newer than this program, or a migration fails.
pub fn migrate(config: &Config) -> Result<(), CommandError> {
    let pool = open_database(config)?;
    let run = server::migrate(&pool)?;
    if run.is_empty() {
        return print(format!("{} is up to date.", pool.url()));
    }
    for version in &run {
        print(format!("ran migration {version}"))?;
    }
    print(format!("{} is up to date now.", pool.url()))
}

/// Looks at everything that a start needs, changes nothing, and says what it found.
///
/// # Errors
/// If anything would keep keyport from starting.
pub fn check(config: &Config) -> Result<(), CommandError> {
    server::key_policy(config).map(drop)?;
    server::redis(config).map(drop)?;
    server::leak_keys(config).map(drop)?;
    server::providers(config).map(drop)?;
    server::mail_transport(config).map(drop)?;
    log_filter(&config.log).map(drop)?;
    print("configuration: ok")?;
    let secrets = existing_instance_secrets(config)?;
    if let Some(secrets) = &secrets {
        print(format!(
            "instance secret: ok, current id {}",
            secrets.current_id()
        ))?;
    }
    let none_yet = || print("instance secret: none yet, the first start makes one");
    let url = database_url(config)?;
    if is_missing(&url) {
        if secrets.is_none() {
            none_yet()?;
        }
        print(format!(
            "database: none yet, the first start makes it, {url}"
        ))?;
        return check_mail(config);
    }
    let pool = open_database(config)?;
    print(format!("database: ok, {url}"))?;
    let status = pool.read_now(migrations::status);
    let status = match status {
        Ok(status) => status,
        Err(error) => return refuse(format!("migrations: {}", chain(&error))),
    };
    if secrets.is_none() {
        // A start would refuse to make another secret than the one that this database was used with.
        if !status.is_new {
            pool.read_now(check_unused).map_err(StartError::from)?;
        }
        none_yet()?;
    }
    if let Some(version) = status.unknown.last() {
        return refuse(format!(
            "migrations: the database was written by a newer keyport (migration {version}): use that version or a newer one"
        ));
    }
    if !status.pending.is_empty() {
        return refuse(format!(
            "migrations: {} are missing ({}): run keyport migrate, or start the portal, which does it",
            status.pending.len(),
            status.pending.join(", ")
        ));
    }
    print("migrations: ok, none are missing")?;
    server::check_writable(&pool)?;
    print("database can be written: ok")?;
    if let Some(secrets) = &secrets {
        let now = SystemClock.now();
        pool.read_now(|db| check_secrets(db, now, secrets))
            .map_err(|error: InstanceError| StartError::from(error))?;
        print("instance secret belongs to the database: ok")?;
    }
    check_mail(config)
}

fn check_mail(config: &Config) -> Result<(), CommandError> {
    match server::check_mail(config)? {
        Ok(Some(transport)) => print(format!("mail: ok, through {transport}")),
        Ok(None) => print("mail: not set up on this server"),
        Err(problem) => refuse(format!("mail: {problem}")),
    }
}

/// Prints the OpenAPI document of a server at the public URL.
///
/// # Errors
/// If it cannot be written.
pub fn openapi(config: &Config) -> Result<(), CommandError> {
    let base = config.public_url.as_str().trim_end_matches('/');
    let text = serde_json::to_string_pretty(&document(base)).map_err(std::io::Error::from)?;
    print(text)
}
