//! Someone who looks at a page of the registry, which is not there if the registry is turned off.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::visitor::CurrentAccount;
use crate::web::error::PageError;
use crate::web::state::AppState;

/// Someone who is signed in, where there is a registry.
pub struct Registrant(pub CurrentAccount);

impl FromRequest for Registrant {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let account = CurrentAccount::from_request(req, payload);
        let is_enabled = AppState::of(req).config.registry.enabled;
        Box::pin(async move {
            let account = account.await?;
            match is_enabled {
                true => Ok(Self(account)),
                false => Err(PageError::NotFound),
            }
        })
    }
}
