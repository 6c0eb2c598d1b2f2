//! Addresses that programs look for on every site.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use chrono::TimeDelta;

use super::{PageResult, see_other};
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::state::{AppState, Worker};

/// `/robots.txt`: nothing here is for search engines.
pub async fn robots() -> HttpResponse {
    text("User-agent: *\nDisallow: /\n".to_owned())
}

/// `/.well-known/change-password` (W3C): where a password manager sends its user.
pub async fn change_password() -> HttpResponse {
    see_other("/settings/security/password")
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

/// How long the pool is waited for.
const LONGEST_PING: Duration = Duration::from_secs(5);

/// `/readyz`: this instance can judge keys and show pages now. Asks as a request would, and says which part is not able
/// to; the reason is in the log.
pub async fn ready(req: HttpRequest, state: web::Data<AppState>) -> HttpResponse {
    if state.draining.has_begun() {
        return not_ready("draining\n".to_owned());
    }
    // A query on a server that hangs has no end of its own. Who asks must hear in time.
    let pool = async {
        (tokio::time::timeout(LONGEST_PING, state.pool.ping()).await)
            .unwrap_or_else(|_elapsed| Err(StoreError::Unavailable("no answer in time".into())))
    };
    let (verifier, pool) = tokio::join!(Worker::of(&req).verifier.confirm(), pool);
    let mut missing = String::new();
    if let Err(error) = verifier {
        tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
        missing.push_str("the verifier cannot ask the database\n");
    }
    if let Err(error) = pool {
        tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
        missing.push_str("the pool has no connection to the database\n");
    }
    if missing.is_empty() {
        text("ready\n".to_owned())
    } else {
        not_ready(missing)
    }
}

fn text(body: String) -> HttpResponse {
    plain(&mut HttpResponse::Ok(), body)
}

fn not_ready(body: String) -> HttpResponse {
    plain(&mut HttpResponse::ServiceUnavailable(), body)
}

fn plain(answer: &mut HttpResponseBuilder, body: String) -> HttpResponse {
    answer
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}
