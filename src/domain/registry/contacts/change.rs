//! Contacts are made, changed and deleted.

use super::{Contact, Phone, present, rows, take};
use crate::clock::Timestamp;
use crate::domain::accounts;
use crate::domain::audit::{self, Act, Outcome};
use crate::domain::mail::Outbox;
use crate::domain::registry::authority::{Action, Reach};
use crate::domain::registry::checks::{self, NewContact};
use crate::domain::registry::error::{Problem, RegistryError};
use crate::domain::registry::fields::ContactFields;
use crate::domain::registry::handles::{self, Handle};
use crate::domain::registry::postal::joined;
use crate::domain::registry::reach::require;
use crate::domain::registry::tickets::ending;
use crate::domain::registry::{Expected, finish, links};
use crate::ids::AccountId;
use crate::store::registry::contacts::{ContactRow, PhoneRow};
use crate::store::registry::{links as link_rows, networks, organizations};
use crate::store::{Db, StoreError};

/// Makes a contact. With `makes_link` the account is linked to it at once; else it cannot read what it has made.
///
/// # Errors
/// If something of it cannot be accepted.
pub fn create(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    me: AccountId,
    suffix: &str,
    fields: &ContactFields,
    makes_link: bool,
) -> Result<Contact, RegistryError> {
    require(Action::ContactCreate, &Reach::default())?;
    let new = checks::new_contact(fields).map_err(RegistryError::Invalid)?;
    if makes_link {
        links::lock_account(db, me)?;
    }
    let handle = next_handle(db, suffix, &new)?;
    rows::insert(db, &row(&handle, &new, act.now, act.now, 1))?;
    for email in &new.emails {
        rows::add_email(db, handle.as_str(), email)?;
    }
    write_phones(db, &handle, &new.phones)?;
    if makes_link {
        links::insert(db, act, me, &handle, new.is_role)?;
    }
    let made = present(db, &handle)?;
    if makes_link && let Some(account) = accounts::find(db, me)? {
        outbox.tell_linked(db, act, &made, &account)?;
    }
    finish(
        db,
        act,
        Some(me),
        audit::Action::ContactCreate,
        handle.as_str(),
    )?;
    if makes_link {
        act.record(
            db,
            Some(me),
            audit::Action::LinkMake,
            Some(handle.as_str()),
            Outcome::Done,
        )?;
    }
    Ok(made)
}

fn next_handle(db: &mut Db, suffix: &str, new: &NewContact) -> Result<Handle, StoreError> {
    if new.is_role {
        return handles::next_role(db, suffix, &new.last_name);
    }
    let given = [&new.first_name, &new.middle_name];
    let names: Vec<&str> = (given.into_iter().flatten().map(String::as_str))
        .chain([new.last_name.as_str()])
        .collect();
    handles::next_person(db, suffix, &names)
}

/// Changes a contact to what the fields say: a full replacement, but for what [`checks::changed_contact`] keeps.
///
/// # Errors
/// If there is none, the account is not linked to it, something cannot be accepted, or it is not as `expected`.
pub fn change(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    fields: &ContactFields,
    expected: &Expected,
) -> Result<Contact, RegistryError> {
    let before = take(db, me, Action::ContactChange, handle)?;
    let new = checks::changed_contact(fields, &before).map_err(RegistryError::Invalid)?;
    expected.check(before.revision)?;
    let handle = &before.handle;
    let row = row(
        handle,
        &new,
        before.registered_at,
        act.now,
        before.revision + 1,
    );
    rows::update(db, &row)?;
    // Both lists have an order, so one that differs is written anew. The lock keeps others from adding meanwhile.
    if new.emails != before.emails {
        rows::delete_emails(db, handle.as_str())?;
        for email in &new.emails {
            rows::add_email(db, handle.as_str(), email)?;
        }
    }
    if new.phones != before.phones {
        rows::delete_phones(db, handle.as_str())?;
        write_phones(db, handle, &new.phones)?;
    }
    let after = present(db, handle)?;
    finish(
        db,
        act,
        Some(me),
        audit::Action::ContactChange,
        handle.as_str(),
    )?;
    Ok(after)
}

/// Deletes a contact, with its links and open requests to be linked, and returns it as it was.
///
/// # Errors
/// If there is none, the account is not linked to it, an organization or network names it, or it is not as `expected`.
pub fn delete(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    me: AccountId,
    handle: &str,
    expected: &Expected,
) -> Result<Contact, RegistryError> {
    let contact = take(db, me, Action::ContactDelete, handle)?;
    let handle = contact.handle.as_str();
    let holders = holders(db, handle)?;
    if !holders.is_empty() {
        return Err(RegistryError::NotRemovable(
            format!("{handle} is still a contact of what is listed. Name another one there first."),
            holders,
        ));
    }
    expected.check(contact.revision)?;
    let linked = link_rows::account_ids_of(db, handle)?;
    ending::abandon_for_contact(db, act.now, outbox, handle)?;
    rows::delete(db, handle)?;
    finish(db, act, Some(me), audit::Action::ContactDelete, handle)?;
    for account in linked {
        let ended = audit::Action::LinkEnd;
        act.record(db, Some(account), ended, Some(handle), Outcome::Done)?;
    }
    Ok(contact)
}

/// What names the contact: for each organization and network a component.
fn holders(db: &mut Db, contact: &str) -> Result<Vec<Problem>, StoreError> {
    let mut holders: Vec<(&'static str, String)> = Vec::new();
    for row in organizations::naming_contact(db, contact)? {
        holders.push(("orgHandle", row.organization));
    }
    for row in networks::naming_contact(db, contact)? {
        holders.push(("netHandle", row.network));
    }
    holders.dedup();
    let problem = |(element, handle)| Problem::new(element, format!("{handle} names it."));
    Ok(holders.into_iter().map(problem).collect())
}

pub(in crate::domain::registry) fn row(
    handle: &Handle,
    new: &NewContact,
    registered_at: Timestamp,
    updated_at: Timestamp,
    revision: i64,
) -> ContactRow {
    ContactRow {
        handle: handle.as_str().to_owned(),
        is_role: new.is_role,
        company_name: new.company_name.clone(),
        first_name: new.first_name.clone(),
        middle_name: new.middle_name.clone(),
        last_name: new.last_name.clone(),
        street: joined(&new.address.street),
        city: new.address.city.clone(),
        state: new.address.state.clone(),
        postal_code: new.address.postal_code.clone(),
        country: new.address.country.code2.to_owned(),
        comment: joined(&new.comment),
        registered_at,
        updated_at,
        revision,
    }
}

/// The telephone numbers of a contact that has none yet, in their order.
pub(in crate::domain::registry) fn write_phones(
    db: &mut Db,
    handle: &Handle,
    phones: &[Phone],
) -> Result<(), StoreError> {
    for (position, phone) in (0..).zip(phones) {
        rows::add_phone(db, &phone_row(handle, phone, position))?;
    }
    Ok(())
}

/// A telephone number at this place of the list.
pub(super) fn phone_row(handle: &Handle, phone: &Phone, position: i64) -> PhoneRow {
    PhoneRow {
        contact: handle.as_str().to_owned(),
        kind: phone.kind.code().to_owned(),
        digits: phone.digits(),
        number: phone.number.clone(),
        extension: phone.extension.clone(),
        position,
    }
}
