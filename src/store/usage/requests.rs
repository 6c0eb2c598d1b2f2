//! The newest requests of each key in detail.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use crate::clock::Timestamp;
use crate::ids::ApiKeyId;
use crate::store::schema::key_requests;
use crate::store::{Db, StoreError};

/// A request in detail.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = key_requests)]
pub struct RequestRow {
    /// Which key.
    pub api_key_id: ApiKeyId,
    /// When.
    pub at: Timestamp,
    /// The outcome's number.
    pub outcome: i64,
    /// The method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The status of the answer.
    pub status: i64,
    /// How long the answer took.
    pub duration_us: i64,
    /// From which address; empty if it is not known for sure.
    pub address: String,
    /// The client as it names itself.
    pub client: String,
    /// Of a call that was passed on: what the provider answered, if it did.
    pub upstream_status: Option<i64>,
    /// Of a call that was passed on: how long it took to the end of the provider's answer.
    pub upstream_us: Option<i64>,
}

/// Adds requests in detail, in their order.
pub fn add_requests(db: &mut Db, rows: &[RequestRow]) -> Result<(), StoreError> {
    match db {
        Db::Sqlite(connection) => {
            for row in rows {
                diesel::insert_into(key_requests::table)
                    .values(row)
                    .execute(connection)?;
            }
        }
        Db::Postgres(connection) => {
            diesel::insert_into(key_requests::table)
                .values(rows)
                .execute(connection)?;
        }
    }
    Ok(())
}

/// Removes all but the newest `keep` requests of a key.
pub fn prune_requests(db: &mut Db, id: ApiKeyId, keep: i64) -> Result<(), StoreError> {
    sql_query(
        "DELETE FROM key_requests WHERE api_key_id = $1 AND id <=
            (SELECT id FROM key_requests WHERE api_key_id = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)",
    )
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(keep)
    .execute(db)?;
    Ok(())
}

/// The newest requests of a key in detail, newest first.
pub fn list_requests(db: &mut Db, id: ApiKeyId, limit: i64) -> Result<Vec<RequestRow>, StoreError> {
    Ok(key_requests::table
        .filter(key_requests::api_key_id.eq(id))
        .order(key_requests::id.desc())
        .limit(limit)
        .select(RequestRow::as_select())
        .load(db)?)
}

/// Removes up to `limit` of the oldest requests in detail that were before `before`; returns how many.
pub fn delete_requests_before(
    db: &mut Db,
    before: Timestamp,
    limit: i64,
) -> Result<usize, StoreError> {
    // Ids follow the times, and there is no index on those.
    Ok(sql_query(
        "DELETE FROM key_requests WHERE at < $1 AND id IN (SELECT id FROM key_requests ORDER BY id LIMIT $2)",
    )
    .bind::<BigInt, _>(before)
    .bind::<BigInt, _>(limit)
    .execute(db)?)
}
