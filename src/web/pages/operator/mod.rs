//! The operator area: the accounts of this server, its registry, its mail queue, its audit log, its
//! health and its settings.
//!
//! Every handler takes an [`Operator`], and every act a [`crate::web::extract::operator::RecentOperator`]: for anyone else
//! there is nothing here.

pub mod account;
pub mod account_act;
pub mod account_key;
pub mod accounts;
pub mod configuration;
pub mod contact;
pub mod contacts;
pub mod health;
pub mod integration;
pub mod integrations;
pub mod invitations;
pub mod log;
pub mod mail;
pub mod mail_act;
pub mod mails;
pub mod network;
pub mod networks;
pub mod new_network;
pub mod new_organization;
pub mod organization;
pub mod organizations;
pub mod registry;
pub mod registry_lists;
mod registry_records;
pub mod report;
pub mod report_act;
pub mod reports;
pub mod tickets;

use actix_web::HttpResponse;
use serde::Deserialize;

use super::see_other;
use crate::domain::accounts::Account;
use crate::domain::accounts::find;
use crate::ids::AccountId;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::operator::Operator;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::markup::Badge;

/// The address of the list of accounts.
const ACCOUNTS: &str = "/operator/accounts";
/// The address of the invitations.
const INVITATIONS: &str = "/operator/invitations";
/// The address of the mail queue.
const MAILS: &str = "/operator/mail";
/// Rows of a page of a table.
const ROWS: usize = 50;

/// Nothing but the token.
#[derive(Deserialize)]
pub struct ConfirmForm {}

/// `/operator` leads to the first page.
pub async fn get(_me: Operator) -> HttpResponse {
    see_other("/operator/health")
}

/// What there is to know of an account at a glance.
fn badges(account: &Account) -> Vec<Badge> {
    let badge = |kind, text: &str| Badge {
        kind,
        text: text.to_owned(),
    };
    let state = match (account.closed_at, account.disabled_at) {
        (Some(_), _) => badge("neutral", "Closed"),
        (None, Some(_)) => badge("bad", "Disabled"),
        (None, None) => badge("ok", "Enabled"),
    };
    let role = account.is_operator.then(|| badge("accent", "Operator"));
    let password = account.password_set_at.is_none();
    let password = password.then(|| badge("hollow", "No password yet"));
    [Some(state), role, password]
        .into_iter()
        .flatten()
        .collect()
}

/// The account that a path names. Malformed ids are no one's.
async fn account_of(me: &CurrentAccount, id: &str) -> Result<Account, PageError> {
    let id: AccountId = id.parse().or(Err(PageError::NotFound))?;
    let found: Result<_, StoreError> = (me.visitor.state.pool).read(move |db| find(db, id)).await;
    found?.ok_or(PageError::NotFound)
}
