//! Networks are removed: at once if nothing was cut from them, else when an operator agrees.

use super::{Network, lock, one, rows};
use crate::domain::audit::{self, Act, Outcome};
use crate::domain::registry::authority::Action;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::reach::{Reader, require};
use crate::domain::registry::tickets::{Ticket, opening};
use crate::domain::registry::{Expected, finish};
use crate::ids::AccountId;
use crate::store::registry::head;
use crate::store::{Db, accounts};

/// What came of asking for a removal.
#[derive(Clone, Debug)]
pub enum Removal {
    /// It was removed. This is how it was.
    Done(Network),
    /// Networks were cut from it: an operator decides.
    Asked(Ticket),
}

/// Removes a network, or asks for that if networks were cut from it. Its customer stays.
///
/// # Errors
/// If there is none, the account lacks the authority, it is a direct allocation, or it is not as `expected`.
pub fn remove(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    expected: &Expected,
) -> Result<Removal, RegistryError> {
    // Accounts before records: who decides about a ticket takes them in this order.
    accounts::lock(db, me)?;
    let row = lock(db, handle)?;
    let reach = Reader::changing(me).on_network(db, &row)?;
    require(Action::NetworkRemove, &reach)?;
    let network = one(db, row)?;
    if let Some(words) = (network.kind).rules_out(Action::NetworkRemove, network.handle.as_str()) {
        return Err(RegistryError::Forbidden(words));
    }
    expected.check(network.revision)?;
    if rows::has_children(db, network.handle.as_str())? {
        let ticket = opening::open_removal_request(db, act, me, &network.handle)?;
        return Ok(Removal::Asked(ticket));
    }
    rows::delete(db, network.handle.as_str())?;
    let action = audit::Action::NetworkRemove;
    finish(db, act, Some(me), action, network.handle.as_str())?;
    Ok(Removal::Done(network))
}

/// Removes a network with all that was cut from it, and names them, the network itself first. Customers stay. The caller
/// has decided that it may be done.
///
/// # Errors
/// If there is none.
pub fn remove_tree(db: &mut Db, act: &Act, handle: &Handle) -> Result<Vec<Handle>, RegistryError> {
    let root = lock(db, handle.as_str())?;
    // From above, each level locked before the next one is read: nothing can be cut from them meanwhile.
    let mut removed = vec![root.handle.clone()];
    let mut level = vec![root.handle];
    while !level.is_empty() {
        level = rows::lock_children(db, &level)?;
        removed.extend(level.iter().cloned());
    }
    for handle in removed.iter().rev() {
        rows::delete(db, handle)?;
    }
    head::advance(db, act.now)?;
    for handle in &removed {
        let action = audit::Action::NetworkRemove;
        act.record(db, None, action, Some(handle), Outcome::Done)?;
    }
    Ok(removed.into_iter().map(Handle::from_stored).collect())
}
