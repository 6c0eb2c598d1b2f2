//! The chosen appearance, kept in a cookie.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use serde::Deserialize;

use super::{PageResult, local_path, see_other};
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::{THEME_COOKIE, Visitor};
use crate::web::layout::Theme;

/// What is chosen, and where to go back to.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ThemeForm {
    theme: String,
    return_to: String,
}

/// Sets the cookie and goes back.
pub async fn post(visitor: Visitor, form: Form<ThemeForm>) -> PageResult {
    let Ok(form) = form.check() else {
        return Err(PageError::StaleForm);
    };
    let theme = Theme::from_word(&form.theme);
    let cookie = Cookie::build(THEME_COOKIE, theme.word())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(visitor.state.site.is_https())
        .max_age(Duration::days(365))
        .finish();
    let mut response = see_other(local_path(&form.return_to).unwrap_or("/"));
    if let Err(error) = response.add_cookie(&cookie) {
        tracing::error!(%error, "the theme cookie could not be set");
    }
    Ok(response)
}
