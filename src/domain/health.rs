//! What the database can tell of the health of a keyport, read in one go.

use super::audit::{LogHead, log_head};
use super::mail::{MailCounts, queue};
use crate::clock::Timestamp;
use crate::store::connection::engine_version;
use crate::store::instance_secrets;
use crate::store::migrations::{self, MigrateError};
use crate::store::{Db, StoreError};

/// What the database tells.
#[derive(Clone, Debug)]
pub struct DatabaseHealth {
    /// Name and version of the engine.
    pub engine: String,
    /// Versions of the migrations that have run, oldest first.
    pub applied: Vec<String>,
    /// Those that are missing.
    pub pending: Vec<String>,
    /// Those that this program does not know: a newer one has run them.
    pub unknown: Vec<String>,
    /// Mails in each state.
    pub mails: MailCounts,
    /// When the mail was queued that has waited longest.
    pub oldest_mail: Option<Timestamp>,
    /// The ends of the audit log; `None` if it has no head, which someone has removed then.
    pub audit: Option<LogHead>,
    /// Ids of the instance secrets that the database was used with.
    pub known_secrets: Vec<String>,
}

/// Why it could not be told.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// The migrations of this program cannot be read, which is a defect.
    #[error(transparent)]
    Migrations(MigrateError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<MigrateError> for HealthError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Store(error) => Self::Store(error),
            other @ (MigrateError::NewerDatabase(_) | MigrateError::Failed(_)) => {
                Self::Migrations(other)
            }
        }
    }
}

/// Asks the database.
///
/// # Errors
/// If it fails.
pub fn ask(db: &mut Db) -> Result<DatabaseHealth, HealthError> {
    let status = migrations::status(db)?;
    Ok(DatabaseHealth {
        engine: engine_version(db)?,
        applied: migrations::applied(db)?,
        pending: status.pending,
        unknown: status.unknown,
        mails: queue::count(db)?,
        oldest_mail: queue::oldest_waiting(db)?,
        audit: log_head(db)?,
        known_secrets: (instance_secrets::list(db)?.into_iter())
            .map(|row| row.id)
            .collect(),
    })
}
