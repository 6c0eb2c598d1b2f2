//! Why a report cannot be had.

use super::files::WriteFileError;
use crate::domain::registry::error::RegistryError;
use crate::domain::security::throttles::Throttled;
use crate::store::StoreError;

/// Why a report was not made. Nothing of it was sent.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There is no such report, edition or object: the words say what.
    #[error("{0}")]
    NotFound(String),
    /// The account may not have it: the words say why.
    #[error("{0}")]
    Denied(String),
    /// It cannot be asked for in this way: the words say what to do.
    #[error("{0}")]
    BadRequest(String),
    /// The account has asked too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RegistryError> for ReportError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::NotFound(words) => Self::NotFound(words),
            RegistryError::Denied(denied) => Self::Denied(denied.words()),
            RegistryError::Throttled(throttled) => Self::Throttled(throttled),
            RegistryError::Store(error) => Self::Store(error),
            other => Self::BadRequest(other.to_string()),
        }
    }
}

impl From<WriteFileError> for ReportError {
    fn from(error: WriteFileError) -> Self {
        match error {
            WriteFileError::Store(error) => Self::Store(error),
            WriteFileError::TooLarge(_) | WriteFileError::Gone => {
                Self::Store(StoreError::Unavailable(Box::new(error)))
            }
        }
    }
}

impl From<std::io::Error> for ReportError {
    /// What a writer has failed with: the file behind it.
    fn from(error: std::io::Error) -> Self {
        WriteFileError::from_io(error).into()
    }
}

impl From<csv::Error> for ReportError {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => error.into(),
            other => std::io::Error::other(format!("{other:?}")).into(),
        }
    }
}
