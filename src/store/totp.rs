//! The secrets of authenticator apps, one an account, sealed.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::totp_secrets;
use super::secret_uses::begins_with;
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// An authenticator app as it is stored.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = totp_secrets)]
pub struct TotpRow {
    /// Whose it is.
    pub account_id: AccountId,
    /// Its secret, sealed for this account.
    pub sealed: Vec<u8>,
    /// Since when it is asked for.
    pub confirmed_at: Timestamp,
    /// The last step whose code was accepted; none up to it is again.
    pub last_used_step: i64,
}

/// The account's authenticator app.
pub fn find(db: &mut Db, account_id: AccountId) -> Result<Option<TotpRow>, StoreError> {
    Ok(totp_secrets::table
        .find(account_id)
        .select(TotpRow::as_select())
        .first(db)
        .optional()?)
}

/// Sets the account's authenticator app in place of the one before. The account must be locked.
pub fn replace(db: &mut Db, row: &TotpRow) -> Result<(), StoreError> {
    delete(db, row.account_id)?;
    diesel::insert_into(totp_secrets::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Notes that the code of a step was accepted; false, and no change, if one of that or a later step was before. However
/// many ask at once, one of them hears yes.
pub fn use_step(db: &mut Db, account_id: AccountId, step: i64) -> Result<bool, StoreError> {
    let unused = totp_secrets::table
        .find(account_id)
        .filter(totp_secrets::last_used_step.lt(step));
    let changed = diesel::update(unused)
        .set(totp_secrets::last_used_step.eq(step))
        .execute(db)?;
    Ok(changed > 0)
}

/// Authenticator apps whose sealed secret does not begin with `header`; at most `limit`.
pub fn list_sealed_elsewhere(
    db: &mut Db,
    header: &[u8],
    limit: i64,
) -> Result<Vec<TotpRow>, StoreError> {
    Ok(totp_secrets::table
        .filter(diesel::dsl::not(begins_with(
            totp_secrets::sealed.nullable(),
            header,
        )))
        .order(totp_secrets::account_id)
        .limit(limit)
        .select(TotpRow::as_select())
        .load(db)?)
}

/// Replaces the sealed secret of an account, if it is still `old`.
pub fn set_sealed(
    db: &mut Db,
    account_id: AccountId,
    old: &[u8],
    new: &[u8],
) -> Result<(), StoreError> {
    let row = totp_secrets::table
        .find(account_id)
        .filter(totp_secrets::sealed.eq(old));
    diesel::update(row)
        .set(totp_secrets::sealed.eq(new))
        .execute(db)?;
    Ok(())
}

/// Removes the account's authenticator app; false if it has none.
pub fn delete(db: &mut Db, account_id: AccountId) -> Result<bool, StoreError> {
    Ok(diesel::delete(totp_secrets::table.find(account_id)).execute(db)? > 0)
}
