//! The cookie by which an account's browsers are told from new ones (`domain::security::devices`).

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpMessage as _, HttpRequest};

use crate::crypto::random::{base62_text, system_rng};
use crate::domain::security::devices::{REMEMBERED, digest, find_known};
use crate::ids::AccountId;
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::state::AppState;

/// Characters of a token: 256 bits.
const TOKEN_LENGTH: usize = 43;

/// Tokens that a browser keeps: one for each of its accounts, so that those do not make each other's new.
const MOST_TOKENS: usize = 5;
/// Stands between them.
const SEPARATOR: char = '.';

/// The value that goes to the browser with the answer.
#[derive(Clone)]
struct Remembered(Secret<String>);

/// What the account knows this browser by, from now on if it did not before. The cookie goes with the answer, so that it
/// lives on.
///
/// What the account does not know is never taken: someone else may have put it there, to be taken for this browser later.
pub(super) async fn remember(
    req: &HttpRequest,
    account_id: AccountId,
) -> Result<Secret<String>, StoreError> {
    let mut tokens = sent(req);
    let digests: Vec<Vec<u8>> = (tokens.iter())
        .map(|token| digest(account_id, token))
        .collect();
    let known = match digests.is_empty() {
        true => None,
        false => {
            (AppState::of(req).pool)
                .read(move |db| find_known(db, account_id, &digests))
                .await?
        }
    };
    let token = match known.and_then(|position| tokens.get(position).cloned()) {
        Some(token) => token,
        None => {
            let token = Secret::new(base62_text(&mut system_rng(), TOKEN_LENGTH));
            tokens.insert(0, token.clone());
            tokens.truncate(MOST_TOKENS);
            token
        }
    };
    let all: Vec<&str> = tokens.iter().map(|token| token.expose().as_str()).collect();
    let value = Secret::new(all.join(&SEPARATOR.to_string()));
    req.extensions_mut().insert(Remembered(value));
    Ok(token)
}

/// What the browser says that it is known by, to each of its accounts.
pub fn sent(req: &HttpRequest) -> Vec<Secret<String>> {
    let Some(cookie) = req.cookie(cookie_name(req)) else {
        return Vec::new();
    };
    (cookie.value().split(SEPARATOR))
        .filter(|token| is_token(token))
        .take(MOST_TOKENS)
        .map(|token| Secret::new(token.to_owned()))
        .collect()
}

/// The cookie for a browser that someone has just signed in with.
pub fn device_cookie(req: &HttpRequest) -> Option<Cookie<'static>> {
    let Remembered(value) = req.extensions().get::<Remembered>().cloned()?;
    let cookie = Cookie::build(cookie_name(req), value.expose().clone())
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
