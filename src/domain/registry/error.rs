//! What can be wrong with what is asked of the registry.

use super::authority::Denied;
use crate::domain::security::throttles::Throttled;
use crate::store::StoreError;

/// What is wrong with one element of a document, or one field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The element's name in the wire format, such as `postalCode`.
    pub element: &'static str,
    /// A sentence that says what to do.
    pub message: String,
}

impl Problem {
    /// With this sentence.
    pub fn new(element: &'static str, message: impl Into<String>) -> Self {
        Self {
            element,
            message: message.into(),
        }
    }
}

/// Why something was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no record with this handle: the words say of which kind.
    #[error("{0}")]
    NotFound(String),
    /// The account lacks the authority.
    #[error("{}", .0.words())]
    Denied(Denied),
    /// Elements that cannot be accepted, all of them at once.
    #[error("{}", words(.0))]
    Invalid(Vec<Problem>),
    /// It cannot be asked in this way.
    #[error("{0}")]
    BadRequest(String),
    /// A rule forbids it, whoever asks.
    #[error("{0}")]
    Forbidden(String),
    /// Something still names the record: a component for each.
    #[error("{0}")]
    NotRemovable(String, Vec<Problem>),
    /// It does not fit what is registered.
    #[error("{}", .0.message)]
    Conflict(Problem),
    /// The ticket is closed.
    #[error("{0}")]
    Closed(String),
    /// The record is no longer as the caller knows it.
    #[error("The record has changed since it was read. Read it again.")]
    Stale,
    /// It was asked too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RegistryError {
    /// One element that cannot be accepted.
    pub fn invalid(element: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem::new(element, message)])
    }
}

impl From<Denied> for RegistryError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

fn words(problems: &[Problem]) -> String {
    let words: Vec<&str> = (problems.iter())
        .map(|problem| problem.message.as_str())
        .collect();
    words.join(" ")
}
