//! Calls about tickets.

mod attachment;
mod search;
mod views;

use std::sync::Arc;

use actix_web::http::Method;

use super::path::Resource;
use super::xml::{read, write};
use super::{Call, RestResult, document};
use crate::domain::api_keys::scopes::{Access, REGISTRY_READ, REPORTS_READ};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::tickets::{
    Ticket, TicketKind, ending, messages as domain_messages, reading,
};
use crate::ids::AccountId;
use crate::store::Db;
use crate::web::error::RestError;

/// Answers a call about tickets.
pub(super) async fn answer(call: Call) -> RestResult {
    match call.target.resource.clone() {
        Resource::Tickets => search::answer(call, false).await,
        Resource::TicketSummaries => search::answer(call, true).await,
        Resource::Ticket(number) if call.method == Method::PUT => {
            let status = read::ticket_status(&call.body)?;
            let status = status.ok_or_else(|| {
                RegistryError::invalid("webTicketStatus", "Say CLOSED: nothing else can be set.")
            })?;
            set_status(call, number, status).await
        }
        Resource::Ticket(number) => view(call, number).await,
        Resource::TicketSummary(number) => summary(call, number).await,
        Resource::Messages(number) => add_message(call, number).await,
        Resource::Message(number, message) => view_message(call, number, message).await,
        Resource::Attachment(number, message, attachment) => {
            attachment::answer(call, number, message, attachment).await
        }
        Resource::TicketStatus(number, status) => set_status(call, number, status).await,
        _ => Err(RestError::bad_request("This is no call about tickets.")),
    }
}

async fn view(call: Call, number: String) -> RestResult {
    let refers = refers(&call.query)?;
    let (me, access) = (call.me, call.access.clone());
    let select = move |db: &mut Db| Ok(vec![readable(db, me, &access, &number)?]);
    let bytes = views::Bytes::Needed;
    let found = views::with_messages(&call, Arc::new(select), refers, bytes).await?;
    Ok(document(write::ticket(&found[0]), None))
}

async fn summary(call: Call, number: String) -> RestResult {
    let (me, access) = (call.me, call.access);
    let ticket = (call.state.pool)
        .read(move |db| readable(db, me, &access, &number))
        .await?;
    Ok(document(write::ticket(&views::summary(&ticket)), None))
}

async fn view_message(call: Call, number: String, message: String) -> RestResult {
    let (me, access) = (call.me, call.access);
    let found = (call.state.pool)
        .read(move |db| {
            let ticket = readable(db, me, &access, &number)?;
            Ok::<_, RestError>(reading::message(db, &ticket, &message)?)
        })
        .await?;
    Ok(document(write::message(&views::message(&found)), None))
}

async fn add_message(call: Call, number: String) -> RestResult {
    let fields = read::message(&call.body)?;
    let (me, act) = (call.me, call.act);
    let added = (call.state.pool)
        .write(move |db| domain_messages::add(db, &act, me, &number, &fields))
        .await?;
    Ok(document(write::message(&views::message(&added)), None))
}

async fn set_status(call: Call, number: String, status: String) -> RestResult {
    let (me, act, outbox) = (call.me, call.act, call.state.outbox.clone());
    let ticket = (call.state.pool)
        .write(move |db| ending::set_status(db, &act, &outbox, me, &number, &status))
        .await?;
    Ok(document(write::ticket(&views::summary(&ticket)), None))
}

/// A ticket that the account may read, with a key that covers its type: exists, scope, authority, in this order.
fn readable(
    db: &mut Db,
    me: AccountId,
    access: &Access,
    number: &str,
) -> Result<Ticket, RestError> {
    // A key that could read no ticket learns nothing of their numbers.
    if !access.allows(REGISTRY_READ) && !access.allows(REPORTS_READ) {
        return Err(RestError::missing_scope(REGISTRY_READ));
    }
    let ticket = reading::named(db, number)?;
    check_scope(access, ticket.kind)?;
    reading::check_view(db, me, &ticket)?;
    Ok(ticket)
}

fn check_scope(access: &Access, kind: TicketKind) -> Result<(), RestError> {
    let scope = scope(kind);
    match access.allows(scope) {
        true => Ok(()),
        false => Err(RestError::missing_scope(scope)),
    }
}

/// Reports are read with the scope for reports.
fn scope(kind: TicketKind) -> &'static str {
    match kind.is_report() {
        true => REPORTS_READ,
        false => REGISTRY_READ,
    }
}

/// `msgRefs`: whether messages are only referred to. The last one counts.
fn refers(query: &str) -> Result<bool, RestError> {
    let mut values = query.rsplit('&').filter_map(|part| part.split_once('='));
    let value = values.find(|(name, _)| *name == "msgRefs");
    match value.map(|(_, value)| value) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(RestError::bad_request("msgRefs is true or false.")),
    }
}

/// The document of a ticket that was opened just now.
pub(super) fn opened(ticket: &Ticket) -> String {
    write::ticket(&views::summary(ticket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_whole_unless_references_are_asked_for() {
        assert!(!refers("").unwrap());
        assert!(!refers("msgRefs=true&msgRefs=false").unwrap());
        assert!(refers("apikey=x&msgRefs=true").unwrap());
        assert!(refers("msgRefs=maybe").is_err());
        assert!(!refers("msgrefs=true").unwrap());
    }
}
