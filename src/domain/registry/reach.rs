//! What an account's links give it on one object, read from the database for [`authority`](super::authority).

use super::authority::{Action, Reach, decide};
use super::error::RegistryError;
use super::functions::{Function, Functions};
use super::handles::Handle;
use crate::ids::AccountId;
use crate::store::registry::customers::CustomerRow;
use crate::store::registry::networks::{self, NetworkRow};
use crate::store::registry::reach as rows;
use crate::store::{Db, StoreError};

/// Whether what is read has to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Only looked at.
    No,
    /// The links that count cannot end before this transaction does: for changes.
    UntilEnd,
}

/// Reads for one account.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// Whose links.
    pub account_id: AccountId,
    /// Whether what is read has to last.
    pub hold: Hold,
}

impl Reader {
    /// For an account that only looks.
    pub fn looking(account_id: AccountId) -> Self {
        Self {
            account_id,
            hold: Hold::No,
        }
    }

    /// For an account that changes something in this transaction.
    pub fn changing(account_id: AccountId) -> Self {
        Self {
            account_id,
            hold: Hold::UntilEnd,
        }
    }

    /// On a contact.
    ///
    /// # Errors
    /// If the database fails.
    pub fn on_contact(self, db: &mut Db, contact: &Handle) -> Result<Reach, StoreError> {
        Ok(Reach {
            is_linked: rows::is_linked(db, self.account_id, contact.as_str(), self.holds())?,
            ..Reach::default()
        })
    }

    /// On an organization.
    ///
    /// # Errors
    /// If the database fails.
    pub fn on_organization(self, db: &mut Db, handle: &str) -> Result<Reach, StoreError> {
        Ok(Reach {
            organization: self.functions_on_organization(db, handle)?,
            ..Reach::default()
        })
    }

    /// On a network.
    ///
    /// # Errors
    /// If the database fails.
    pub fn on_network(self, db: &mut Db, network: &NetworkRow) -> Result<Reach, StoreError> {
        let parent = match &network.parent {
            Some(parent) => networks::find(db, parent)?,
            None => None,
        };
        let mut reach = Reach {
            organization: self.functions_on_holder(db, network)?,
            network: self.functions_on_network(db, &network.handle)?,
            is_held_by_customer: network.customer.is_some(),
            ..Reach::default()
        };
        if let Some(parent) = parent {
            reach.parent_network = self.functions_on_network(db, &parent.handle)?;
            reach.parent_organization = self.functions_on_holder(db, &parent)?;
        }
        Ok(reach)
    }

    /// On a customer: its parent organization, and the network it was made under.
    ///
    /// # Errors
    /// If the database fails.
    pub fn on_customer(self, db: &mut Db, customer: &CustomerRow) -> Result<Reach, StoreError> {
        Ok(Reach {
            organization: self.functions_on_organization(db, &customer.organization)?,
            network: self.functions_on_network(db, &customer.network)?,
            ..Reach::default()
        })
    }

    fn functions_on_holder(
        self,
        db: &mut Db,
        network: &NetworkRow,
    ) -> Result<Functions, StoreError> {
        match &network.organization {
            Some(organization) => self.functions_on_organization(db, organization),
            None => Ok(Functions::NONE),
        }
    }

    fn functions_on_organization(self, db: &mut Db, handle: &str) -> Result<Functions, StoreError> {
        rows::on_organization(db, self.account_id, handle, self.holds()).map(functions)
    }

    fn functions_on_network(self, db: &mut Db, handle: &str) -> Result<Functions, StoreError> {
        rows::on_network(db, self.account_id, handle, self.holds()).map(functions)
    }

    fn holds(self) -> bool {
        self.hold == Hold::UntilEnd
    }
}

/// The decision as an error of the registry.
///
/// # Errors
/// If it may not be done.
pub fn require(action: Action, reach: &Reach) -> Result<(), RegistryError> {
    decide(action, reach).map_err(RegistryError::Denied)
}

fn functions(codes: Vec<String>) -> Functions {
    (codes.iter())
        .filter_map(|code| Function::from_code(code))
        .collect()
}
