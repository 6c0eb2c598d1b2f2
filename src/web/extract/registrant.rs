//! Someone who looks at a page of the registry, which is not there if the registry is turned off.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::operator::{Operator, RecentOperator};
use super::visitor::CurrentAccount;
use crate::web::error::PageError;
use crate::web::state::AppState;

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, PageError>>>>;

/// Someone who is signed in, where there is a registry.
pub struct Registrant(pub CurrentAccount);

/// An operator, where there is a registry.
pub struct RegistryOperator(pub CurrentAccount);

/// An operator who signed in, or confirmed that it is them, in the last 15 minutes, where there is a registry: for acts.
pub struct RecentRegistryOperator(pub CurrentAccount);

impl FromRequest for Registrant {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let account = CurrentAccount::from_request(req, payload);
        if_enabled(req, async { account.await.map(Self) })
    }
}

impl FromRequest for RegistryOperator {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let operator = Operator::from_request(req, payload);
        if_enabled(req, async { operator.await.map(|Operator(me)| Self(me)) })
    }
}

impl FromRequest for RecentRegistryOperator {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let operator = RecentOperator::from_request(req, payload);
        if_enabled(req, async {
            operator.await.map(|RecentOperator(me)| Self(me))
        })
    }
}

/// Who is there comes first: whoever is not signed in is sent to sign in, as on other pages.
fn if_enabled<T: 'static>(
    req: &HttpRequest,
    who: impl Future<Output = Result<T, PageError>> + 'static,
) -> Extracted<T> {
    let is_enabled = AppState::of(req).config.registry.enabled;
    Box::pin(async move {
        let who = who.await?;
        match is_enabled {
            true => Ok(who),
            false => Err(PageError::NotFound),
        }
    })
}
