//! Passkeys, and the challenges that browsers have not answered yet.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::{passkey_ceremonies, passkeys};
use crate::clock::Timestamp;
use crate::ids::{AccountId, PasskeyId};

/// A passkey as it is stored.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = passkeys)]
pub struct PasskeyRow {
    /// Its id here.
    pub id: PasskeyId,
    /// Whose it is.
    pub account_id: AccountId,
    /// The id that its authenticator gave it.
    pub credential_id: Vec<u8>,
    /// Its holder's name for it.
    pub name: String,
    /// Public key and counter, as JSON.
    pub credential: String,
    /// The counter once more, to compare and set.
    pub counter: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// Adds a passkey.
///
/// # Errors
/// [`super::Constraint::PasskeyCredential`] if there is one with its credential id.
pub fn insert(db: &mut Db, row: &PasskeyRow) -> Result<(), StoreError> {
    diesel::insert_into(passkeys::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The account's passkeys, oldest first.
pub fn list(db: &mut Db, account_id: AccountId) -> Result<Vec<PasskeyRow>, StoreError> {
    Ok(passkeys::table
        .filter(passkeys::account_id.eq(account_id))
        .order((passkeys::created_at, passkeys::id))
        .select(PasskeyRow::as_select())
        .load(db)?)
}

/// How many passkeys the account has.
pub fn count(db: &mut Db, account_id: AccountId) -> Result<i64, StoreError> {
    Ok(passkeys::table
        .filter(passkeys::account_id.eq(account_id))
        .count()
        .get_result(db)?)
}

/// The account's passkey with this id.
pub fn find(
    db: &mut Db,
    account_id: AccountId,
    id: PasskeyId,
) -> Result<Option<PasskeyRow>, StoreError> {
    Ok(passkeys::table
        .find(id)
        .filter(passkeys::account_id.eq(account_id))
        .select(PasskeyRow::as_select())
        .first(db)
        .optional()?)
}

/// The passkey, anyone's, that its authenticator gave this id.
pub fn find_by_credential_id(
    db: &mut Db,
    credential_id: &[u8],
) -> Result<Option<PasskeyRow>, StoreError> {
    Ok(passkeys::table
        .filter(passkeys::credential_id.eq(credential_id))
        .select(PasskeyRow::as_select())
        .first(db)
        .optional()?)
}

/// Notes a use; false, and no change, if the counter is not `counter_before` any more.
pub fn set_used(
    db: &mut Db,
    id: PasskeyId,
    counter_before: i64,
    counter: i64,
    credential: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let unchanged = passkeys::table
        .find(id)
        .filter(passkeys::counter.eq(counter_before));
    let changed = diesel::update(unchanged)
        .set((
            passkeys::counter.eq(counter),
            passkeys::credential.eq(credential),
            passkeys::last_used_at.eq(at),
        ))
        .execute(db)?;
    Ok(changed > 0)
}

/// Gives a passkey another name.
pub fn set_name(db: &mut Db, id: PasskeyId, name: &str) -> Result<(), StoreError> {
    diesel::update(passkeys::table.find(id))
        .set(passkeys::name.eq(name))
        .execute(db)?;
    Ok(())
}

/// Removes a passkey; false if it is gone.
pub fn delete(db: &mut Db, id: PasskeyId) -> Result<bool, StoreError> {
    Ok(diesel::delete(passkeys::table.find(id)).execute(db)? > 0)
}

/// Removes all passkeys of the account.
pub fn delete_for_account(db: &mut Db, account_id: AccountId) -> Result<usize, StoreError> {
    let all = passkeys::table.filter(passkeys::account_id.eq(account_id));
    Ok(diesel::delete(all).execute(db)?)
}

/// A challenge as it is stored.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = passkey_ceremonies)]
pub struct CeremonyRow {
    /// SHA-256 of the id that the browser was given, and of what it is told from others by.
    pub id_digest: Vec<u8>,
    /// Whose passkey must answer; `None`: the answer says whose it is.
    pub account_id: Option<AccountId>,
    /// What the answer is good for.
    pub purpose: String,
    /// What the answer is checked against, as JSON.
    pub state: String,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Remembers a challenge.
pub fn insert_ceremony(db: &mut Db, row: &CeremonyRow) -> Result<(), StoreError> {
    diesel::insert_into(passkey_ceremonies::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Takes a challenge away to check its answer. However many ask at once, one of them gets it.
pub fn take_ceremony(db: &mut Db, id_digest: &[u8]) -> Result<Option<CeremonyRow>, StoreError> {
    let row = passkey_ceremonies::table
        .find(id_digest)
        .select(CeremonyRow::as_select())
        .first(db)
        .optional()?;
    let deleted = diesel::delete(passkey_ceremonies::table.find(id_digest)).execute(db)?;
    Ok(row.filter(|_| deleted > 0))
}

/// Removes challenges that stopped working by `at`.
pub fn delete_ceremonies(db: &mut Db, at: Timestamp) -> Result<usize, StoreError> {
    let ended = passkey_ceremonies::table.filter(passkey_ceremonies::expires_at.le(at));
    Ok(diesel::delete(ended).execute(db)?)
}
