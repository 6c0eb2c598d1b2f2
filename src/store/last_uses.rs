//! The last use of each key, in a table of its own so that recording use never touches a key's row.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::connection::Db;
use super::error::StoreError;
use super::schema::api_key_last_uses;
use crate::clock::Timestamp;
use crate::ids::ApiKeyId;

/// The last accepted request of a key.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = api_key_last_uses)]
pub struct LastUseRow {
    /// Which key.
    pub api_key_id: ApiKeyId,
    /// When.
    pub used_at: Timestamp,
    /// From which address.
    pub address: String,
    /// By which client, as it names itself.
    pub client: String,
}

/// Writes a batch, newest use wins. Keys that no longer exist are passed over. A loop in one transaction: the
/// two-engine connection has no batch insert. Sorted by key, so that instances never wait for each other in a circle.
pub fn upsert(db: &mut Db, uses: &mut [LastUseRow]) -> Result<(), StoreError> {
    uses.sort_by_key(|last_use| last_use.api_key_id);
    for last_use in uses {
        sql_query(
            "INSERT INTO api_key_last_uses (api_key_id, used_at, address, client)
             SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT 1 FROM api_keys WHERE id = $5)
             ON CONFLICT (api_key_id) DO UPDATE SET
                 used_at = excluded.used_at, address = excluded.address, client = excluded.client
             WHERE excluded.used_at >= api_key_last_uses.used_at",
        )
        .bind::<BigInt, _>(last_use.api_key_id)
        .bind::<BigInt, _>(last_use.used_at)
        .bind::<Text, _>(&last_use.address)
        .bind::<Text, _>(&last_use.client)
        .bind::<BigInt, _>(last_use.api_key_id)
        .execute(db)?;
    }
    Ok(())
}
