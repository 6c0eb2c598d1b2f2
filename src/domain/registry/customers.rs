//! Customers: whom networks are reassigned to that have no organization of their own.

use super::authority::Action;
use super::checks::{self, NewCustomer};
use super::error::{Problem, RegistryError};
use super::fields::CustomerFields;
use super::handles::{self, Handle};
use super::postal::{PostalAddress, joined, lines};
use super::reach::{Reader, require};
use super::{Expected, finish, networks};
use crate::clock::Timestamp;
use crate::domain::audit::{self, Act};
use crate::ids::AccountId;
use crate::store::registry::customers::{self as rows, CustomerRow};
use crate::store::registry::networks as network_rows;
use crate::store::registry::organizations;
use crate::store::{Db, StoreError};

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its name in the registry.
    pub handle: Handle,
    /// Its name.
    pub name: String,
    /// The organization whose customer it is.
    pub organization: Handle,
    /// The network that it was made under; it may be gone.
    pub network: Handle,
    /// True if name and street are hidden from others.
    pub is_private: bool,
    /// Where it is.
    pub address: PostalAddress,
    /// Lines.
    pub comment: Vec<String>,
    /// When it was made.
    pub registered_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub revision: i64,
}

impl From<CustomerRow> for Customer {
    fn from(row: CustomerRow) -> Self {
        Self {
            address: PostalAddress::from_stored(
                &row.street,
                row.city,
                row.state,
                row.postal_code,
                &row.country,
            ),
            comment: lines(&row.comment),
            handle: Handle::from_stored(row.handle),
            name: row.name,
            organization: Handle::from_stored(row.organization),
            network: Handle::from_stored(row.network),
            is_private: row.is_private,
            registered_at: row.registered_at,
            updated_at: row.updated_at,
            revision: row.revision,
        }
    }
}

/// The customer with this handle.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, handle: &Handle) -> Result<Option<Customer>, StoreError> {
    Ok(rows::find(db, handle.as_str())?.map(Customer::from))
}

/// Up to `limit` customers of an organization, by handle.
///
/// # Errors
/// If the database fails.
pub fn of_organization(
    db: &mut Db,
    organization: &Handle,
    limit: i64,
) -> Result<Vec<Customer>, StoreError> {
    let handles = organizations::customers_of(db, organization.as_str(), limit)?;
    let found = rows::list(db, &handles)?;
    Ok(found.into_iter().map(Customer::from).collect())
}

/// Up to `limit` customers behind this handle, by handle: for going through all of them.
///
/// # Errors
/// If the database fails.
pub fn list_behind(db: &mut Db, handle: &str, limit: i64) -> Result<Vec<Customer>, StoreError> {
    let found = rows::list_behind(db, handle, limit)?;
    Ok(found.into_iter().map(Customer::from).collect())
}

/// What others see of a customer that is private, in place of its name.
pub const PRIVATE_NAME: &str = "Private Customer";
/// The same, in place of its street.
pub const PRIVATE_STREET: &str = "Private Residence";

impl Customer {
    /// As those see it who may not see what a private customer hides.
    #[must_use]
    pub fn seen_by_others(mut self) -> Self {
        if self.is_private {
            self.name = PRIVATE_NAME.to_owned();
            self.address.street = vec![PRIVATE_STREET.to_owned()];
        }
        self
    }
}

/// The customer with this handle, for an account that may read it.
///
/// # Errors
/// If there is none, or the account may not.
pub fn view(db: &mut Db, me: AccountId, handle: &str) -> Result<Customer, RegistryError> {
    let handle = parse_handle(handle)?;
    let row = rows::find(db, handle.as_str())?.ok_or_else(|| unknown(&handle))?;
    let reach = Reader::looking(me).on_customer(db, &row)?;
    require(Action::CustomerView, &reach)?;
    Ok(row.into())
}

/// Makes a customer of the organization that holds this network.
///
/// # Errors
/// If there is no such network, the account lacks the authority, or something cannot be accepted.
pub fn create(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    network: &str,
    fields: &CustomerFields,
) -> Result<Customer, RegistryError> {
    let network = networks::lock(db, network)?;
    let reach = Reader::changing(me).on_network(db, &network)?;
    require(Action::CustomerCreate, &reach)?;
    let new = checks::new_customer(fields).map_err(RegistryError::Invalid)?;
    let organization = (network.organization.map(Handle::from_stored))
        .ok_or_else(|| no_organization(&network.handle))?;
    check_organization(fields.organization.as_deref(), &organization)?;
    let network = Handle::from_stored(network.handle);
    let handle = insert(db, act.now, &organization, &network, &new)?;
    let made = find(db, &handle)?.ok_or_else(|| unknown(&handle))?;
    let action = audit::Action::CustomerCreate;
    finish(db, act, Some(me), action, handle.as_str())?;
    Ok(made)
}

