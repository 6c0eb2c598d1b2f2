//! Networks are changed: their names, comments and contacts.

use super::{Holder, Network, lock, one, rows};
use crate::domain::audit::{self, Act};
use crate::domain::registry::authority::Action;
use crate::domain::registry::checks;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::fields::NetworkFields;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::organizations::ContactLink;
use crate::domain::registry::postal::joined;
use crate::domain::registry::reach::{Reader, require};
use crate::domain::registry::{Expected, finish};
use crate::ids::AccountId;
use crate::store::registry::contacts;
use crate::store::registry::networks::{NetworkContactRow, NetworkRow};
use crate::store::{Db, StoreError};

/// Changes a network to what the fields say.
///
/// # Errors
/// If there is none, the account lacks the authority, something cannot be accepted, or it is not as `expected`.
pub fn change(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    fields: &NetworkFields,
    expected: &Expected,
) -> Result<Network, RegistryError> {
    let row = lock(db, handle)?;
    // Contacts before links: who deletes a contact takes them in this order.
    let known = hold_contacts(db, fields)?;
    let reach = Reader::changing(me).on_network(db, &row)?;
    require(Action::NetworkChange, &reach)?;
    let before = one(db, row.clone())?;
    let new = checks::changed_network(fields, &before).map_err(RegistryError::Invalid)?;
    if matches!(before.holder, Holder::Customer(_)) && !new.contacts.is_empty() {
        return Err(RegistryError::invalid(
            "pocLinks",
            "A customer's network has no contacts of its own: those of the network above act for it. Leave them out.",
        ));
    }
    check_contacts(&new.contacts, &before.contacts, &known)?;
    expected.check(before.revision)?;
    rows::update(
        db,
        &NetworkRow {
            name: new.name,
            comment: joined(&new.comment),
            updated_at: act.now,
            revision: before.revision + 1,
            ..row
        },
    )?;
    write_contacts(db, &before.handle, &before.contacts, &new.contacts)?;
    let after = super::find(db, &before.handle)?.ok_or_else(|| super::unknown(&before.handle))?;
    let action = audit::Action::NetworkChange;
    finish(db, act, Some(me), action, after.handle.as_str())?;
    Ok(after)
}

/// Which of the contacts that are sent there are; none of those is deleted before this transaction ends.
fn hold_contacts(db: &mut Db, fields: &NetworkFields) -> Result<Vec<String>, StoreError> {
    let sent = fields.contacts.iter().flatten();
    let handles: Vec<String> = sent
        .filter_map(|link| link.handle.as_ref()?.parse::<Handle>().ok())
        .map(|handle| handle.to_string())
        .collect();
    contacts::hold_existing(db, &handles)
}

/// # Errors
/// If one of the new contacts is neither there already nor known.
fn check_contacts(
    new: &[ContactLink],
    before: &[ContactLink],
    known: &[String],
) -> Result<(), RegistryError> {
    let unknown: Vec<&str> = (new.iter())
        .filter(|link| !before.contains(link))
        .map(|link| link.contact.as_str())
        .filter(|contact| !known.iter().any(|known| known == contact))
        .collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(RegistryError::invalid(
            "pocLinkRef",
            format!(
                "There is no contact {}. Name contacts that there are.",
                unknown.join(", ")
            ),
        )),
    }
}

/// Adds what is new and takes away what is gone: rows, never the list.
pub(in crate::domain::registry) fn write_contacts(
    db: &mut Db,
    handle: &Handle,
    before: &[ContactLink],
    after: &[ContactLink],
) -> Result<(), StoreError> {
    let row = |link: &ContactLink| NetworkContactRow {
        network: handle.to_string(),
        contact: link.contact.to_string(),
        function: link.function.code().to_owned(),
    };
    for gone in before.iter().filter(|link| !after.contains(link)) {
        rows::delete_contact(db, &row(gone))?;
    }
    for added in after.iter().filter(|link| !before.contains(link)) {
        rows::add_contact(db, &row(added))?;
    }
    Ok(())
}
