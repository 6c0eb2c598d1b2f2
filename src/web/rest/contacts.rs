//! Calls about contacts.

use actix_web::HttpResponse;
use actix_web::http::Method;

use super::path::{Resource, Target};
use super::xml::{read, write};
use super::{Call, RestResult, document};
use crate::domain::registry::contacts::{self, Contact, PhoneFilter};
use crate::domain::registry::fields::PhoneKind;
use crate::web::error::RestError;

/// Answers a call about contacts.
pub(super) async fn answer(call: Call) -> RestResult {
    match &call.target.resource {
        Resource::Contacts => create(call).await,
        Resource::Contact(handle) => {
            let handle = handle.clone();
            match call.method {
                Method::GET => view(call, handle).await,
                Method::DELETE => delete(call, handle).await,
                _ => change(call, handle).await,
            }
        }
        Resource::Phones(handle) => {
            let handle = handle.clone();
            match call.method {
                Method::DELETE => delete_phones(call, handle, None).await,
                _ => put_phone(call, handle).await,
            }
        }
        Resource::Phone(handle, number) => {
            let (handle, number) = (handle.clone(), number.clone());
            delete_phones(call, handle, Some(number)).await
        }
        Resource::Email(handle, email) => {
            let (handle, email) = (handle.clone(), email.clone());
            email_call(call, handle, email).await
        }
        _ => Err(RestError::bad_request("This is no call about contacts.")),
    }
}

async fn create(call: Call) -> RestResult {
    let makes_link = makes_link(&call.target)?;
    let fields = read::contact(&call.body)?;
    let suffix = call.state.config.registry.suffix.clone();
    let (act, me, outbox) = (call.act, call.me, call.state.outbox.clone());
    let made = (call.state.pool)
        .write(move |db| contacts::create(db, &act, &outbox, me, &suffix, &fields, makes_link))
        .await?;
    Ok(contact(&made))
}

/// `makeLink`; left out it is false.
fn makes_link(target: &Target) -> Result<bool, RestError> {
    match target.parameter("makeLink") {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(RestError::bad_request("makeLink is true or false.")),
    }
}

async fn view(call: Call, handle: String) -> RestResult {
    let me = call.me;
    let found = (call.state.pool)
        .read(move |db| contacts::view(db, me, &handle))
        .await?;
    Ok(contact(&found))
}

async fn change(call: Call, handle: String) -> RestResult {
    let fields = read::contact(&call.body)?;
    let (act, me, expected) = (call.act, call.me, call.expected);
    let after = (call.state.pool)
        .write(move |db| contacts::change(db, &act, me, &handle, &fields, &expected))
        .await?;
    Ok(contact(&after))
}

async fn delete(call: Call, handle: String) -> RestResult {
    let (act, me, expected) = (call.act, call.me, call.expected);
    let outbox = call.state.outbox.clone();
    let gone = (call.state.pool)
        .write(move |db| contacts::delete(db, &act, &outbox, me, &handle, &expected))
        .await?;
    Ok(document(write::contact(&gone), None))
}

async fn put_phone(call: Call, handle: String) -> RestResult {
    let fields = read::phone(&call.body)?;
    let (act, me, expected) = (call.act, call.me, call.expected);
    let phone = (call.state.pool)
        .write(move |db| contacts::put_phone(db, &act, me, &handle, &fields, &expected))
        .await?;
    Ok(document(write::phone(&phone), None))
}

async fn delete_phones(call: Call, handle: String, number: Option<String>) -> RestResult {
    let filter = phone_filter(number, call.target.parameter("type"))?;
    let (act, me, expected) = (call.act, call.me, call.expected);
    let gone = (call.state.pool)
        .write(move |db| contacts::delete_phones(db, &act, me, &handle, &filter, &expected))
        .await?;
    Ok(document(write::phones(&gone), None))
}

/// Which telephone numbers a path names.
fn phone_filter(number: Option<String>, kind: Option<&str>) -> Result<PhoneFilter, RestError> {
    let kind = kind.map(|code| {
        PhoneKind::from_code(code)
            .ok_or_else(|| RestError::bad_request("type is O (office), M (mobile) or F (fax)."))
    });
    Ok(match (number, kind.transpose()?) {
        (Some(number), Some(kind)) => PhoneFilter::Both(number, kind),
        (Some(number), None) => PhoneFilter::Number(number),
        (None, Some(kind)) => PhoneFilter::Kind(kind),
        (None, None) => {
            return Err(RestError::bad_request(
                "Name the numbers to delete: by number, by type, or by both.",
            ));
        }
    })
}

async fn email_call(call: Call, handle: String, email: String) -> RestResult {
    let (act, me, expected) = (call.act, call.me, call.expected);
    let is_new = call.method == Method::POST;
    let after = (call.state.pool)
        .write(move |db| match is_new {
            true => contacts::add_email(db, &act, me, &handle, &email, &expected),
            false => contacts::delete_email(db, &act, me, &handle, &email, &expected),
        })
        .await?;
    Ok(contact(&after))
}

fn contact(contact: &Contact) -> HttpResponse {
    document(write::contact(contact), Some(contact.revision))
}
