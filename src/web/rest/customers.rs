//! Calls about customers.

use actix_web::HttpResponse;
use actix_web::http::Method;

use super::path::Resource;
use super::xml::{read, write};
use super::{Call, RestResult, document};
use crate::domain::registry::customers::{self, Customer};
use crate::web::error::RestError;

/// Answers a call about customers.
pub(super) async fn answer(call: Call) -> RestResult {
    match call.target.resource.clone() {
        Resource::NetworkCustomers(network) => create(call, network).await,
        Resource::Customer(handle) => match call.method {
            Method::GET => view(call, handle).await,
            Method::DELETE => delete(call, handle).await,
            _ => change(call, handle).await,
        },
        _ => Err(RestError::bad_request("This is no call about customers.")),
    }
}

async fn create(call: Call, network: String) -> RestResult {
    let fields = read::customer(&call.body)?;
    let (act, me) = (call.act, call.me);
    let made = (call.state.pool)
        .write(move |db| customers::create(db, &act, me, &network, &fields))
        .await?;
    Ok(customer(&made))
}

async fn view(call: Call, handle: String) -> RestResult {
    let me = call.me;
    let found = (call.state.pool)
        .read(move |db| customers::view(db, me, &handle))
        .await?;
    Ok(customer(&found))
}

async fn change(call: Call, handle: String) -> RestResult {
    let fields = read::customer(&call.body)?;
    let (act, me, expected) = (call.act, call.me, call.expected);
    let after = (call.state.pool)
        .write(move |db| customers::change(db, &act, me, &handle, &fields, &expected))
        .await?;
    Ok(customer(&after))
}

async fn delete(call: Call, handle: String) -> RestResult {
    let (act, me, expected) = (call.act, call.me, call.expected);
    let before = (call.state.pool)
        .write(move |db| customers::delete(db, &act, me, &handle, &expected))
        .await?;
    Ok(document(write::customer(&before, true), None))
}

/// A customer as the answer, to an account that may view it.
fn customer(customer: &Customer) -> HttpResponse {
    let body = write::customer(customer, true);
    document(body, Some(customer.revision))
}
