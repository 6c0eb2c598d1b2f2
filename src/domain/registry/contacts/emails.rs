//! Mail addresses of a contact, one by one.

use super::{Contact, MAX_WAYS, present, rows, take};
use crate::domain::audit::{self, Act};
use crate::domain::registry::authority::Action;
use crate::domain::registry::checks;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::{Expected, finish};
use crate::ids::AccountId;
use crate::store::Db;

/// Adds a mail address behind the others. One that is there already, in whatever case, changes nothing.
///
/// # Errors
/// If there is no such contact, the account is not linked to it, it is no address, the contact has 20, or it is not as
/// `expected`.
pub fn add_email(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    email: &str,
    expected: &Expected,
) -> Result<Contact, RegistryError> {
    let contact = take(db, me, Action::ContactChange, handle)?;
    let email = checks::email(email).map_err(RegistryError::Invalid)?;
    let is_known = (contact.emails.iter()).any(|known| is_same(known, &email));
    if !is_known && contact.emails.len() >= MAX_WAYS {
        return Err(RegistryError::invalid(
            "emails",
            format!("A contact has {MAX_WAYS} mail addresses at most. Delete one first."),
        ));
    }
    expected.check(contact.revision)?;
    if is_known {
        return Ok(contact);
    }
    rows::add_email(db, contact.handle.as_str(), &email)?;
    changed(db, act, me, &contact)
}

/// Deletes a mail address, in whatever case.
///
/// # Errors
/// If there is no such contact, the account is not linked to it, it does not have the address, it is its last one, or it
/// is not as `expected`.
pub fn delete_email(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    email: &str,
    expected: &Expected,
) -> Result<Contact, RegistryError> {
    let contact = take(db, me, Action::ContactChange, handle)?;
    let handle = contact.handle.as_str();
    let email = email.trim();
    if !(contact.emails.iter()).any(|known| is_same(known, email)) {
        return Err(RegistryError::NotFound(format!(
            "{handle} does not have this mail address."
        )));
    }
    if contact.emails.len() == 1 {
        return Err(RegistryError::invalid(
            "emails",
            "At least one mail address is needed. Add another one first.",
        ));
    }
    expected.check(contact.revision)?;
    rows::delete_email(db, handle, email)?;
    changed(db, act, me, &contact)
}

fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn changed(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    contact: &Contact,
) -> Result<Contact, RegistryError> {
    let handle = contact.handle.as_str();
    rows::set_updated(db, handle, act.now)?;
    let after = present(db, &contact.handle)?;
    finish(db, act, Some(me), audit::Action::ContactChange, handle)?;
    Ok(after)
}
