//! Operator > Organizations and contacts > one organization: its facts, contacts, networks and customers.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html};
use super::networks::NetworkRow;
use super::registry_lists::ORGANIZATIONS;
use super::registry_records::{ContactRow, Record, address_lines, handle_of};
use crate::domain::registry::holdings::{self, HeldNetwork};
use crate::domain::registry::networks::NetworkKind;
use crate::domain::registry::{contacts, customers, organizations};
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::registrant::RegistryOperator;
use crate::web::layout::{Layout, times};

/// Networks, and customers, that the page shows at most.
const MOST: usize = 500;

#[derive(Template)]
#[template(path = "pages/operator/organization.html")]
struct OrganizationPage {
    layout: Layout,
    record: Record,
    dba_name: Option<String>,
    tax_id: Option<String>,
    url: Option<String>,
    address: Vec<String>,
    accepts_reassignments: bool,
    contacts: Vec<ContactRow>,
    networks: Vec<NetworkRow>,
    /// Handle and name.
    customers: Vec<(String, String)>,
    more_networks: bool,
    more_customers: bool,
}

/// The page.
pub async fn get(RegistryOperator(me): RegistryOperator, handle: web::Path<String>) -> PageResult {
    let handle = handle_of(&handle)?;
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let Some(organization) = organizations::find(db, &handle)? else {
                return Ok(None);
            };
            let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
            let networks = holdings::networks_of(db, &handle, limit)?;
            let customers = customers::of_organization(db, &handle, limit)?;
            let contacts = contacts::with_names(db, &organization.contacts)?;
            Ok(Some((organization, networks, customers, contacts)))
        })
        .await;
    let (organization, networks, customers, contacts) = found?.ok_or(PageError::NotFound)?;
    let times = times(&me.visitor, &me.account);
    let page = OrganizationPage {
        layout: ORGANIZATIONS.layout_below(&me, &organization.name, organization.handle.as_str()),
        address: address_lines(&organization.address),
        contacts: contacts.iter().map(ContactRow::from).collect(),
        more_networks: networks.len() > MOST,
        more_customers: customers.len() > MOST,
        networks: networks.iter().take(MOST).map(held).collect(),
        customers: (customers.iter().take(MOST))
            .map(|customer| (customer.handle.to_string(), customer.name.clone()))
            .collect(),
        record: Record {
            handle: organization.handle.to_string(),
            name: organization.name,
            comment: organization.comment,
            registered: times.date(organization.registered_at),
            updated: times.date(organization.updated_at),
            zone: times.zone_name(),
        },
        dba_name: organization.dba_name,
        tax_id: organization.tax_id,
        url: organization.url,
        accepts_reassignments: organization.accepts_reassignments,
    };
    html(StatusCode::OK, &page)
}

/// Without a link to the holder, which in most rows is this page.
fn held(network: &HeldNetwork) -> NetworkRow {
    NetworkRow {
        handle: network.handle.to_string(),
        name: network.name.clone(),
        range: network.range.to_string(),
        kind: NetworkKind::from_code(&network.kind).map_or("", NetworkKind::name),
        holder: network.holder.to_string(),
        holder_href: None,
    }
}
