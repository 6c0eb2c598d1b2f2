//! The occasions that have one mail, however often and by however many instances they are noticed.

use crate::ids::{AccountId, ApiKeyId};

/// An occasion.
#[derive(Clone, Copy, Debug)]
pub enum OncePer<'a> {
    /// Something about a key: `what` tells it from other occasions of the same kind.
    Key {
        /// Which key.
        id: ApiKeyId,
        /// Which time.
        what: &'a str,
    },
    /// Something about an account.
    Account {
        /// Which account.
        id: AccountId,
        /// Which time.
        what: &'a str,
    },
}

impl OncePer<'_> {
    /// As the database has it, for mails of this kind.
    pub(super) fn key(self, kind: &str) -> String {
        match self {
            Self::Key { id, what } => format!("{kind}/key/{id}/{what}"),
            Self::Account { id, what } => format!("{kind}/account/{id}/{what}"),
        }
    }
}
