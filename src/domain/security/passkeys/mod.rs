//! Passkeys (WebAuthn): added by their holder, usable alone, as second step, and to confirm that it is still them. What
//! is stored is a public key and a counter. The challenges are in `ceremony.rs`.

mod ceremony;

pub use ceremony::{
    Answered, BadPasskey, Challenge, Purpose, RelyingParty, begin, begin_adding, check,
};

use webauthn_rs::prelude::Passkey as Credential;

use crate::clock::Timestamp;
use crate::crypto::random::system_rng;
use crate::domain::accounts::Account;
use crate::domain::audit::{Act, Action, Outcome};
use crate::domain::mail::{Mail, Outbox, Place};
use crate::domain::text::Name;
use crate::ids::{AccountId, PasskeyId};
use crate::store::passkeys::{self as rows, PasskeyRow};
use crate::store::{Constraint, Db, StoreError, accounts};

/// The most passkeys of an account.
pub const MOST: i64 = 50;

/// A passkey, as its holder sees it.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// Its id here.
    pub id: PasskeyId,
    /// Its holder's name for it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

impl From<PasskeyRow> for Passkey {
    fn from(row: PasskeyRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// The account's passkeys, oldest first.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db, account_id: AccountId) -> Result<Vec<Passkey>, StoreError> {
    let rows = rows::list(db, account_id)?;
    Ok(rows.into_iter().map(Passkey::from).collect())
}

/// How many passkeys the account has.
///
/// # Errors
/// If the database fails.
pub fn count(db: &mut Db, account_id: AccountId) -> Result<i64, StoreError> {
    rows::count(db, account_id)
}

/// The account's passkey with this id.
///
/// # Errors
/// If the database fails.
pub fn find(
    db: &mut Db,
    account_id: AccountId,
    id: PasskeyId,
) -> Result<Option<Passkey>, StoreError> {
    Ok(rows::find(db, account_id, id)?.map(Passkey::from))
}

/// Why a passkey was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The browser's answer is no good.
    #[error(transparent)]
    Answer(BadPasskey),
    /// The account has 50.
    #[error("An account can have 50 passkeys. Remove one first.")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AddError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Broken(Constraint::PasskeyCredential) => Self::Answer(BadPasskey::Known),
            other => Self::Store(other),
        }
    }
}

/// Adds the passkey that a browser has made for a challenge of [`begin_adding`].
///
/// # Errors
/// If the answer is no good, the passkey is known, the account has too many, or the database fails.
pub fn add(
    db: &mut Db,
    act: &Act,
    party: &RelyingParty,
    outbox: &Outbox,
    account: &Account,
    name: &Name,
    answered: &Answered,
) -> Result<Passkey, AddError> {
    accounts::lock(db, account.id)?;
    let made = ceremony::finish_adding(db, act.now, party, account.id, answered)?;
    let credential = made.map_err(AddError::Answer)?;
    if rows::count(db, account.id)? >= MOST {
        return Err(AddError::TooMany);
    }
    let credential_id = credential.cred_id().to_vec();
    // Asked first: on PostgreSQL a broken constraint ends the transaction.
    if rows::find_by_credential_id(db, &credential_id)?.is_some() {
        return Err(AddError::Answer(BadPasskey::Known));
    }
    let row = PasskeyRow {
        id: PasskeyId::random(&mut system_rng()),
        account_id: account.id,
        credential_id,
        name: name.as_str().to_owned(),
        counter: counter(&credential),
        credential: as_json(&credential),
        created_at: act.now,
        last_used_at: None,
    };
    rows::insert(db, &row)?;
    let target = row.id.to_string();
    let action = Action::PasskeyAdd;
    act.record(db, Some(account.id), action, Some(&target), Outcome::Done)?;
    let mail = Mail::PasskeyAdded {
        name: row.name.clone(),
        place: Place::from(&act.origin),
    };
    outbox.queue(db, act.now, account.into(), &mail)?;
    Ok(row.into())
}

/// Gives a passkey another name; false if it is not the account's.
///
/// # Errors
/// If the database fails.
pub fn rename(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    id: PasskeyId,
    name: &Name,
) -> Result<bool, StoreError> {
    if rows::find(db, account_id, id)?.is_none() {
        return Ok(false);
    }
    rows::set_name(db, id, name.as_str())?;
    let target = id.to_string();
    let action = Action::PasskeyRename;
    act.record(db, Some(account_id), action, Some(&target), Outcome::Done)?;
    Ok(true)
}

/// Removes a passkey; false if it is not the account's, or gone.
///
/// # Errors
/// If the database fails.
pub fn remove(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    account: &Account,
    id: PasskeyId,
) -> Result<bool, StoreError> {
    let Some(row) = rows::find(db, account.id, id)? else {
        return Ok(false);
    };
    if !rows::delete(db, id)? {
        return Ok(false);
    }
    let target = id.to_string();
    let action = Action::PasskeyRemove;
    act.record(db, Some(account.id), action, Some(&target), Outcome::Done)?;
    let mail = Mail::PasskeyRemoved {
        name: row.name,
        place: Place::from(&act.origin),
    };
    outbox.queue(db, act.now, account.into(), &mail)?;
    Ok(true)
}

fn as_json(credential: &Credential) -> String {
    serde_json::to_string(credential).expect("a credential is plain data")
}

/// The counter inside a credential, which the crate shows to no one but serde.
fn counter(credential: &Credential) -> i64 {
    let json = serde_json::to_value(credential).expect("a credential is plain data");
    json["cred"]["counter"].as_i64().unwrap_or_default()
}
