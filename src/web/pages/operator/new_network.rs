//! Operator > Organizations and contacts > Networks > a new one: a direct allocation to an organization.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::super::{PageResult, html};
use super::registry_lists::{List, NETWORKS};
use crate::domain::registry::error::{Problem, RegistryError};
use crate::domain::registry::fields::{BlockFields, NetworkFields};
use crate::domain::registry::networks;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::RecentRegistryOperator;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary, entered, entered_lines};
use crate::web::layout::Layout;

#[derive(Template)]
#[template(path = "pages/operator/network_new.html")]
struct NewNetworkPage {
    layout: Layout,
    list: &'static List,
    summary: Option<Summary>,
    org: Field,
    block: Field,
    name: Field,
    comment: Field,
}

/// What is allocated to whom.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct NetworkForm {
    org: String,
    block: String,
    name: String,
    comment: String,
}

impl NetworkForm {
    /// As a document would say it; `None` if the addresses have no length.
    fn to_fields(&self) -> Option<NetworkFields> {
        let (start, length) = self.block.split_once('/')?;
        let block = BlockFields {
            start: entered(start),
            length: entered(length),
            ..BlockFields::default()
        };
        Some(NetworkFields {
            name: entered(&self.name),
            blocks: Some(vec![block]),
            organization: entered(&self.org),
            comment: entered_lines(&self.comment),
            ..NetworkFields::default()
        })
    }
}

/// The form.
pub async fn get(RecentRegistryOperator(me): RecentRegistryOperator) -> PageResult {
    html(StatusCode::OK, &page(&me, &NetworkForm::default()))
}

/// Allocates it.
pub async fn post(
    RecentRegistryOperator(me): RecentRegistryOperator,
    form: Form<NetworkForm>,
) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&me, &stale.into_kept());
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let Some(fields) = form.to_fields() else {
        let words = "Write the addresses with a length, like 192.0.2.0/24.";
        return refused(page(&me, &form), vec![Problem::new("netBlocks", words)]);
    };
    let act = me.visitor.act.clone();
    let made = (me.visitor.state.pool)
        .write(move |db| networks::allocate(db, &act, &fields))
        .await;
    match made {
        Ok(network) => {
            let lead = format!("{} was allocated.", network.range);
            NETWORKS.lead_to_new(&me, lead, &network.handle)
        }
        Err(RegistryError::Invalid(problems)) => refused(page(&me, &form), problems),
        Err(RegistryError::Conflict(problem)) => refused(page(&me, &form), vec![problem]),
        Err(error) => Err(error.into()),
    }
}

fn refused(mut page: NewNetworkPage, problems: Vec<Problem>) -> PageResult {
    for Problem { element, message } in problems {
        let (field, message) = match (element, page.org.value.trim().is_empty()) {
            ("orgHandle" | "customer" | "customerHandle", true) => (
                &mut page.org,
                "Name the organization that holds it, such as HEN-1.".to_owned(),
            ),
            ("orgHandle" | "customer" | "customerHandle", false) => (&mut page.org, message),
            ("netName", _) => (&mut page.name, message),
            ("comment", _) => (&mut page.comment, message),
            _ => (&mut page.block, message),
        };
        field.refuse_also(&message);
    }
    let fields = [
        ("org", "Organization", &page.org),
        ("block", "Addresses", &page.block),
        ("name", "Name", &page.name),
        ("comment", "Comment", &page.comment),
    ];
    page.summary = Summary::listing("Nothing was allocated.", &fields);
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn page(me: &CurrentAccount, form: &NetworkForm) -> NewNetworkPage {
    NewNetworkPage {
        layout: NETWORKS.layout_below(me, "Allocate a network", "Allocate"),
        list: &NETWORKS,
        summary: None,
        org: Field::with(&form.org),
        block: Field::with(&form.block),
        name: Field::with(&form.name),
        comment: Field::with(&form.comment),
    }
}
