//! Links that work once and not for long. Only the digest of a link's token is stored.

use chrono::TimeDelta;
use rand::CryptoRng;

use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::random::base62_text;
use crate::ids::AccountId;
use crate::secret::Secret;
use crate::store::one_time_links::{self as rows, OneTimeLinkRow};
use crate::store::{Db, StoreError};

/// Characters of a token: 256 bits.
const TOKEN_LENGTH: usize = 43;
/// The one purpose that links have so far.
const SET_PASSWORD: &str = "set_password";

/// Makes a link for setting the account's password and ends earlier ones. Returns its token.
///
/// # Errors
/// If the database fails.
pub fn make(
    db: &mut Db,
    now: Timestamp,
    rng: &mut impl CryptoRng,
    account_id: AccountId,
    life: TimeDelta,
) -> Result<Secret<String>, StoreError> {
    let token = Secret::new(base62_text(rng, TOKEN_LENGTH));
    rows::delete_unused(db, account_id, SET_PASSWORD)?;
    rows::insert(
        db,
        &OneTimeLinkRow {
            token_digest: sha256(token.expose().as_bytes()).to_vec(),
            account_id,
            purpose: SET_PASSWORD.to_owned(),
            created_at: now,
            expires_at: now + life,
            used_at: None,
        },
    )?;
    Ok(token)
}

/// True if the link would work now.
///
/// # Errors
/// If the database fails.
pub fn works(db: &mut Db, now: Timestamp, token: &Secret<String>) -> Result<bool, StoreError> {
    let row = rows::find(db, &sha256(token.expose().as_bytes()))?;
    Ok(row.is_some_and(|row| row.used_at.is_none() && now < row.expires_at))
}

/// Uses the link up; `None` if it is unknown, used or too old.
///
/// # Errors
/// If the database fails.
pub fn consume(
    db: &mut Db,
    now: Timestamp,
    token: &Secret<String>,
) -> Result<Option<AccountId>, StoreError> {
    let digest = sha256(token.expose().as_bytes());
    let Some(row) = rows::find(db, &digest)?.filter(|row| now < row.expires_at) else {
        return Ok(None);
    };
    Ok(rows::set_used(db, &digest, now)?.then_some(row.account_id))
}
