//! Networks are cut from others: reassigned for use, to organizations and customers, or reallocated to organizations, which
//! may cut them further.

use super::insert::{Cut, check_free, insert};
use super::{Holder, Network, NetworkKind, lock, one, rows};
use crate::domain::audit::{self, Act};
use crate::domain::registry::authority::Action;
use crate::domain::registry::checks::{self, NewNetwork, Recipient};
use crate::domain::registry::customers;
use crate::domain::registry::error::{Problem, RegistryError};
use crate::domain::registry::fields::NetworkFields;
use crate::domain::registry::finish;
use crate::domain::registry::handles::{self, Handle};
use crate::domain::registry::ranges::IpRange;
use crate::domain::registry::reach::{Reader, require};
use crate::ids::AccountId;
use crate::store::registry::customers::{self as customer_rows, CustomerRow};
use crate::store::registry::networks::NetworkRow;
use crate::store::registry::organizations::{self as organization_rows, OrganizationRow};
use crate::store::{Db, StoreError};

/// Reassigns a part of a network to a customer, who may be made with it, or to an organization.
///
/// # Errors
/// If there is no such network, the account lacks the authority, something cannot be accepted, or the addresses are not
/// free in it.
pub fn reassign(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    parent: &str,
    fields: &NetworkFields,
) -> Result<Network, RegistryError> {
    cut(db, act, me, parent, NetworkKind::Reassigned, fields)
}

/// Reallocates a part of a network to an organization.
///
/// # Errors
/// If there is no such network, the account lacks the authority, something cannot be accepted, or the addresses are not
/// free in it.
pub fn reallocate(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    parent: &str,
    fields: &NetworkFields,
) -> Result<Network, RegistryError> {
    cut(db, act, me, parent, NetworkKind::Reallocated, fields)
}

fn cut(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    parent: &str,
    kind: NetworkKind,
    fields: &NetworkFields,
) -> Result<Network, RegistryError> {
    let parent = lock(db, parent)?;
    let recipients = Recipients::lock(db, fields)?;
    let reach = Reader::changing(me).on_network(db, &parent)?;
    require(Action::NetworkReassign, &reach)?;
    let new = checks::new_network(fields).map_err(RegistryError::Invalid)?;
    let organization = organization_of(&parent)?;
    check_fit(kind, &parent, &new)?;
    let to = to_whom(db, kind, &organization, &new, fields, recipients)?;
    let range = range_of(&parent)?;
    if !range.contains(new.range) || range == new.range {
        return Err(RegistryError::Conflict(Problem::new(
            "netBlocks",
            format!(
                "{} is no part of {}, which is {range}. Choose addresses inside it.",
                new.range, parent.handle
            ),
        )));
    }
    let parent = Handle::from_stored(parent.handle);
    check_free(db, new.range, Some(&parent))?;

    let mut made_customer = None;
    let holder = match to {
        To::Holder(holder) => holder,
        To::NewCustomer(new) => {
            let handle = customers::insert(db, act.now, &organization, &parent, new)?;
            made_customer = Some(handle.clone());
            Holder::Customer(handle)
        }
    };
    let handle = handles::next_network(db, new.range.start())?;
    insert(
        db,
        act.now,
        &Cut {
            handle: &handle,
            kind,
            name: &new.name,
            range: new.range,
            holder: &holder,
            parent: Some(&parent),
            comment: &new.comment,
        },
    )?;
    let made = made(db, &handle)?;
    if let Some(customer) = made_customer {
        let action = audit::Action::CustomerCreate;
        finish(db, act, Some(me), action, customer.as_str())?;
    }
    let action = audit::Action::NetworkCreate;
    finish(db, act, Some(me), action, handle.as_str())?;
    Ok(made)
}

/// A network that this transaction has made.
pub(super) fn made(db: &mut Db, handle: &Handle) -> Result<Network, RegistryError> {
    let row = rows::find(db, handle.as_str())?.ok_or_else(|| super::unknown(handle))?;
    one(db, row)
}

/// The records that a document names as recipients, locked before the account's links are read. What is missing, is said
/// only to those who may know.
struct Recipients {
    organization: Option<OrganizationRow>,
    customer: Option<CustomerRow>,
}

impl Recipients {
    fn lock(db: &mut Db, fields: &NetworkFields) -> Result<Self, StoreError> {
        let parsed = |text: &Option<String>| text.as_ref()?.parse::<Handle>().ok();
        let organization = match parsed(&fields.organization) {
            Some(handle) => organization_rows::lock(db, handle.as_str())?,
            None => None,
        };
        let customer = match parsed(&fields.customer_handle) {
            Some(handle) => customer_rows::lock(db, handle.as_str())?,
            None => None,
        };
        Ok(Self {
            organization,
            customer,
        })
    }
}

