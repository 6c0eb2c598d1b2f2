//! Operator > Organizations and contacts > one organization: its facts, contacts, networks and customers.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html};
use super::registry_lists::{ORGANIZATIONS, address_lines, handle_of};
use crate::domain::registry::handles::Handle;
use crate::domain::registry::holdings::{self, HeldNetwork};
use crate::domain::registry::networks::NetworkKind;
use crate::domain::registry::{contacts, customers, organizations};
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::registrant::RegistryOperator;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::TimeView;

/// Networks, and customers, that the page shows at most.
const MOST: usize = 500;

#[derive(Template)]
#[template(path = "pages/operator/organization.html")]
struct OrganizationPage {
    layout: Layout,
    handle: String,
    name: String,
    dba_name: Option<String>,
    tax_id: Option<String>,
    url: Option<String>,
    address: Vec<String>,
    comment: Vec<String>,
    accepts_reassignments: bool,
    registered: TimeView,
    updated: TimeView,
    /// Function, handle and name.
    contacts: Vec<(&'static str, String, String)>,
    networks: Vec<HeldRow>,
    /// Handle and name.
    customers: Vec<(String, String)>,
    more_networks: bool,
    more_customers: bool,
    zone: String,
}

struct HeldRow {
    handle: String,
    name: String,
    range: String,
    kind: &'static str,
    holder: String,
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
            let named: Vec<String> = (organization.contacts.iter())
                .map(|link| link.contact.to_string())
                .collect();
            let contacts = contacts::list(db, &named)?;
            Ok(Some((organization, networks, customers, contacts)))
        })
        .await;
    let (organization, networks, customers, contacts) = found?.ok_or(PageError::NotFound)?;
    let times = times(&me.visitor, &me.account);
    let name_of = |handle: &Handle| {
        let contact = contacts.iter().find(|contact| contact.handle == *handle);
        contact.map(contacts::Contact::name).unwrap_or_default()
    };
    let page = OrganizationPage {
        layout: Layout::new(
            &me.visitor,
            organization.name.as_str(),
            Nav::OperatorRegistry,
        )
        .with_crumbs(
            &[("Organizations", ORGANIZATIONS)],
            organization.handle.as_str(),
        ),
        address: address_lines(&organization.address),
        registered: times.date(organization.registered_at),
        updated: times.date(organization.updated_at),
        contacts: (organization.contacts.iter())
            .map(|link| {
                let name = name_of(&link.contact);
                (link.function.name(), link.contact.to_string(), name)
            })
            .collect(),
        more_networks: networks.len() > MOST,
        more_customers: customers.len() > MOST,
        networks: networks.iter().take(MOST).map(held).collect(),
        customers: (customers.iter().take(MOST))
            .map(|customer| (customer.handle.to_string(), customer.name.clone()))
            .collect(),
        handle: organization.handle.to_string(),
        name: organization.name,
        dba_name: organization.dba_name,
        tax_id: organization.tax_id,
        url: organization.url,
        comment: organization.comment,
        accepts_reassignments: organization.accepts_reassignments,
        zone: times.zone_name(),
    };
    html(StatusCode::OK, &page)
}

fn held(network: &HeldNetwork) -> HeldRow {
    HeldRow {
        handle: network.handle.to_string(),
        name: network.name.clone(),
        range: network.range.to_string(),
        kind: NetworkKind::from_code(&network.kind).map_or("", NetworkKind::name),
        holder: network.holder.to_string(),
    }
}
