//! Challenges for passkeys, as JSON for `static/passkeys.js`. Each belongs to the page whose form takes the answer.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};

use super::PageResult;
use crate::crypto::random::system_rng;
use crate::domain::security::passkeys::{self, Challenge, Purpose};
use crate::domain::security::throttles::{self, Throttled};
use crate::store::StoreError;
use crate::web::error::{PageError, wait_words};
use crate::web::extract::client;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::{CurrentAccount, Visitor};

/// Nothing but the token.
#[derive(Deserialize)]
pub struct ChallengeForm {}

/// What the page says instead of asking for a passkey.
#[derive(Serialize)]
struct Refusal {
    message: String,
}

/// For signing in with a passkey and nothing else.
pub async fn post_sign_in(
    req: HttpRequest,
    visitor: Visitor,
    form: Form<ChallengeForm>,
) -> PageResult {
    begin(&req, &visitor, form, Purpose::SignIn).await
}

/// For the second step, after the password.
pub async fn post_two_step(
    req: HttpRequest,
    visitor: Visitor,
    form: Form<ChallengeForm>,
) -> PageResult {
    let Some(pending) = visitor.pending_sign_in() else {
        return refusal(
            StatusCode::UNPROCESSABLE_ENTITY,
            "That took too long. Sign in again.",
        );
    };
    let purpose = Purpose::SecondStep(pending.account_id);
    begin(&req, &visitor, form, purpose).await
}

/// For confirming within a session that it is still its holder.
pub async fn post_confirm(
    req: HttpRequest,
    me: CurrentAccount,
    form: Form<ChallengeForm>,
) -> PageResult {
    begin(&req, &me.visitor, form, Purpose::Confirm(me.account.id)).await
}

/// For a new passkey.
pub async fn post_add(RecentSignIn(me): RecentSignIn, form: Form<ChallengeForm>) -> PageResult {
    let Some(party) = me.visitor.state.passkeys.clone() else {
        return Err(PageError::NotFound);
    };
    if form.check().is_err() {
        return stale();
    }
    let (now, account) = (me.visitor.now, me.account.clone());
    let browser = me.visitor.form_token.clone();
    let begun: Result<_, StoreError> = (me.visitor.state.pool)
        .write(move |db| {
            passkeys::begin_adding(db, now, &mut system_rng(), &party, &account, &browser)
        })
        .await;
    challenge(&begun?)
}

async fn begin(
    req: &HttpRequest,
    visitor: &Visitor,
    form: Form<ChallengeForm>,
    purpose: Purpose,
) -> PageResult {
    let Some(party) = visitor.state.passkeys.clone() else {
        return Err(PageError::NotFound);
    };
    if form.check().is_err() {
        return stale();
    }
    let (now, address) = (visitor.now, client::address(req));
    let browser = visitor.form_token.clone();
    let begun: Result<Result<Challenge, Throttled>, StoreError> = (visitor.state.pool)
        .write(move |db| {
            if let Err(throttled) = throttles::take_passkey(db, now, address)? {
                return Ok(Err(throttled));
            }
            passkeys::begin(db, now, &mut system_rng(), &party, purpose, &browser).map(Ok)
        })
        .await;
    match begun? {
        Ok(begun) => challenge(&begun),
        Err(throttled) => {
            let wait = wait_words(throttled.retry_after);
            let words = format!("Too many tries. Try again in {wait}.");
            let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, &words)?;
            for (name, value) in PageError::Throttled(throttled).headers() {
                response.headers_mut().insert(name, value);
            }
            Ok(response)
        }
    }
}

fn challenge(challenge: &Challenge) -> PageResult {
    Ok(json(StatusCode::OK, challenge))
}

fn stale() -> PageResult {
    refusal(
        StatusCode::UNPROCESSABLE_ENTITY,
        "This form is too old. Reload the page.",
    )
}

fn refusal(status: StatusCode, words: &str) -> PageResult {
    let message = words.to_owned();
    Ok(json(status, &Refusal { message }))
}

fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponseBuilder::new(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(body)
}