/// Who is to hold the network.
enum To<'a> {
    Holder(Holder),
    NewCustomer(&'a checks::NewCustomer),
}

fn to_whom<'a>(
    db: &mut Db,
    kind: NetworkKind,
    organization: &Handle,
    new: &'a NewNetwork,
    fields: &NetworkFields,
    recipients: Recipients,
) -> Result<To<'a>, RegistryError> {
    let is_for_customer = !matches!(new.recipient, Recipient::Organization(_));
    if kind == NetworkKind::Reallocated && is_for_customer {
        return Err(RegistryError::invalid(
            "orgHandle",
            "Networks are reallocated to organizations only. Name one, or reassign the network.",
        ));
    }
    match &new.recipient {
        Recipient::Organization(text) => {
            let row = (recipients.organization).ok_or_else(|| no_organization(text))?;
            if !row.accepts_reassignments {
                return Err(RegistryError::Forbidden(format!(
                    "{} does not accept networks from others. Ask its contacts to allow it.",
                    row.handle
                )));
            }
            Ok(To::Holder(Holder::Organization(Handle::from_stored(
                row.handle,
            ))))
        }
        Recipient::Customer(text) => {
            let row = (recipients.customer).filter(|row| row.organization == organization.as_str());
            let row = row.ok_or_else(|| {
                RegistryError::invalid(
                    "customerHandle",
                    format!(
                        "{organization} has no customer “{text}”. Make one under the network first."
                    ),
                )
            })?;
            if let Some(held) = rows::of_customer(db, &row.handle)? {
                return Err(RegistryError::Conflict(Problem::new(
                    "customerHandle",
                    format!(
                        "{} has a network already, {}: each customer has one. Make another customer.",
                        row.handle, held.handle
                    ),
                )));
            }
            Ok(To::Holder(Holder::Customer(Handle::from_stored(
                row.handle,
            ))))
        }
        Recipient::NewCustomer(customer) => {
            let named = fields.customer.as_ref();
            customers::check_organization(
                named.and_then(|customer| customer.organization.as_deref()),
                organization,
            )?;
            Ok(To::NewCustomer(customer))
        }
    }
}

/// There is no such recipient.
pub(super) fn no_organization(text: &str) -> RegistryError {
    let words = format!("There is no organization “{text}”.");
    RegistryError::invalid("orgHandle", words)
}

/// The organization that holds the network above. One that a customer holds gives no one the authority to come here.
fn organization_of(parent: &NetworkRow) -> Result<Handle, RegistryError> {
    let rule = NetworkKind::from_code(&parent.kind)
        .and_then(|kind| kind.rules_out(Action::NetworkReassign, &parent.handle));
    if let Some(words) = rule {
        return Err(RegistryError::Forbidden(words));
    }
    let organization = parent.organization.clone();
    (organization.map(Handle::from_stored))
        .ok_or_else(|| customers::no_organization(&parent.handle))
}

fn range_of(row: &NetworkRow) -> Result<IpRange, RegistryError> {
    IpRange::from_bytes(&row.start_ip, &row.end_ip)
        .ok_or_else(|| super::unknown(&Handle::from_stored(row.handle.clone())))
}

/// What the sender says of type and parent has to be what becomes of it.
fn check_fit(
    kind: NetworkKind,
    parent: &NetworkRow,
    new: &NewNetwork,
) -> Result<(), RegistryError> {
    let mut problems: Vec<Problem> = (new.kind.as_deref())
        .and_then(|sent| problem_of_kind(sent, kind))
        .into_iter()
        .collect();
    if let Some(sent) = &new.parent
        && !sent.eq_ignore_ascii_case(&parent.handle)
    {
        problems.push(Problem::new(
            "parentNetHandle",
            format!(
                "The network is cut from {}. Name it, or leave this out.",
                parent.handle
            ),
        ));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(RegistryError::Invalid(problems)),
    }
}

/// What is wrong with the type that a sender names.
pub(super) fn problem_of_kind(sent: &str, kind: NetworkKind) -> Option<Problem> {
    (sent != kind.code()).then(|| {
        Problem::new(
            "type",
            format!(
                "The type of this network is {} ({}). Name it, or leave this out.",
                kind.code(),
                kind.name()
            ),
        )
    })
}
