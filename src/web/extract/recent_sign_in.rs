//! Someone who has just shown that it is them: for what must not be done at a desk that was left unlocked.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::visitor::CurrentAccount;
use crate::web::error::PageError;

/// Someone who signed in, or confirmed that it is them, in the last 15 minutes. Anyone else is asked to confirm it and
/// comes back to this page afterwards.
pub struct RecentSignIn(pub CurrentAccount);

impl FromRequest for RecentSignIn {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let account = CurrentAccount::from_request(req, payload);
        Box::pin(async move { account.await?.confirmed_recently().map(Self) })
    }
}
