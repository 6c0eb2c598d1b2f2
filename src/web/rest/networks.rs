//! Calls about networks.

use actix_web::HttpResponse;
use actix_web::http::Method;

use super::path::Resource;
use super::xml::write::{MessagesView, TicketView};
use super::xml::{read, write};
use super::{Call, RestResult, document};
use crate::domain::registry::networks::{self, Network, Removal};
use crate::domain::registry::tickets::{Resolution, Ticket};
use crate::web::error::RestError;

/// Answers a call about networks.
pub(super) async fn answer(call: Call) -> RestResult {
    match call.target.resource.clone() {
        Resource::Network(handle) => match call.method {
            Method::GET => view(call, handle).await,
            Method::DELETE => remove(call, handle).await,
            _ => change(call, handle).await,
        },
        Resource::MostSpecificNetwork(start, end) => most_specific(call, start, end).await,
        Resource::ParentNetwork(start, end) => parent(call, start, end).await,
        Resource::NetworksInRange(start, end) => in_range(call, start, end).await,
        Resource::NetworkRemoval(handle) => remove(call, handle).await,
        Resource::Reassignment(parent) => reassign(call, parent).await,
        Resource::Reallocation(parent) => reallocate(call, parent).await,
        _ => Err(RestError::bad_request("This is no call about networks.")),
    }
}

async fn view(call: Call, handle: String) -> RestResult {
    let me = call.me;
    let found = (call.state.pool)
        .read(move |db| networks::view(db, me, &handle))
        .await?;
    Ok(network(&found))
}

async fn most_specific(call: Call, start: String, end: String) -> RestResult {
    let (me, range) = (call.me, networks::parse_range(&start, &end)?);
    let found = (call.state.pool)
        .read(move |db| networks::most_specific(db, me, range))
        .await?;
    Ok(network(&found))
}

async fn parent(call: Call, start: String, end: String) -> RestResult {
    let (me, range) = (call.me, networks::parse_range(&start, &end)?);
    let found = (call.state.pool)
        .read(move |db| networks::parent_of(db, me, range))
        .await?;
    Ok(network(&found))
}

async fn in_range(call: Call, start: String, end: String) -> RestResult {
    let (me, range) = (call.me, networks::parse_range(&start, &end)?);
    let found = (call.state.pool)
        .read(move |db| networks::in_range(db, me, range))
        .await?;
    Ok(document(write::networks(&found), None))
}

async fn change(call: Call, handle: String) -> RestResult {
    let fields = read::network(&call.body)?;
    let (act, me, expected) = (call.act, call.me, call.expected);
    let after = (call.state.pool)
        .write(move |db| networks::change(db, &act, me, &handle, &fields, &expected))
        .await?;
    Ok(network(&after))
}

async fn remove(call: Call, handle: String) -> RestResult {
    let (act, me, expected) = (call.act, call.me, call.expected);
    let removal = (call.state.pool)
        .write(move |db| networks::remove(db, &act, me, &handle, &expected))
        .await?;
    Ok(match removal {
        Removal::Done(network) => document(write::ticketed_network(&network), None),
        Removal::Asked(ticket) => document(write::ticketed_ticket(&summary(&ticket)), None),
    })
}

async fn reassign(call: Call, parent: String) -> RestResult {
    let fields = read::network(&call.body)?;
    let (act, me) = (call.act, call.me);
    let made = (call.state.pool)
        .write(move |db| networks::reassign(db, &act, me, &parent, &fields))
        .await?;
    Ok(cut(&made))
}

async fn reallocate(call: Call, parent: String) -> RestResult {
    let fields = read::network(&call.body)?;
    let (act, me) = (call.act, call.me);
    let made = (call.state.pool)
        .write(move |db| networks::reallocate(db, &act, me, &parent, &fields))
        .await?;
    Ok(cut(&made))
}

/// A network as the answer.
fn network(network: &Network) -> HttpResponse {
    document(write::network(network), Some(network.revision))
}

/// A network that was cut from another one, as the answer.
fn cut(network: &Network) -> HttpResponse {
    let body = write::ticketed_network(network);
    document(body, Some(network.revision))
}

/// A ticket that was opened just now, and has no message yet.
fn summary(ticket: &Ticket) -> TicketView {
    TicketView {
        number: ticket.number.to_string(),
        kind: ticket.kind.code(),
        status: ticket.status.code(),
        resolution: ticket.resolution.map(Resolution::code),
        created_at: ticket.created_at,
        updated_at: ticket.updated_at,
        resolved_at: ticket.resolved_at,
        closed_at: ticket.closed_at,
        organization: None,
        messages: MessagesView::None,
    }
}
