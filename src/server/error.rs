//! What keeps keyport from starting, in words for the one who starts it.

use std::net::SocketAddr;

use crate::config::ConfigError;
use crate::domain::instance::InstanceError;

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
    /// There is no instance secret, and no database that has one.
    #[error(
        "there is nothing of keyport here yet, neither an instance secret nor a database that was used ({0}): start keyport \
         first, or name what it uses with KEYPORT_DATA_DIR, DATABASE_URL and KEYPORT_SECRET"
    )]
    NothingYet(String),
    /// The operating system gave no thread.
    #[error("cannot start a background thread: {0}")]
    Thread(std::io::Error),
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
