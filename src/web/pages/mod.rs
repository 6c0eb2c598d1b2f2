//! The pages: a file each, with the struct of its template, the struct of its form, `get` and `post`.

pub mod api_keys;
pub mod audit;
pub mod contacts;
pub mod docs;
pub mod downloads;
pub mod email_verify;
pub mod error_page;
pub mod integrations;
pub mod notifications;
pub mod operator;
pub mod overview;
pub mod passkey_challenges;
pub mod password_forgot;
pub mod password_reset;
pub mod profile;
pub mod profile_close;
pub mod security;
pub mod security_password;
pub mod security_sessions;
pub mod sign_in;
pub mod sign_in_confirm;
pub mod sign_in_two_step;
pub mod sign_up;
pub mod theme;
pub mod tickets;
pub mod unsubscribe;
pub mod usage;
pub mod well_known;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;

use super::error::PageError;
use crate::domain::security::throttles::Throttled;

/// What a page's handler returns.
pub type PageResult = Result<HttpResponse, PageError>;

/// A page as an answer. Never stored by anyone: every page belongs to someone, or holds a form token.
fn html(status: StatusCode, page: &impl Template) -> PageResult {
    Ok(HttpResponseBuilder::new(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(page.render()?))
}

/// A form's page as the answer to too many tries.
fn throttled(throttled: Throttled, page: &impl Template) -> PageResult {
    let mut response = html(StatusCode::TOO_MANY_REQUESTS, page)?;
    for (name, value) in PageError::Throttled(throttled).headers() {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// The answer after which this browser is nobody's any more: what it has kept of the account's pages goes too.
fn signed_out(path: &str) -> HttpResponse {
    let mut response = see_other(path);
    response.headers_mut().insert(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static("\"cache\", \"storage\""),
    );
    response
}

/// "See there", after a form was accepted: reloading the next page does not send the form again.
fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// The way back that a request names, if it is a path of ours: anything else would let a link here lead elsewhere.
fn local_path(next: &str) -> Option<&str> {
    let is_local = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && next.bytes().all(|b| (0x21..0x7f).contains(&b));
    is_local.then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_ways_back() {
        assert_eq!(local_path("/settings/api?q=a"), Some("/settings/api?q=a"));
        for elsewhere in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\r\nb",
        ] {
            assert_eq!(local_path(elsewhere), None, "{elsewhere:?}");
        }
    }
}
