//! What an owner should know of: uses of dead keys, and keys seen where others may have seen them.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::clock::Timestamp;
use crate::ids::{AccountId, ApiKeyId};
use crate::store::schema::{accounts, api_keys, dead_key_attempts, key_exposures};
use crate::store::{Db, StoreError};

/// Uses of a true secret that no longer works.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = dead_key_attempts)]
pub struct AttemptsRow {
    /// Of which key.
    pub api_key_id: ApiKeyId,
    /// How many.
    pub attempts: i64,
    /// The first.
    pub first_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
    /// Where the last came from.
    pub address: String,
    /// The client of the last.
    pub client: String,
}

/// Where a true secret was seen that others may have seen too.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = key_exposures)]
pub struct ExposureRow {
    /// Of which key.
    pub api_key_id: ApiKeyId,
    /// `url` or `plain_http`.
    pub place: String,
    /// First seen.
    pub first_seen_at: Timestamp,
    /// Last seen.
    pub last_seen_at: Timestamp,
    /// Where it came from when it was last seen.
    pub address: String,
}

/// Adds uses of a dead key.
pub fn add_attempts(db: &mut Db, row: &AttemptsRow) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO dead_key_attempts (api_key_id, attempts, first_at, last_at, address, client)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (api_key_id) DO UPDATE SET attempts = dead_key_attempts.attempts + excluded.attempts,
             last_at = excluded.last_at, address = excluded.address, client = excluded.client",
    )
    .bind::<BigInt, _>(row.api_key_id)
    .bind::<BigInt, _>(row.attempts)
    .bind::<BigInt, _>(row.first_at)
    .bind::<BigInt, _>(row.last_at)
    .bind::<Text, _>(&row.address)
    .bind::<Text, _>(&row.client)
    .execute(db)?;
    Ok(())
}

/// An owner to tell of uses of a dead key.
#[derive(Clone, Debug)]
pub struct OwnerToTell {
    /// The brand of the key.
    pub brand: String,
    /// Its name.
    pub name: String,
    /// True if its owner deleted it from the lists.
    pub is_deleted: bool,
    /// Its owner.
    pub account_id: AccountId,
    /// The owner's address.
    pub email: String,
    /// How many uses the owner was not told of.
    pub attempts: i64,
}

/// Notes that the owner of a dead key is told of its uses at `at`, and finds who that is; `None` if they were told after
/// `told_before`, or the key is gone.
pub fn take_attempts_to_tell(
    db: &mut Db,
    id: ApiKeyId,
    at: Timestamp,
    told_before: Timestamp,
) -> Result<Option<OwnerToTell>, StoreError> {
    let due = dead_key_attempts::table.find(id).filter(
        dead_key_attempts::told_at
            .is_null()
            .or(dead_key_attempts::told_at.le(told_before)),
    );
    let counts: Option<(i64, i64)> = due
        .select((
            dead_key_attempts::attempts,
            dead_key_attempts::told_attempts,
        ))
        .first(db)
        .optional()?;
    let Some((attempts, told)) = counts else {
        return Ok(None);
    };
    // A closed account has no address.
    let owner: Option<(String, String, Option<Timestamp>, AccountId, String)> = api_keys::table
        .find(id)
        .inner_join(accounts::table)
        .filter(accounts::closed_at.is_null())
        .select((
            api_keys::brand,
            api_keys::name,
            api_keys::deleted_at,
            api_keys::account_id,
            accounts::email,
        ))
        .first(db)
        .optional()?;
    let Some((brand, name, deleted_at, account_id, email)) = owner else {
        return Ok(None);
    };
    diesel::update(dead_key_attempts::table.find(id))
        .set((
            dead_key_attempts::told_at.eq(at),
            dead_key_attempts::told_attempts.eq(attempts),
        ))
        .execute(db)?;
    Ok(Some(OwnerToTell {
        brand,
        name,
        is_deleted: deleted_at.is_some(),
        account_id,
        email,
        attempts: attempts - told,
    }))
}

/// Notes that a key was seen where it should not have been.
pub fn add_exposure(db: &mut Db, row: &ExposureRow) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO key_exposures (api_key_id, place, first_seen_at, last_seen_at, address)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (api_key_id, place) DO UPDATE SET
             last_seen_at = excluded.last_seen_at, address = excluded.address",
    )
    .bind::<BigInt, _>(row.api_key_id)
    .bind::<Text, _>(&row.place)
    .bind::<BigInt, _>(row.first_seen_at)
    .bind::<BigInt, _>(row.last_seen_at)
    .bind::<Text, _>(&row.address)
    .execute(db)?;
    Ok(())
}

/// Uses of dead keys of an account since `since`, latest first, at most `limit`; keys that were deleted included.
pub fn list_attempts(
    db: &mut Db,
    account_id: AccountId,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<AttemptsRow>, StoreError> {
    Ok(dead_key_attempts::table
        .filter(
            dead_key_attempts::api_key_id.eq_any(
                api_keys::table
                    .filter(api_keys::account_id.eq(account_id))
                    .select(api_keys::id),
            ),
        )
        .filter(dead_key_attempts::last_at.ge(since))
        .order(dead_key_attempts::last_at.desc())
        .limit(limit)
        .select(AttemptsRow::as_select())
        .load(db)?)
}

/// Uses of the key after its end, if there were any.
pub fn find_attempts(db: &mut Db, id: ApiKeyId) -> Result<Option<AttemptsRow>, StoreError> {
    Ok(dead_key_attempts::table
        .find(id)
        .select(AttemptsRow::as_select())
        .first(db)
        .optional()?)
}

/// Where the key was seen that it should not have been.
pub fn list_exposures(db: &mut Db, id: ApiKeyId) -> Result<Vec<ExposureRow>, StoreError> {
    Ok(key_exposures::table
        .filter(key_exposures::api_key_id.eq(id))
        .order(key_exposures::place)
        .select(ExposureRow::as_select())
        .load(db)?)
}
