//! An organization with its networks, those that it holds and those that were cut from them, and what an account may do.

use super::authority::{Action, decide};
use super::handles::Handle;
use super::organizations::Organization;
use super::ranges::IpRange;
use super::reach::Reader;
use super::rights::ON_ORGANIZATIONS;
use crate::ids::AccountId;
use crate::store::registry::networks::NetworkRow;
use crate::store::registry::reach as rows;
use crate::store::{Db, StoreError};

/// A network as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldNetwork {
    /// Its name in the registry.
    pub handle: Handle,
    /// Its name.
    pub name: String,
    /// Code of its type.
    pub kind: String,
    /// Its addresses.
    pub range: IpRange,
    /// The organization or customer that it is registered to.
    pub holder: Handle,
}

/// An organization, as an account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// The organization.
    pub organization: Organization,
    /// Its networks.
    pub networks: Vec<HeldNetwork>,
    /// What the account may do to it; nothing if it may not even read it.
    pub may: Vec<Action>,
}

/// What the account sees of this organization, with up to `limit` networks.
///
/// # Errors
/// If the database fails.
pub fn overview(
    db: &mut Db,
    account_id: AccountId,
    organization: Organization,
    limit: i64,
) -> Result<Overview, StoreError> {
    let handle = &organization.handle;
    let reach = Reader::looking(account_id).on_organization(db, handle.as_str())?;
    let may = ON_ORGANIZATIONS.into_iter();
    let may: Vec<Action> = may
        .filter(|action| decide(*action, &reach).is_ok())
        .collect();
    let networks = match may.is_empty() {
        true => Vec::new(),
        false => networks_of(db, handle, limit)?,
    };
    Ok(Overview {
        organization,
        networks,
        may,
    })
}

/// Up to `limit` networks that the organization holds or that were cut from those, by address, larger first. Whoever may
/// read the organization may read all of them.
///
/// # Errors
/// If the database fails.
pub fn networks_of(
    db: &mut Db,
    organization: &Handle,
    limit: i64,
) -> Result<Vec<HeldNetwork>, StoreError> {
    let rows = rows_of(db, organization, limit)?;
    Ok(rows.iter().filter_map(HeldNetwork::of).collect())
}

/// The same as rows.
pub(super) fn rows_of(
    db: &mut Db,
    organization: &Handle,
    limit: i64,
) -> Result<Vec<NetworkRow>, StoreError> {
    let mut all = rows::held_by(db, organization.as_str(), limit)?;
    all.extend(rows::cut_from(db, organization.as_str(), limit)?);
    all.sort_by(|one, other| {
        let place = |row: &NetworkRow| (row.version, row.start_ip.clone());
        (place(one).cmp(&place(other))).then_with(|| other.end_ip.cmp(&one.end_ip))
    });
    // One that it holds may be cut from another one of its own.
    all.dedup_by(|one, other| one.handle == other.handle);
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}

impl HeldNetwork {
    fn of(row: &NetworkRow) -> Option<Self> {
        let holder = row.organization.as_ref().or(row.customer.as_ref())?;
        Some(Self {
            handle: Handle::from_stored(row.handle.clone()),
            name: row.name.clone(),
            kind: row.kind.clone(),
            range: IpRange::from_bytes(&row.start_ip, &row.end_ip)?,
            holder: Handle::from_stored(holder.clone()),
        })
    }
}
