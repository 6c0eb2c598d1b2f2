//! Operators. For everyone else the operator area is not there.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::visitor::CurrentAccount;
use crate::web::error::PageError;

/// Someone who is signed in and an operator. Others who are signed in find nothing here, anyone else is sent to sign in.
pub struct Operator(pub CurrentAccount);

impl FromRequest for Operator {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let account = CurrentAccount::from_request(req, payload);
        Box::pin(async move {
            let me = account.await?;
            if me.account.is_operator {
                Ok(Self(me))
            } else {
                Err(PageError::NotFound)
            }
        })
    }
}

/// An operator who signed in, or confirmed that it is them, in the last 15 minutes: for acts.
pub struct RecentOperator(pub CurrentAccount);

impl FromRequest for RecentOperator {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let operator = Operator::from_request(req, payload);
        Box::pin(async move {
            // The role comes first: who lacks it does not learn that there is something to confirm.
            let Operator(me) = operator.await?;
            me.confirmed_recently().map(Self)
        })
    }
}
