//! What an account may do in the registry, object by object: for people who want to know why not.

use super::associations::{self, Association};
use super::authority::{Action, Reach, decide};
use super::handles::Handle;
use super::holdings;
use super::links;
use super::networks::NetworkKind;
use super::organizations;
use super::reach::Reader;
use crate::domain::api_keys::scopes::{REGISTRY_READ, REGISTRY_WRITE, REPORTS_READ};
use crate::ids::AccountId;
use crate::store::registry::networks::NetworkRow;
use crate::store::registry::reach as rows;
use crate::store::{Db, StoreError};

/// What everyone may do, with an account.
const FOR_EVERYONE: [Action; 3] = [
    Action::ContactCreate,
    Action::OrganizationCreate,
    Action::AssociationsReport,
];
/// What is done to a contact.
pub const ON_CONTACTS: [Action; 3] = [
    Action::ContactView,
    Action::ContactChange,
    Action::ContactDelete,
];
/// What is done to an organization.
pub const ON_ORGANIZATIONS: [Action; 3] = [
    Action::OrganizationView,
    Action::OrganizationChange,
    Action::OrganizationDelete,
];
const ON_NETWORKS: [Action; 6] = [
    Action::NetworkView,
    Action::NetworkChange,
    Action::NetworkRemove,
    Action::NetworkReassign,
    Action::CustomerCreate,
    Action::ReassignmentReport,
];

/// Whether one thing may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// What.
    pub action: Action,
    /// The reason if it may not.
    pub refusal: Option<String>,
}

/// What may be done to one object, or in general.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Which; `None` for what needs no object.
    pub handle: Option<Handle>,
    /// Its name; empty where the handle says it.
    pub name: String,
    /// Each thing.
    pub rights: Vec<Right>,
}

/// The scope that a key needs for this.
pub fn scope(action: Action) -> &'static str {
    match action {
        Action::AssociationsReport | Action::ReassignmentReport | Action::ReportDownload => {
            REPORTS_READ
        }
        Action::ContactView
        | Action::OrganizationView
        | Action::NetworkView
        | Action::CustomerView
        | Action::TicketView => REGISTRY_READ,
        Action::ContactCreate
        | Action::OrganizationCreate
        | Action::LinkRequest
        | Action::ContactChange
        | Action::ContactDelete
        | Action::OrganizationChange
        | Action::OrganizationDelete
        | Action::NetworkChange
        | Action::NetworkRemove
        | Action::NetworkReassign
        | Action::CustomerCreate
        | Action::CustomerChange
        | Action::CustomerDelete
        | Action::TicketMessage
        | Action::TicketClose
        | Action::TicketWithdraw
        | Action::LinkDecide => REGISTRY_WRITE,
    }
}

/// What the account may do: in general, then to its contacts, organizations and networks, up to `limit` networks of each
/// organization.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db, account_id: AccountId, limit: i64) -> Result<Vec<Rights>, StoreError> {
    let reader = Reader::looking(account_id);
    let mut all = vec![Rights {
        handle: None,
        name: String::new(),
        rights: rights(&FOR_EVERYONE, &Reach::default()),
    }];
    for link in links::list_for_account(db, account_id)? {
        let reach = reader.on_contact(db, &link.contact)?;
        all.push(Rights {
            handle: Some(link.contact),
            name: String::new(),
            rights: rights(&ON_CONTACTS, &reach),
        });
    }
    let associations = associations::list_for_account(db, account_id)?;
    let organizations = associations::organizations(&associations);
    let mut networks: Vec<NetworkRow> = Vec::new();
    for handle in &organizations {
        networks.extend(holdings::rows_of(db, handle, limit)?);
    }
    networks.extend(named(db, &associations)?);
    all.extend(on_organizations(db, reader, &organizations)?);
    all.extend(on_networks(db, reader, networks)?);
    Ok(all)
}

/// What the account may do to the organizations and networks that its contacts have functions on.
///
/// # Errors
/// If the database fails.
pub fn on_associations(
    db: &mut Db,
    account_id: AccountId,
    associations: &[Association],
) -> Result<Vec<Rights>, StoreError> {
    let reader = Reader::looking(account_id);
    let organizations = associations::organizations(associations);
    let networks = named(db, associations)?;
    let mut all = on_organizations(db, reader, &organizations)?;
    all.extend(on_networks(db, reader, networks)?);
    Ok(all)
}

fn named(db: &mut Db, associations: &[Association]) -> Result<Vec<NetworkRow>, StoreError> {
    let handles = associations::networks(associations);
    let handles: Vec<String> = handles.iter().map(Handle::to_string).collect();
    rows::networks_named(db, &handles)
}

fn on_organizations(
    db: &mut Db,
    reader: Reader,
    handles: &[Handle],
) -> Result<Vec<Rights>, StoreError> {
    let handles: Vec<String> = handles.iter().map(Handle::to_string).collect();
    let mut all = Vec::new();
    for organization in organizations::list(db, &handles)? {
        let reach = reader.on_organization(db, organization.handle.as_str())?;
        all.push(Rights {
            rights: rights(&ON_ORGANIZATIONS, &reach),
            handle: Some(organization.handle),
            name: organization.name,
        });
    }
    Ok(all)
}

fn on_networks(
    db: &mut Db,
    reader: Reader,
    mut networks: Vec<NetworkRow>,
) -> Result<Vec<Rights>, StoreError> {
    networks.sort_by(|one, other| one.handle.cmp(&other.handle));
    networks.dedup_by(|one, other| one.handle == other.handle);
    let mut all = Vec::new();
    for network in networks {
        let reach = reader.on_network(db, &network)?;
        all.push(Rights {
            rights: rights_on_network(&network, &reach),
            handle: Some(Handle::from_stored(network.handle)),
            name: network.name,
        });
    }
    Ok(all)
}

fn rights(actions: &[Action], reach: &Reach) -> Vec<Right> {
    let right = |action: &Action| Right {
        action: *action,
        refusal: (decide(*action, reach).err()).map(|denied| denied.words()),
    };
    actions.iter().map(right).collect()
}

/// With what the kind of a network rules out, whoever asks.
fn rights_on_network(network: &NetworkRow, reach: &Reach) -> Vec<Right> {
    let mut rights = rights(&ON_NETWORKS, reach);
    let kind = NetworkKind::from_code(&network.kind);
    for right in rights.iter_mut().filter(|right| right.refusal.is_none()) {
        right.refusal = kind.and_then(|kind| kind.rules_out(right.action, &network.handle));
    }
    rights
}
