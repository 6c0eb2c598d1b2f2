//! Calls about organizations and the contacts that act for them.

use actix_web::HttpResponse;
use actix_web::http::Method;

use super::path::Resource;
use super::xml::{read, write};
use super::{Call, RestResult, document, tickets};
use crate::domain::registry::functions::Function;
use crate::domain::registry::organizations::{self, ContactFilter, Organization};
use crate::domain::registry::tickets::opening;
use crate::web::error::RestError;

/// Answers a call about organizations.
pub(super) async fn answer(call: Call) -> RestResult {
    match &call.target.resource {
        Resource::Organizations => ask(call).await,
        Resource::Organization(handle) => {
            let handle = handle.clone();
            match call.method {
                Method::GET => view(call, handle).await,
                Method::DELETE => delete(call, handle).await,
                _ => change(call, handle).await,
            }
        }
        Resource::OrganizationContacts(handle) => {
            let handle = handle.clone();
            remove_functions(call, handle, None).await
        }
        Resource::OrganizationContact(handle, contact) => {
            let (handle, contact) = (handle.clone(), contact.clone());
            match call.method {
                Method::DELETE => remove_functions(call, handle, Some(contact)).await,
                _ => add_function(call, handle, contact).await,
            }
        }
        _ => Err(RestError::bad_request(
            "This is no call about organizations.",
        )),
    }
}

/// Opens the ticket that operators decide about.
async fn ask(call: Call) -> RestResult {
    let fields = read::organization(&call.body)?;
    let (act, me) = (call.act, call.me);
    let ticket = (call.state.pool)
        .write(move |db| {
            organizations::check_new(db, &fields)?;
            opening::open_organization_request(db, &act, me, &fields)
        })
        .await?;
    Ok(document(tickets::opened(&ticket), None))
}

async fn view(call: Call, handle: String) -> RestResult {
    let me = call.me;
    let found = (call.state.pool)
        .read(move |db| organizations::view(db, me, &handle))
        .await?;
    Ok(organization(&found))
}

async fn change(call: Call, handle: String) -> RestResult {
    let fields = read::organization(&call.body)?;
    let (act, me, expected) = (call.act, call.me, call.expected);
    let after = (call.state.pool)
        .write(move |db| organizations::change(db, &act, me, &handle, &fields, &expected))
        .await?;
    Ok(organization(&after))
}

async fn delete(call: Call, handle: String) -> RestResult {
    let (act, me, expected) = (call.act, call.me, call.expected);
    let gone = (call.state.pool)
        .write(move |db| organizations::delete(db, &act, me, &handle, &expected))
        .await?;
    Ok(document(write::organization(&gone, true), None))
}

async fn add_function(call: Call, handle: String, contact: String) -> RestResult {
    let function = function(call.target.parameter("pocFunction"))?.ok_or_else(|| {
        RestError::bad_request(format!(
            "Say what the contact does: pocFunction is {CODES}."
        ))
    })?;
    let (act, me, expected) = (call.act, call.me, call.expected);
    let after = (call.state.pool)
        .write(move |db| {
            let to = organizations::Place {
                organization: &handle,
                contact: &contact,
            };
            organizations::add_function(db, &act, me, to, function, &expected)
        })
        .await?;
    Ok(organization(&after))
}

async fn remove_functions(call: Call, handle: String, contact: Option<String>) -> RestResult {
    let function = function(call.target.parameter("pocFunction"))?;
    let filter = match (contact, function) {
        (Some(contact), Some(function)) => ContactFilter::Both(contact, function),
        (Some(contact), None) => ContactFilter::Contact(contact),
        (None, Some(function)) => ContactFilter::Function(function),
        (None, None) => {
            return Err(RestError::bad_request(format!(
                "Name the contact, or say which function is meant: pocFunction is {CODES}."
            )));
        }
    };
    let (act, me, expected) = (call.act, call.me, call.expected);
    let after = (call.state.pool)
        .write(move |db| organizations::remove_functions(db, &act, me, &handle, &filter, &expected))
        .await?;
    Ok(organization(&after))
}

const CODES: &str = "AD, T, AB, N, R or D";

/// `pocFunction`, if it is there.
fn function(code: Option<&str>) -> Result<Option<Function>, RestError> {
    code.map(|code| {
        Function::from_code(code)
            .ok_or_else(|| RestError::bad_request(format!("pocFunction is {CODES}.")))
    })
    .transpose()
}

/// The tax id is in it only if the account may change the organization: [`organizations::view`] sees to that, and all
/// other calls need that authority themselves.
fn organization(organization: &Organization) -> HttpResponse {
    document(
        write::organization(organization, true),
        Some(organization.revision),
    )
}
