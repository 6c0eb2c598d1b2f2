//! Links of accounts to contacts: what gives an account its authority.

use super::handles::Handle;
use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::store::registry::links as rows;
use crate::store::{Db, StoreError};

/// A link of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// To which contact.
    pub contact: Handle,
    /// Since when.
    pub linked_at: Timestamp,
}

/// The links of an account, by contact.
///
/// # Errors
/// If the database fails.
pub fn list_for_account(db: &mut Db, account_id: AccountId) -> Result<Vec<Link>, StoreError> {
    Ok(rows::list_for_account(db, account_id)?
        .into_iter()
        .map(|row| Link {
            contact: Handle::from_stored(row.contact),
            linked_at: row.linked_at,
        })
        .collect())
}
