//! A form that someone sent. Its fields cannot be reached before its token was checked.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use percent_encoding::percent_decode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::body::{self, BodyError};
use super::visitor::expected_token;
use crate::crypto::digest::constant_time_eq;
use crate::web::error::PageError;
use crate::web::middleware::nul;

/// A sent form, unchecked.
pub struct Form<T> {
    fields: T,
    is_fresh: bool,
}

/// A form whose token is missing or stale. Its values go back into the page and nowhere else.
pub struct StaleForm<T>(T);

impl<T> StaleForm<T> {
    /// The values, to show them again.
    pub fn into_kept(self) -> T {
        self.0
    }
}

impl<T> Form<T> {
    /// The fields, if the form's token is this browser's own.
    ///
    /// # Errors
    /// If the token is missing or stale. Nothing must be done then but show the form again.
    pub fn check(self) -> Result<T, StaleForm<T>> {
        if self.is_fresh {
            Ok(self.fields)
        } else {
            Err(StaleForm(self.fields))
        }
    }
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    form_token: String,
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        let body = body::read(&req, payload);
        Box::pin(async move {
            let body = body.await.map_err(|error| match error {
                BodyError::TooLarge => PageError::TooLarge,
                BodyError::Incomplete => PageError::Malformed,
            })?;
            if req.content_type() != "application/x-www-form-urlencoded" && !body.is_empty() {
                return Err(PageError::Malformed);
            }
            // The reader would replace what is not UTF-8, and something else than was sent would be stored.
            if percent_decode(&body).decode_utf8().is_err() {
                return Err(PageError::Malformed);
            }
            let body = nul::replaced_in_form(&body);
            let malformed = |_| PageError::Malformed;
            let Token { form_token } = serde_html_form::from_bytes(&body).map_err(malformed)?;
            let fields = serde_html_form::from_bytes(&body).map_err(malformed)?;
            let is_fresh = expected_token(&req)
                .is_some_and(|wanted| constant_time_eq(wanted.as_bytes(), form_token.as_bytes()));
            Ok(Self { fields, is_fresh })
        })
    }
}
