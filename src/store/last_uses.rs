//! The last use of each key, in a table of its own so that recording use never touches a key's row.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::sqlite::Sqlite;

use super::ROWS_AT_ONCE;
use super::connection::Db;
use super::error::StoreError;
use super::schema::{api_key_last_uses, secret_last_uses};
use crate::clock::Timestamp;
use crate::ids::ApiKeyId;

/// The last accepted request of a key.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
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

/// Writes a batch, newest use wins. Sorted by key, so that instances never wait for each other in a circle.
pub fn upsert(db: &mut Db, uses: &mut [LastUseRow]) -> Result<(), StoreError> {
    uses.sort_by_key(|last_use| last_use.api_key_id);
    match db {
        Db::Sqlite(connection) => {
            let (many, rest) = uses.as_chunks::<ROWS_AT_ONCE>();
            for uses in many {
                SetLastUses(uses).execute(connection)?;
            }
            for last_use in rest {
                SetLastUses(std::array::from_ref(last_use)).execute(connection)?;
            }
        }
        Db::Postgres(connection) => {
            let ids: Vec<ApiKeyId> = uses.iter().map(|last_use| last_use.api_key_id).collect();
            let times: Vec<Timestamp> = uses.iter().map(|last_use| last_use.used_at).collect();
            let addresses: Vec<&str> = uses.iter().map(|last_use| &*last_use.address).collect();
            let clients: Vec<&str> = uses.iter().map(|last_use| &*last_use.client).collect();
            sql_query(
                "INSERT INTO api_key_last_uses (api_key_id, used_at, address, client)
                 SELECT * FROM unnest($1, $2, $3, $4)
                 ON CONFLICT (api_key_id) DO UPDATE SET
                     used_at = excluded.used_at, address = excluded.address, client = excluded.client
                 WHERE api_key_last_uses.used_at <= excluded.used_at",
            )
            .bind::<Array<BigInt>, _>(ids)
            .bind::<Array<BigInt>, _>(times)
            .bind::<Array<Text>, _>(addresses)
            .bind::<Array<Text>, _>(clients)
            .execute(connection)?;
        }
    }
    Ok(())
}

/// The statement that SQLite runs for so many uses. Written out, since Diesel keeps no upsert in its statement cache.
struct SetLastUses<'a, const ROWS: usize>(&'a [LastUseRow; ROWS]);

impl<const ROWS: usize> QueryId for SetLastUses<'_, ROWS> {
    type QueryId = SetLastUses<'static, ROWS>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const ROWS: usize> QueryFragment<Sqlite> for SetLastUses<'_, ROWS> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO api_key_last_uses (api_key_id, used_at, address, client) VALUES ",
        );
        let mut before = "(";
        for last_use in self.0 {
            out.push_sql(before);
            before = "), (";
            out.push_bind_param::<BigInt, _>(&last_use.api_key_id)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&last_use.used_at)?;
            for text in [&last_use.address, &last_use.client] {
                out.push_sql(", ");
                out.push_bind_param::<Text, _>(text)?;
            }
        }
        out.push_sql(
            ") ON CONFLICT (api_key_id) DO UPDATE SET
                 used_at = excluded.used_at, address = excluded.address, client = excluded.client
             WHERE used_at <= excluded.used_at",
        );
        Ok(())
    }
}

impl<const ROWS: usize> RunQueryDsl<SqliteConnection> for SetLastUses<'_, ROWS> {}

/// The last use of one secret of a key.
pub fn upsert_secret(
    db: &mut Db,
    id: ApiKeyId,
    number: i64,
    used_at: Timestamp,
) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO secret_last_uses (api_key_id, number, used_at) VALUES ($1, $2, $3)
         ON CONFLICT (api_key_id, number) DO UPDATE SET used_at = excluded.used_at
         WHERE secret_last_uses.used_at < excluded.used_at",
    )
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(number)
    .bind::<BigInt, _>(used_at)
    .execute(db)?;
    Ok(())
}

/// When each secret of a key was last used, by its number.
pub fn list_secret_uses(db: &mut Db, id: ApiKeyId) -> Result<Vec<(i64, Timestamp)>, StoreError> {
    Ok(secret_last_uses::table
        .filter(secret_last_uses::api_key_id.eq(id))
        .select((secret_last_uses::number, secret_last_uses::used_at))
        .load(db)?)
}