/// Adds a customer of this organization, made under this network.
pub(super) fn insert(
    db: &mut Db,
    now: Timestamp,
    organization: &Handle,
    network: &Handle,
    new: &NewCustomer,
) -> Result<Handle, StoreError> {
    let handle = handles::next_customer(db)?;
    rows::insert(
        db,
        &row(&handle, organization.as_str(), network.as_str(), now, new),
    )?;
    Ok(handle)
}

/// A customer that is new.
pub(super) fn row(
    handle: &Handle,
    organization: &str,
    network: &str,
    now: Timestamp,
    new: &NewCustomer,
) -> CustomerRow {
    CustomerRow {
        handle: handle.to_string(),
        name: new.name.clone(),
        organization: organization.to_owned(),
        network: network.to_owned(),
        is_private: new.is_private,
        street: joined(&new.address.street),
        city: new.address.city.clone(),
        state: new.address.state.clone(),
        postal_code: new.address.postal_code.clone(),
        country: new.address.country.code2.to_owned(),
        comment: joined(&new.comment),
        registered_at: now,
        updated_at: now,
        revision: 1,
    }
}

/// Changes a customer to what the fields say.
///
/// # Errors
/// If there is none, the account lacks the authority, something cannot be accepted, or it is not as `expected`.
pub fn change(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    fields: &CustomerFields,
    expected: &Expected,
) -> Result<Customer, RegistryError> {
    let before = take(db, me, Action::CustomerChange, handle)?;
    let new = checks::changed_customer(fields, &before).map_err(RegistryError::Invalid)?;
    check_organization(fields.organization.as_deref(), &before.organization)?;
    expected.check(before.revision)?;
    let (organization, network) = (before.organization.as_str(), before.network.as_str());
    let row = CustomerRow {
        registered_at: before.registered_at,
        revision: before.revision + 1,
        ..row(&before.handle, organization, network, act.now, &new)
    };
    rows::update(db, &row)?;
    let action = audit::Action::CustomerChange;
    finish(db, act, Some(me), action, before.handle.as_str())?;
    Ok(row.into())
}

/// Deletes a customer and returns it as it was.
///
/// # Errors
/// If there is none, the account lacks the authority, it holds a network, or it is not as `expected`.
pub fn delete(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    expected: &Expected,
) -> Result<Customer, RegistryError> {
    let customer = take(db, me, Action::CustomerDelete, handle)?;
    let handle = customer.handle.as_str();
    if let Some(held) = network_rows::of_customer(db, handle)? {
        return Err(RegistryError::NotRemovable(
            format!("{handle} still holds a network. Remove that first."),
            vec![Problem::new(
                "netHandle",
                format!("{} is registered to it.", held.handle),
            )],
        ));
    }
    expected.check(customer.revision)?;
    rows::delete(db, handle)?;
    finish(db, act, Some(me), audit::Action::CustomerDelete, handle)?;
    Ok(customer)
}

/// The customer with this handle, locked, for an account that may do this to it.
fn take(
    db: &mut Db,
    me: AccountId,
    action: Action,
    handle: &str,
) -> Result<Customer, RegistryError> {
    let handle = parse_handle(handle)?;
    let row = rows::lock(db, handle.as_str())?.ok_or_else(|| unknown(&handle))?;
    let reach = Reader::changing(me).on_customer(db, &row)?;
    require(action, &reach)?;
    Ok(row.into())
}

/// What the sender says of the organization has to be so.
///
/// # Errors
/// If it is another one.
pub(super) fn check_organization(
    sent: Option<&str>,
    organization: &Handle,
) -> Result<(), RegistryError> {
    match sent {
        Some(sent) if !sent.eq_ignore_ascii_case(organization.as_str()) => {
            Err(RegistryError::invalid(
                "parentOrgHandle",
                format!("It is a customer of {organization}. Name that, or leave this out."),
            ))
        }
        Some(_) | None => Ok(()),
    }
}

/// Only organizations have customers.
pub(super) fn no_organization(network: &str) -> RegistryError {
    RegistryError::Forbidden(format!(
        "{network} is held by a customer, who has no customers in turn."
    ))
}

/// What is no handle names no customer.
fn parse_handle(text: &str) -> Result<Handle, RegistryError> {
    (text.parse()).map_err(|_malformed| {
        RegistryError::NotFound("There is no customer with this handle.".to_owned())
    })
}

fn unknown(handle: &Handle) -> RegistryError {
    RegistryError::NotFound(format!("There is no customer {handle}."))
}
