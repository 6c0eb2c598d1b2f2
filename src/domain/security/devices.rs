//! The browsers that an account was signed in with, so that its holder is told of a new one.
//!
//! A browser is known by a cookie that signs no one in: all that it gives are tries of its own (`throttles`). What is stored
//! is the digest of cookie and account, so that two accounts of one browser do not point at each other.

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::random::system_rng;
use crate::domain::accounts::Account;
use crate::domain::mail::{Mail, Outbox, Place, Recipient};
use crate::ids::AccountId;
use crate::secret::Secret;
use crate::store::{Db, StoreError, accounts, known_devices as rows};

/// A browser that was not seen for this long is a new one again; no browser keeps a cookie for longer.
pub const REMEMBERED: TimeDelta = TimeDelta::days(400);

/// What an account knows a browser by.
pub fn digest(account_id: AccountId, token: &Secret<String>) -> Vec<u8> {
    sha256(format!("{account_id}/{}", token.expose()).as_bytes()).to_vec()
}

/// The first of these digests that the account knows a browser by.
///
/// # Errors
/// If the database fails.
pub fn find_known(
    db: &mut Db,
    account_id: AccountId,
    digests: &[Vec<u8>],
) -> Result<Option<usize>, StoreError> {
    for (position, digest) in digests.iter().enumerate() {
        if rows::is_known(db, account_id, digest)? {
            return Ok(Some(position));
        }
    }
    Ok(None)
}

/// What the account knows a browser by that sent these tokens, if it does. For an account that does not exist it asks as
/// often.
///
/// # Errors
/// If the database fails.
pub fn find_sent(
    db: &mut Db,
    account_id: Option<AccountId>,
    tokens: &[Secret<String>],
) -> Result<Option<Vec<u8>>, StoreError> {
    let asked = account_id.unwrap_or_else(|| AccountId::random(&mut system_rng()));
    let mut digests: Vec<Vec<u8>> = tokens.iter().map(|token| digest(asked, token)).collect();
    let known = find_known(db, asked, &digests)?;
    Ok(known
        .filter(|_| account_id.is_some())
        .map(|position| digests.swap_remove(position)))
}

/// Notes that the account was signed in with this browser. If it is a new one and not the first, its holder is told.
///
/// # Errors
/// If the database fails.
pub fn note_sign_in(
    db: &mut Db,
    outbox: &Outbox,
    now: Timestamp,
    account_id: AccountId,
    digest: &[u8],
    place: &Place,
) -> Result<(), StoreError> {
    if rows::touch(db, account_id, digest, now)? {
        return Ok(());
    }
    let is_first = rows::count(db, account_id)? == 0;
    rows::insert(db, account_id, digest, now)?;
    if is_first {
        return Ok(());
    }
    let Some(account) = accounts::find(db, account_id)?.map(Account::from) else {
        return Ok(());
    };
    let mail = Mail::NewSignIn {
        place: place.clone(),
    };
    outbox.queue(db, now, Recipient::from(&account), &mail)
}

/// Forgets browsers that were not seen for long.
///
/// # Errors
/// If the database fails.
pub fn forget_unseen(db: &mut Db, now: Timestamp) -> Result<usize, StoreError> {
    rows::delete_unseen(db, now - REMEMBERED)
}
