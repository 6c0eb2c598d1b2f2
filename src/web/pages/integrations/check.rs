//! Checking a key now.

use actix_web::web;

use super::{ConfirmForm, LIST, PageResult, check_now, provider_of, see_other, tell_checked};
use crate::domain::integrations::provider_keys::Owner;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::CurrentAccount;

/// Asks the provider whether it takes the key.
pub async fn post(
    me: CurrentAccount,
    slug: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let provider = provider_of(&me, &slug).await?;
    if form.check().is_err() {
        return Err(PageError::StaleForm);
    }
    let owner = Owner::Account(me.account.id);
    let checked = check_now(&me, owner, &provider).await?;
    let (end, reason) = checked.ok_or(PageError::NotFound)?;
    tell_checked(&me, &provider, end, &reason)?;
    Ok(see_other(LIST))
}
