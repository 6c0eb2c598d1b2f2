//! The cookie by which an account's browsers are told from new ones (`domain::security::devices`).

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpMessage as _, HttpRequest};

use crate::crypto::random::{base62_text, system_rng};
use crate::domain::security::devices::REMEMBERED;
use crate::secret::Secret;
use crate::web::state::AppState;

/// Characters of the cookie's value: 256 bits.
const TOKEN_LENGTH: usize = 43;

/// The value that goes to the browser with the answer.
#[derive(Clone)]
struct Remembered(Secret<String>);

/// What this browser is known by, from now on if it was not before. The cookie goes with the answer, so that it lives on.
pub(super) fn remember(req: &HttpRequest) -> Secret<String> {
    let known = req
        .cookie(cookie_name(req))
        .map(|cookie| cookie.value().to_owned())
        .filter(|value| is_token(value));
    let token = known.unwrap_or_else(|| base62_text(&mut system_rng(), TOKEN_LENGTH));
    let token = Secret::new(token);
    req.extensions_mut().insert(Remembered(token.clone()));
    token
}

/// The cookie for a browser that someone has just signed in with.
pub fn device_cookie(req: &HttpRequest) -> Option<Cookie<'static>> {
    let Remembered(token) = req.extensions().get::<Remembered>().cloned()?;
    let cookie = Cookie::build(cookie_name(req), token.expose().clone())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(AppState::of(req).site.is_https())
        .max_age(Duration::days(REMEMBERED.num_days()));
    Some(cookie.finish())
}

fn cookie_name(req: &HttpRequest) -> &'static str {
    if AppState::of(req).site.is_https() {
        "__Host-keyport_device"
    } else {
        "keyport_device"
    }
}

fn is_token(value: &str) -> bool {
    value.len() == TOKEN_LENGTH && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
