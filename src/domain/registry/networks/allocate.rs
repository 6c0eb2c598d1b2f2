//! Networks come into the registry: direct allocations, which operators make.

use super::insert::{Cut, check_free, insert};
use super::reassign::{made, no_organization, problem_of_kind};
use super::{Holder, Network, NetworkKind, rows};
use crate::domain::audit::{Act, Action};
use crate::domain::registry::checks::{self, Recipient};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::fields::NetworkFields;
use crate::domain::registry::finish;
use crate::domain::registry::handles::{self, Handle};
use crate::store::Db;
use crate::store::registry::organizations;

/// Allocates a network to an organization directly. The caller is an operator.
///
/// # Errors
/// If something cannot be accepted, or the addresses overlap another network.
pub fn allocate(db: &mut Db, act: &Act, fields: &NetworkFields) -> Result<Network, RegistryError> {
    let new = checks::new_network(fields).map_err(RegistryError::Invalid)?;
    let kind = NetworkKind::DirectAllocation;
    if let Some(problem) = new
        .kind
        .as_deref()
        .and_then(|sent| problem_of_kind(sent, kind))
    {
        return Err(RegistryError::Invalid(vec![problem]));
    }
    if new.parent.is_some() {
        return Err(RegistryError::invalid(
            "parentNetHandle",
            "A direct allocation is cut from no other network. Leave this out.",
        ));
    }
    let Recipient::Organization(text) = &new.recipient else {
        return Err(RegistryError::invalid(
            "orgHandle",
            "Networks are allocated to organizations only. Name one.",
        ));
    };
    let organization = match text.parse::<Handle>() {
        Ok(handle) => organizations::lock(db, handle.as_str())?,
        Err(_malformed) => None,
    };
    let organization = organization.ok_or_else(|| no_organization(text))?;
    let holder = Holder::Organization(Handle::from_stored(organization.handle));
    // The number first: who cuts a network at this address holds it, and waits for what is locked next.
    let handle = handles::next_network(db, new.range.start())?;
    rows::lock_all(db)?;
    check_free(db, new.range, None)?;
    insert(
        db,
        act.now,
        &Cut {
            handle: &handle,
            kind,
            name: &new.name,
            range: new.range,
            holder: &holder,
            parent: None,
            comment: &new.comment,
        },
    )?;
    let made = made(db, &handle)?;
    finish(db, act, None, Action::NetworkCreate, handle.as_str())?;
    Ok(made)
}
