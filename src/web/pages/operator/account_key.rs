//! An operator deactivates a key of someone, after a question.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html, see_other};
use super::{ACCOUNTS, ConfirmForm, account_of};
use crate::domain::accounts::Account;
use crate::domain::api_keys::{self, ApiKey, ChangeKeyError, Deactivated, KeyState};
use crate::ids::ApiKeyId;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::operator::RecentOperator;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::TimeView;

#[derive(Template)]
#[template(path = "pages/operator/account_key.html")]
struct DeactivatePage {
    layout: Layout,
    summary: Option<Summary>,
    owner: String,
    owner_name: String,
    key: KeyLine,
}

/// Which key is meant.
struct KeyLine {
    id: String,
    name: String,
    prefix: String,
    last_use: Option<TimeView>,
    expires: Option<TimeView>,
}

/// Asks.
pub async fn get(me: RecentOperator, path: web::Path<(String, String)>) -> PageResult {
    let RecentOperator(me) = me;
    let (owner, key) = meant(&me, &path).await?;
    if key.state_at(me.visitor.now) != KeyState::Active {
        return Ok(see_other(&format!("{ACCOUNTS}/{}", owner.id)));
    }
    html(StatusCode::OK, &page(&me, &owner, &key, None))
}

/// Deactivates.
pub async fn post(
    me: RecentOperator,
    path: web::Path<(String, String)>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let RecentOperator(me) = me;
    let (owner, key) = meant(&me, &path).await?;
    if form.check().is_err() {
        let page = page(&me, &owner, &key, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, outbox) = (me.visitor.act.clone(), me.visitor.state.outbox.clone());
    let (owner_id, key_id) = (owner.id, key.id);
    let done = (me.visitor.state.pool)
        .write(move |db| {
            let done = api_keys::deactivate(db, &act, owner_id, key_id)?;
            outbox.tell_deactivated(db, &act, &done)?;
            Ok::<_, ChangeKeyError>(done)
        })
        .await?;
    let times = times(&me.visitor, &me.account);
    me.visitor.leave_flash(match &done {
        Deactivated::Now(key) => Flash {
            lead: format!("{} was deactivated.", key.name),
            text: format!("It stopped working at {}.", times.clock(key.ends_at).text),
        },
        Deactivated::Before(key) => Flash {
            lead: format!("{} had already ended", key.name),
            text: format!("on {}.", times.full(key.ends_at).text),
        },
    })?;
    Ok(see_other(&format!("{ACCOUNTS}/{owner_id}")))
}

/// The account and its key that a path names.
async fn meant(
    me: &CurrentAccount,
    (owner, key): &(String, String),
) -> Result<(Account, ApiKey), PageError> {
    let account = account_of(me, owner).await?;
    let id: ApiKeyId = key.parse().or(Err(PageError::NotFound))?;
    let owner = account.id;
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| api_keys::find(db, owner, id))
        .await;
    Ok((account, found?.ok_or(PageError::NotFound)?))
}

fn page(
    me: &CurrentAccount,
    owner: &Account,
    key: &ApiKey,
    summary: Option<Summary>,
) -> DeactivatePage {
    let href = format!("{ACCOUNTS}/{}", owner.id);
    let crumbs = [("Accounts", ACCOUNTS), (owner.name.as_str(), href.as_str())];
    let times = times(&me.visitor, &me.account);
    DeactivatePage {
        layout: Layout::new(
            &me.visitor,
            "Deactivate this API key?",
            Nav::OperatorAccounts,
        )
        .with_crumbs(&crumbs, "Deactivate key"),
        summary,
        owner: owner.id.to_string(),
        owner_name: owner.name.clone(),
        key: KeyLine {
            id: key.id.to_string(),
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            last_use: key.last_use.as_ref().map(|last_use| times.ago(last_use.at)),
            expires: key.expires_at.map(|at| times.date(at)),
        },
    }
}
