//! Organizations are made, changed and deleted.

use super::contacts::{added, hold_contacts, removed};
use super::{Organization, present, rows, take};
use crate::clock::Timestamp;
use crate::domain::audit::{self, Act};
use crate::domain::registry::authority::Action;
use crate::domain::registry::checks::{self, NewOrganization};
use crate::domain::registry::error::{Problem, RegistryError};
use crate::domain::registry::fields::OrganizationFields;
use crate::domain::registry::handles::{self, Handle};
use crate::domain::registry::postal::joined;
use crate::domain::registry::{Expected, finish};
use crate::ids::AccountId;
use crate::store::Db;
use crate::store::registry::organizations::OrganizationRow;

/// How many of those that keep an organization from being deleted are named, of each kind.
const MAX_HOLDERS: i64 = 50;

/// Checks what an organization is asked for with, its contacts included: before a ticket is opened, and again before it is
/// made.
///
/// # Errors
/// If something cannot be accepted, or one of its contacts does not exist.
pub fn check_new(
    db: &mut Db,
    fields: &OrganizationFields,
) -> Result<NewOrganization, RegistryError> {
    let new = checks::new_organization(fields).map_err(RegistryError::Invalid)?;
    hold_contacts(db, &new.contacts)?;
    Ok(new)
}

/// Makes an organization of what was checked before, once an operator has agreed. `owner` is the account whose log it
/// belongs to.
///
/// # Errors
/// If one of its contacts does not exist.
pub fn create(
    db: &mut Db,
    act: &Act,
    owner: Option<AccountId>,
    new: &NewOrganization,
) -> Result<Organization, RegistryError> {
    hold_contacts(db, &new.contacts)?;
    let handle = handles::next_organization(db, &new.name)?;
    rows::insert(db, &row(&handle, new, act.now, act.now, 1))?;
    for link in &new.contacts {
        rows::add_contact(db, &link.to_row(&handle))?;
    }
    let made = present(db, &handle)?;
    let action = audit::Action::OrganizationCreate;
    finish(db, act, owner, action, handle.as_str())?;
    Ok(made)
}

/// Changes an organization to what the fields say: a full replacement, but for what [`checks::changed_organization`]
/// keeps.
///
/// # Errors
/// If there is none, the account may not change it, something cannot be accepted, or it is not as `expected`.
pub fn change(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    fields: &OrganizationFields,
    expected: &Expected,
) -> Result<Organization, RegistryError> {
    let before = take(db, me, Action::OrganizationChange, handle)?;
    let new = checks::changed_organization(fields, &before).map_err(RegistryError::Invalid)?;
    hold_contacts(db, &added(&before.contacts, &new.contacts))?;
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
    for link in removed(&before.contacts, &new.contacts) {
        rows::delete_contact(db, &link.to_row(handle))?;
    }
    for link in added(&before.contacts, &new.contacts) {
        rows::add_contact(db, &link.to_row(handle))?;
    }
    let after = present(db, handle)?;
    let action = audit::Action::OrganizationChange;
    finish(db, act, Some(me), action, handle.as_str())?;
    Ok(after)
}

/// Deletes an organization, and returns it as it was.
///
/// # Errors
/// If there is none, the account may not delete it, it has networks or customers, or it is not as `expected`.
pub fn delete(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    expected: &Expected,
) -> Result<Organization, RegistryError> {
    let organization = take(db, me, Action::OrganizationDelete, handle)?;
    let handle = organization.handle.as_str();
    let networks = rows::networks_held_by(db, handle, MAX_HOLDERS)?;
    let customers = rows::customers_of(db, handle, MAX_HOLDERS)?;
    let networks = (networks.into_iter())
        .map(|network| Problem::new("netHandle", format!("{network} is registered to it.")));
    let customers = (customers.into_iter())
        .map(|customer| Problem::new("customerHandle", format!("{customer} is its customer.")));
    let holders: Vec<Problem> = networks.chain(customers).collect();
    if !holders.is_empty() {
        return Err(RegistryError::NotRemovable(
            format!("{handle} still has what is listed. Remove that first."),
            holders,
        ));
    }
    expected.check(organization.revision)?;
    rows::delete(db, handle)?;
    finish(db, act, Some(me), audit::Action::OrganizationDelete, handle)?;
    Ok(organization)
}

pub(in crate::domain::registry) fn row(
    handle: &Handle,
    new: &NewOrganization,
    registered_at: Timestamp,
    updated_at: Timestamp,
    revision: i64,
) -> OrganizationRow {
    OrganizationRow {
        handle: handle.as_str().to_owned(),
        name: new.name.clone(),
        dba_name: new.dba_name.clone(),
        tax_id: new.tax_id.clone(),
        url: new.url.clone(),
        street: joined(&new.address.street),
        city: new.address.city.clone(),
        state: new.address.state.clone(),
        postal_code: new.address.postal_code.clone(),
        country: new.address.country.code2.to_owned(),
        comment: joined(&new.comment),
        accepts_reassignments: new.accepts_reassignments,
        registered_at,
        updated_at,
        revision,
    }
}
