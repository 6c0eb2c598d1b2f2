//! The commands beside `serve`: each works on the configured database, also while a server uses it.

pub mod audit;
pub mod backup;
pub mod database;
pub mod demo;
pub mod key;
pub mod registry;
pub mod report;
pub mod secret;
pub mod seed;
pub mod serve;
pub mod ticket;
pub mod user;

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use crate::clock::SharedClock;
use crate::config::{Config, ConfigError};
use crate::domain::accounts::{self, Account};
use crate::domain::text::EmailAddress;
use crate::server::{Opened, StartError, open, open_to_read};
use crate::store::{Db, StoreError};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A bad setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database or the instance secret cannot be used.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or the output could not be written.
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
    /// Anything else, in a sentence that says what to do.
    #[error("{0}")]
    Refused(String),
}

/// A refusal in a sentence.
///
/// # Errors
/// Always.
fn refuse<T>(sentence: impl Into<String>) -> Result<T, CommandError> {
    Err(CommandError::Refused(sentence.into()))
}

/// Prints one line. Unlike `println!`, a closed pipe is an error and not a panic.
fn print(line: impl std::fmt::Display) -> Result<(), CommandError> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Makes an empty file, for its owner only.
///
/// # Errors
/// If there is something of this name, or it cannot be written.
fn create_private(file: &Path) -> Result<File, CommandError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Ok(made) => Ok(made),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            refuse(format!("{} exists: name a new file", file.display()))
        }
        Err(error) => refuse(format!("cannot write {}: {error}", file.display())),
    }
}

/// The database, migrated, with the rules for keys.
fn opened(config: &Config, clock: &SharedClock) -> Result<Opened, CommandError> {
    Ok(open(config, clock)?)
}

/// The same for a command that only reads: it makes no instance secret.
fn opened_to_read(config: &Config, clock: &SharedClock) -> Result<Opened, CommandError> {
    Ok(open_to_read(config, clock)?)
}

/// The account with this address, to be given something. One whose address no one has confirmed is refused: whoever signs
/// up with the address next takes its place, and what it was given would be gone.
fn confirmed_account(db: &mut Db, email: &str) -> Result<Account, CommandError> {
    let account = account(db, email)?;
    if account.unverified_since.is_some() {
        return refuse(format!(
            "the address {} is not confirmed yet: its holder has to open the link that was mailed, or run keyport user add {0}",
            account.email
        ));
    }
    Ok(account)
}

/// The account with this address, or a sentence that there is none.
fn account(db: &mut Db, email: &str) -> Result<Account, CommandError> {
    let Ok(address) = EmailAddress::parse(email) else {
        return refuse(format!("“{email}” is not an email address"));
    };
    match accounts::find_by_email(db, &address)? {
        Some(account) => Ok(account),
        None => refuse(format!(
            "there is no account with the address {address}: see keyport user list"
        )),
    }
}
