//! The browser that signed up with an address keeps a proof of it until the address is confirmed: then it is known that
//! whoever confirms has chosen the password that waits. Anyone can sign up with anyone's address.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::crypto::digest::{constant_time_eq, hmac_sha256};
use crate::web::state::AppState;

/// Hours that a link for confirming an address works.
const HOURS: i64 = 24;

fn name(state: &AppState) -> &'static str {
    if state.site.is_https() {
        "__Host-keyport_signed_up"
    } else {
        "keyport_signed_up"
    }
}

fn proof(state: &AppState, email: &str, hash: &str) -> String {
    let what = format!("signed up\0{email}\0{hash}");
    URL_SAFE_NO_PAD.encode(hmac_sha256(&state.form_key, what.as_bytes()))
}

/// The proof, for the browser that has just sent the form. Also where nothing was done with it: the answer must not tell.
pub fn cookie(state: &AppState, email: &str, hash: &str) -> Cookie<'static> {
    Cookie::build(name(state), proof(state, email, hash))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.site.is_https())
        .max_age(Duration::hours(HOURS))
        .finish()
}

/// The proof that came with a request.
pub struct ChosenPassword(Option<String>);

impl ChosenPassword {
    /// That of this request.
    pub fn of(req: &HttpRequest) -> Self {
        let cookie = req.cookie(name(AppState::of(req)));
        Self(cookie.map(|cookie| cookie.value().to_owned()))
    }

    /// True if this browser sent the form with this address, and the password that has this hash.
    pub fn is(&self, state: &AppState, email: &str, hash: &str) -> bool {
        let wanted = proof(state, email, hash);
        (self.0.as_deref()).is_some_and(|sent| constant_time_eq(sent.as_bytes(), wanted.as_bytes()))
    }
}
