//! Addresses that programs look for on every site.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use chrono::TimeDelta;

use super::{PageResult, see_other};
use crate::web::error::PageError;
use crate::web::state::AppState;

/// `/robots.txt`: nothing here is for search engines.
pub async fn robots() -> HttpResponse {
    text("User-agent: *\nDisallow: /\n".to_owned())
}

/// `/.well-known/change-password` (W3C): where a password manager sends its user.
pub async fn change_password() -> HttpResponse {
    see_other("/settings/security")
}

/// `/.well-known/security.txt` (RFC 9116), if the operator has given a contact.
///
/// # Errors
/// Not found without a contact.
pub async fn security_txt(state: web::Data<AppState>) -> PageResult {
    let contact = state
        .site
        .security_contact
        .as_ref()
        .ok_or(PageError::NotFound)?;
    let expires = (state.clock.now() + TimeDelta::days(180)).to_rfc3339();
    Ok(text(format!("Contact: {contact}\nExpires: {expires}\n")))
}

/// `/healthz`: the process is alive.
pub async fn health() -> HttpResponse {
    text("ok\n".to_owned())
}

fn text(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}
