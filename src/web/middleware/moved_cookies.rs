//! Session cookies that were made under an instance secret that is no longer the current one: the session goes on, and the
//! browser gets its cookie anew.

use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, CookieJar, Key, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web;

use crate::domain::security::sessions::LONGEST_LIFE;
use crate::web::state::AppState;

/// The keys of session cookies, the current one first.
#[derive(Clone)]
pub struct CookieKeys(pub Vec<Key>);

/// Puts a cookie under the current key in the place of one under an older key, in the request and in the answer.
///
/// # Errors
/// What the handler fails with.
pub async fn moved_cookies<B: MessageBody>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let state = AppState::of(req.request()).clone();
    let moved = moved(&req, &state);
    if let Some((header, _)) = &moved {
        req.headers_mut().insert(header::COOKIE, header.clone());
    }
    let mut response = next.call(req).await?;
    if let Some((_, cookie)) = moved {
        let name = cookie_name(&state);
        // A handler that began, renewed or ended the session has said so itself.
        let is_told = response
            .headers()
            .get_all(header::SET_COOKIE)
            .any(|line| line.as_bytes().starts_with(name.as_bytes()));
        if !is_told && let Ok(line) = HeaderValue::from_str(&cookie.encoded().to_string()) {
            response.headers_mut().append(header::SET_COOKIE, line);
        }
    }
    Ok(response)
}

/// The request's header of cookies, and the browser's new cookie; `None` if nothing has to be moved.
fn moved(
    req: &ServiceRequest,
    state: &web::Data<AppState>,
) -> Option<(HeaderValue, Cookie<'static>)> {
    let (current, older) = state.cookie_keys.0.split_first()?;
    if older.is_empty() {
        return None;
    }
    let name = cookie_name(state);
    let line = req.headers().get(header::COOKIE)?.to_str().ok()?;
    let cookies: Vec<Cookie<'static>> = line
        .split(';')
        .filter_map(|pair| Cookie::parse_encoded(pair.trim().to_owned()).ok())
        .collect();
    let sent = cookies.iter().find(|cookie| cookie.name() == name)?;
    let open = |key: &Key| {
        let mut jar = CookieJar::new();
        jar.add_original(sent.clone());
        jar.private(key).get(name)
    };
    if open(current).is_some() {
        return None;
    }
    let plain = older.iter().find_map(open)?;
    let mut jar = CookieJar::new();
    jar.private_mut(current)
        .add(Cookie::new(name, plain.value().to_owned()));
    let mut new = jar.get(name)?.clone();
    let others = cookies.iter().filter(|cookie| cookie.name() != name);
    let pairs: Vec<String> = others
        .chain(std::iter::once(&new))
        .map(|cookie| cookie.stripped().encoded().to_string())
        .collect();
    let header = HeaderValue::from_str(&pairs.join("; ")).ok()?;
    new.set_path("/");
    new.set_http_only(true);
    new.set_secure(state.site.is_https());
    new.set_same_site(SameSite::Lax);
    new.set_max_age(Duration::seconds(LONGEST_LIFE.num_seconds()));
    Some((header, new))
}

/// Name of the session cookie.
pub fn cookie_name(state: &AppState) -> &'static str {
    if state.site.is_https() {
        "__Host-keyport"
    } else {
        "keyport"
    }
}
