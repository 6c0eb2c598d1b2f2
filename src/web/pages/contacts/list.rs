//! The contacts that the account is linked to, and what that allows.

use actix_web::http::StatusCode;
use askama::Template;

use super::requests::{self, RequestRow};
use super::{ContactLine, FunctionTag, PageResult, html};
use crate::domain::registry::associations;
use crate::domain::registry::authority::Action;
use crate::domain::registry::rights::{self, Rights};
use crate::domain::registry::{contacts, links};
use crate::store::StoreError;
use crate::web::extract::registrant::Registrant;
use crate::web::layout::{Layout, Nav, times};

#[derive(Template)]
#[template(path = "pages/contacts/list.html")]
struct ListPage {
    layout: Layout,
    contacts: Vec<ContactLine>,
    objects: Vec<ObjectRow>,
    requests: Vec<RequestRow>,
}

/// An organization or network, with what the account may do there.
struct ObjectRow {
    handle: String,
    name: String,
    functions: Vec<FunctionTag>,
    /// "read it, change it and delete it".
    allowed: String,
    /// Why not more.
    refusals: Vec<String>,
}

/// The page.
pub async fn get(Registrant(me): Registrant) -> PageResult {
    let id = me.account.id;
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let links = links::list_for_account(db, id)?;
            let handles: Vec<String> = links.iter().map(|link| link.contact.to_string()).collect();
            let contacts = contacts::list(db, &handles)?;
            let associations = associations::list_for_account(db, id)?;
            let rights = rights::on_associations(db, id, &associations)?;
            Ok((links, contacts, associations, rights))
        })
        .await;
    let (links, contacts, associations, rights) = found?;
    let times = times(&me.visitor, &me.account);
    let line = |contact: &contacts::Contact| {
        let link = links.iter().find(|link| link.contact == contact.handle)?;
        let mine = associations
            .iter()
            .filter(|one| one.contact == contact.handle);
        Some(ContactLine {
            handle: contact.handle.to_string(),
            name: contact.name(),
            functions: mine.map(FunctionTag::from).collect(),
            linked: times.date(link.linked_at),
        })
    };
    let object = |rights: &Rights| {
        let handle = rights.handle.as_ref()?;
        let here = associations.iter().filter(|one| one.object == *handle);
        Some(ObjectRow {
            handle: handle.to_string(),
            name: rights.name.clone(),
            functions: here
                .map(|one| FunctionTag {
                    object: one.contact.to_string(),
                    ..FunctionTag::from(one)
                })
                .collect(),
            allowed: allowed_words(rights),
            refusals: (rights.rights.iter())
                .filter_map(|right| right.refusal.clone())
                .collect(),
        })
    };
    let page = ListPage {
        requests: requests::rows(&me).await?,
        contacts: contacts.iter().filter_map(line).collect(),
        objects: rights.iter().filter_map(object).collect(),
        layout: Layout::new(&me.visitor, "Contacts", Nav::Contacts),
    };
    html(StatusCode::OK, &page)
}

/// "read it, change it and delete it"; empty if nothing may be done.
fn allowed_words(rights: &Rights) -> String {
    let allowed = rights.rights.iter().filter(|right| right.refusal.is_none());
    let words: Vec<&str> = allowed
        .filter_map(|right| short_words(right.action))
        .collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What is done, about something that the line names; `None` for what is not done to organizations and networks.
fn short_words(action: Action) -> Option<&'static str> {
    Some(match action {
        Action::OrganizationView | Action::NetworkView => "read it",
        Action::OrganizationChange | Action::NetworkChange => "change it",
        Action::OrganizationDelete => "delete it",
        Action::NetworkRemove => "remove it",
        Action::NetworkReassign => "reassign from it",
        Action::CustomerCreate => "make customers under it",
        Action::ReassignmentReport => "get its reassignment report",
        Action::ContactCreate
        | Action::OrganizationCreate
        | Action::AssociationsReport
        | Action::LinkRequest
        | Action::ContactView
        | Action::ContactChange
        | Action::ContactDelete
        | Action::CustomerView
        | Action::CustomerChange
        | Action::CustomerDelete
        | Action::TicketView
        | Action::TicketMessage
        | Action::TicketClose
        | Action::TicketWithdraw
        | Action::LinkDecide
        | Action::ReportDownload => return None,
    })
}
