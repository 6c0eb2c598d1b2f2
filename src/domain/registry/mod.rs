//! The registry: contacts, organizations, networks, customers, the links of accounts to contacts, and what follows from
//! them.
//!
//! Whoever changes something goes through one of its functions with an [`Act`]: it locks the record,
//! reads what the account's links give on it ([`reach`]), asks [`authority::decide`], checks the rules, changes rows,
//! and writes the audit entry, all in one transaction. Texts come in as `…Fields`, as a document or form has them, and
//! are checked by [`fields`] for all ways in alike.

pub mod associations;
pub mod authority;
pub mod checks;
pub mod contacts;
pub mod countries;
pub mod customers;
pub mod error;
pub mod export;
pub mod fields;
pub mod functions;
pub mod handles;
pub mod holdings;
pub mod import;
pub mod links;
pub mod lists;
pub mod networks;
pub mod organizations;
pub mod postal;
pub mod ranges;
pub mod reach;
pub mod rights;
#[cfg(test)]
pub mod samples;
pub mod tickets;

use super::audit::{Act, Action, Outcome};
use crate::ids::AccountId;
use crate::store::registry::head;
use crate::store::{Db, StoreError};

/// Counts a change of the registry, and writes its audit entry: the last thing that a rule does. `owner` is the account
/// whose log it belongs to.
fn finish(
    db: &mut Db,
    act: &Act,
    owner: Option<AccountId>,
    action: Action,
    target: &str,
) -> Result<(), StoreError> {
    head::advance(db, act.now)?;
    act.record(db, owner, action, Some(target), Outcome::Done)
}

/// Which state of a record a caller knows, and wants changed only if it is still the present one (`If-Match`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Whatever the present state is: the later change wins.
    #[default]
    Any,
    /// One with one of these revisions.
    Revisions(Vec<i64>),
}

impl Expected {
    /// # Errors
    /// If the record is no longer as the caller knows it.
    fn check(&self, revision: i64) -> Result<(), error::RegistryError> {
        match self {
            Self::Revisions(known) if !known.contains(&revision) => {
                Err(error::RegistryError::Stale)
            }
            Self::Any | Self::Revisions(_) => Ok(()),
        }
    }
}
