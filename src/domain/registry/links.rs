//! Links of accounts to contacts: what gives an account its authority. They are never cached, so that one that has ended
//! gives nothing on the very next call. Links of disabled accounts do not count; those of closed accounts have ended.

mod notices;
pub mod requests;

use super::contacts::{parse_handle, unknown};
use super::error::RegistryError;
use super::finish;
use super::handles::Handle;
use crate::clock::Timestamp;
use crate::domain::accounts::{Account, find as account_of};
use crate::domain::audit::{Act, Action, Outcome};
use crate::ids::AccountId;
use crate::store::registry::contacts;
use crate::store::registry::links::{self as rows, LinkRow};
use crate::store::{Constraint, Db, StoreError, accounts};

pub use notices::{end, forget, make};

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
    let rows = rows::list_for_account(db, account_id)?;
    Ok(rows.into_iter().map(Link::from).collect())
}

/// An account that acts for a contact.
#[derive(Clone, Debug)]
pub struct LinkedAccount {
    /// The account; disabled ones too.
    pub account: Account,
    /// Since when.
    pub linked_at: Timestamp,
}

/// Every account that is linked to a contact, the longest first: disabled ones too, although their links do not count.
///
/// # Errors
/// If the database fails.
pub fn list_for_contact(db: &mut Db, contact: &Handle) -> Result<Vec<LinkedAccount>, StoreError> {
    let mut linked = Vec::new();
    for id in rows::account_ids_of(db, contact.as_str())? {
        let account = account_of(db, id)?;
        let link = rows::find(db, id, contact.as_str())?;
        linked.extend(account.zip(link).map(|(account, link)| LinkedAccount {
            account,
            linked_at: link.linked_at,
        }));
    }
    linked.sort_by_key(|linked| linked.linked_at);
    Ok(linked)
}

/// The link between both.
///
/// # Errors
/// If the database fails.
pub fn find(
    db: &mut Db,
    account_id: AccountId,
    contact: &Handle,
) -> Result<Option<Link>, StoreError> {
    Ok(rows::find(db, account_id, contact.as_str())?.map(Link::from))
}

/// True if some other account that is not disabled acts for the contact.
///
/// # Errors
/// If the database fails.
pub fn has_others(
    db: &mut Db,
    account_id: AccountId,
    contact: &Handle,
) -> Result<bool, StoreError> {
    let linked = rows::list_for_contact(db, contact.as_str())?;
    Ok(linked.iter().any(|linked| linked.id != account_id))
}

/// Links an account to a contact; false if it was linked before. Whoever calls this has made sure that it may be.
///
/// # Errors
/// If there is no such contact, the account is closed, or the contact is a person that another account is linked to.
pub fn link(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    contact: &str,
) -> Result<bool, RegistryError> {
    let handle = parse_handle(contact)?;
    // Accounts are locked before all else, as everywhere.
    lock_account(db, account_id)?;
    let contact = contacts::lock(db, handle.as_str())?.ok_or_else(|| unknown(&handle))?;
    if !insert(db, act, account_id, &handle, contact.is_role)? {
        return Ok(false);
    }
    finish(db, act, Some(account_id), Action::LinkMake, handle.as_str())?;
    Ok(true)
}

/// Ends a link; false if there was none.
///
/// # Errors
/// If there is no such contact, or the database fails.
pub fn unlink(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    contact: &str,
) -> Result<bool, RegistryError> {
    let handle = parse_handle(contact)?;
    contacts::lock(db, handle.as_str())?.ok_or_else(|| unknown(&handle))?;
    if !rows::delete(db, account_id, handle.as_str())? {
        return Ok(false);
    }
    finish(db, act, Some(account_id), Action::LinkEnd, handle.as_str())?;
    Ok(true)
}

/// Ends all links of an account that is closed, and names their contacts, for [`record_ended`].
///
/// # Errors
/// If the database fails.
pub fn end_all(db: &mut Db, account_id: AccountId) -> Result<Vec<String>, StoreError> {
    rows::delete_for_account(db, account_id)
}

/// Writes down that these links of an account have ended: the last thing that a rule does.
///
/// # Errors
/// If the database fails.
pub fn record_ended(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    contacts: &[String],
) -> Result<(), StoreError> {
    for contact in contacts {
        let outcome = Outcome::Done;
        act.record(
            db,
            Some(account_id),
            Action::LinkEnd,
            Some(contact),
            outcome,
        )?;
    }
    Ok(())
}

/// Makes sure that the account is not closed before this transaction ends.
///
/// # Errors
/// If it is closed, or the database fails.
pub(super) fn lock_account(db: &mut Db, account_id: AccountId) -> Result<(), RegistryError> {
    accounts::lock(db, account_id)?;
    let account = accounts::find(db, account_id)?;
    if account.is_none_or(|account| account.closed_at.is_some()) {
        return Err(RegistryError::BadRequest(
            "The account was closed, so that it cannot be linked.".to_owned(),
        ));
    }
    Ok(())
}

/// The row of a link, without a word about it in the audit log; false if it was there.
///
/// # Errors
/// If the contact is a person that another account is linked to, or the database fails.
pub(super) fn insert(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    contact: &Handle,
    is_role: bool,
) -> Result<bool, RegistryError> {
    let row = LinkRow {
        account_id,
        contact: contact.as_str().to_owned(),
        is_exclusive: !is_role,
        linked_at: act.now,
    };
    rows::insert(db, &row).map_err(|error| match error {
        StoreError::Broken(Constraint::ExclusiveLink) => RegistryError::Forbidden(format!(
            "{contact} is a person, and another account is linked to it. A person has one account at most."
        )),
        other => RegistryError::Store(other),
    })
}

impl From<LinkRow> for Link {
    fn from(row: LinkRow) -> Self {
        Self {
            contact: Handle::from_stored(row.contact),
            linked_at: row.linked_at,
        }
    }
}
