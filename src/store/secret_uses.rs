//! How much was made under an instance secret.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::{
    api_keys, mails, provider_keys, recovery_codes, replaced_secrets, totp_secrets,
};
use crate::clock::Timestamp;

/// Counts of what was made under one secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecretUses {
    /// Keys that work.
    pub active_keys: i64,
    /// Keys that have ended: without the secret, presenting one is no longer told from a wrong secret.
    pub ended_keys: i64,
    /// Replaced secrets of keys that still work beside the new one.
    pub overlaps: i64,
    /// Replaced secrets that no longer work: without the secret, presenting one is no longer told from a wrong secret. Only
    /// those that are presented move.
    pub replaced: i64,
    /// Recovery codes that were not used: their holders have to make new ones.
    pub recovery_codes: i64,
    /// Sealed values.
    pub sealed: i64,
}

/// Counts what was made under the secret with this id. Sealed values begin with `header`.
pub fn count(
    db: &mut Db,
    id: &str,
    header: &[u8],
    now: Timestamp,
) -> Result<SecretUses, StoreError> {
    let sealed_mails: i64 = mails::table
        .filter(begins_with(mails::sealed, header))
        .count()
        .get_result(db)?;
    let sealed_apps: i64 = totp_secrets::table
        .filter(begins_with(totp_secrets::sealed.nullable(), header))
        .count()
        .get_result(db)?;
    let sealed_provider_keys: i64 = provider_keys::table
        .filter(begins_with(provider_keys::sealed.nullable(), header))
        .count()
        .get_result(db)?;
    let keys = api_keys::table.filter(api_keys::digest_secret_id.eq(id));
    Ok(SecretUses {
        active_keys: keys
            .filter(api_keys::ends_at.gt(now))
            .count()
            .get_result(db)?,
        ended_keys: keys
            .filter(api_keys::ends_at.le(now))
            .count()
            .get_result(db)?,
        overlaps: replaced_secrets::table
            .filter(replaced_secrets::digest_secret_id.eq(id))
            .filter(replaced_secrets::ends_at.gt(now))
            .count()
            .get_result(db)?,
        replaced: replaced_secrets::table
            .filter(replaced_secrets::digest_secret_id.eq(id))
            .filter(replaced_secrets::ends_at.le(now))
            .count()
            .get_result(db)?,
        recovery_codes: recovery_codes::table
            .filter(recovery_codes::digest_secret_id.eq(id))
            .filter(recovery_codes::used_at.is_null())
            .count()
            .get_result(db)?,
        sealed: sealed_mails + sealed_apps + sealed_provider_keys,
    })
}

diesel::define_sql_function! {
    /// Part of a text of bytes, counted from 1; both databases have it.
    fn substr(bytes: diesel::sql_types::Nullable<diesel::sql_types::Binary>, from: diesel::sql_types::Integer, length: diesel::sql_types::Integer) -> diesel::sql_types::Nullable<diesel::sql_types::Binary>;
}

/// True for values that begin with these bytes.
pub(super) fn begins_with<C>(
    column: C,
    header: &[u8],
) -> diesel::dsl::Eq<substr<C, i32, i32>, Option<Vec<u8>>>
where
    C: Expression<SqlType = diesel::sql_types::Nullable<diesel::sql_types::Binary>>
        + diesel::expression::AsExpression<diesel::sql_types::Nullable<diesel::sql_types::Binary>>,
{
    let length = i32::try_from(header.len()).unwrap_or(i32::MAX);
    substr(column, 1, length).eq(Some(header.to_vec()))
}
