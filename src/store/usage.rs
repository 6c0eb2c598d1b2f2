//! The usage log: counts by minute and by day, the newest requests in detail, uses of dead keys, exposures.
//!
//! Written in batches by the recorder alone; nothing here is read on the way of a request.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::connection::Db;
use super::error::StoreError;
use super::schema::{
    accounts, api_keys, dead_key_attempts, key_exposures, key_requests, usage_minutes,
};
use crate::clock::Timestamp;
use crate::ids::{AccountId, ApiKeyId};

/// Of the locks of PostgreSQL that stand for something outside the tables, the one for writing the usage log. Its second half
/// is the schema's, since several keyports may use one database.
const WRITING: i64 = 1_802_201_964;

#[derive(QueryableByName)]
struct Turn {
    #[diesel(sql_type = Bool)]
    is_taken: bool,
}

/// Takes the turn to write the usage log until the transaction ends. Instances have the same keys to write of: two at once would
/// wait for each other's rows, and hold rows meanwhile that others wait for. False if another instance has the turn, and
/// `waits` is not set.
///
/// # Errors
/// If the database fails, or the turn does not come for 5 seconds.
pub fn take_turn(db: &mut Db, waits: bool) -> Result<bool, StoreError> {
    // A writing transaction on SQLite is the only one anyway.
    let Db::Postgres(connection) = db else {
        return Ok(true);
    };
    let query = match waits {
        true => {
            "SELECT TRUE AS is_taken FROM pg_advisory_xact_lock($1::int, hashtext(current_schema()))"
        }
        false => {
            "SELECT pg_try_advisory_xact_lock($1::int, hashtext(current_schema())) AS is_taken"
        }
    };
    let turn: Turn = sql_query(query)
        .bind::<BigInt, _>(WRITING)
        .get_result(connection)?;
    Ok(turn.is_taken)
}

/// Requests of a key in one minute with one outcome.
#[derive(Clone, Copy, Debug, Insertable)]
#[diesel(table_name = usage_minutes)]
pub struct MinuteRow {
    /// Which key.
    pub api_key_id: ApiKeyId,
    /// Minutes since 1970-01-01T00:00Z.
    pub minute: i64,
    /// The outcome's number.
    pub outcome: i64,
    /// How many.
    pub requests: i64,
}

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

/// Adds to the counts. Sorted by key, so that instances never wait for each other in a circle.
pub fn add_minutes(db: &mut Db, rows: &mut [MinuteRow]) -> Result<(), StoreError> {
    rows.sort_by_key(|row| (row.api_key_id, row.minute, row.outcome));
    match db {
        Db::Sqlite(connection) => {
            for row in rows.iter() {
                AddMinute(row).execute(connection)?;
            }
        }
        Db::Postgres(connection) => {
            let column = |of: fn(&MinuteRow) -> i64| rows.iter().map(of).collect::<Vec<i64>>();
            let ids: Vec<ApiKeyId> = rows.iter().map(|row| row.api_key_id).collect();
            sql_query(
                "INSERT INTO usage_minutes (api_key_id, minute, outcome, requests)
                 SELECT * FROM unnest($1, $2, $3, $4)
                 ON CONFLICT (api_key_id, minute, outcome)
                 DO UPDATE SET requests = usage_minutes.requests + excluded.requests",
            )
            .bind::<Array<BigInt>, _>(ids)
            .bind::<Array<BigInt>, _>(column(|row| row.minute))
            .bind::<Array<BigInt>, _>(column(|row| row.outcome))
            .bind::<Array<BigInt>, _>(column(|row| row.requests))
            .execute(connection)?;
        }
    }
    Ok(())
}

/// The statement that SQLite runs for each count. Written out, since Diesel keeps no upsert in its statement cache, and
/// preparing one costs more than running it.
struct AddMinute<'a>(&'a MinuteRow);

impl QueryId for AddMinute<'_> {
    type QueryId = AddMinute<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Sqlite> for AddMinute<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let MinuteRow {
            api_key_id,
            minute,
            outcome,
            requests,
        } = self.0;
        out.push_sql("INSERT INTO usage_minutes (api_key_id, minute, outcome, requests) VALUES (");
        out.push_bind_param::<BigInt, _>(api_key_id)?;
        for number in [minute, outcome, requests] {
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(number)?;
        }
        out.push_sql(
            ") ON CONFLICT (api_key_id, minute, outcome) DO UPDATE SET requests = requests + excluded.requests",
        );
        Ok(())
    }
}

impl RunQueryDsl<SqliteConnection> for AddMinute<'_> {}

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

/// The newest requests of a key in detail, newest first.
pub fn list_requests(db: &mut Db, id: ApiKeyId, limit: i64) -> Result<Vec<RequestRow>, StoreError> {
    Ok(key_requests::table
        .filter(key_requests::api_key_id.eq(id))
        .order(key_requests::id.desc())
        .limit(limit)
        .select(RequestRow::as_select())
        .load(db)?)
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

/// Whose usage is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// One key's.
    Key(ApiKeyId),
    /// That of all keys of an account, deleted ones included.
    Account(AccountId),
}

impl Whose {
    /// A condition on the column `api_key_id` with one placeholder, and what to bind to it.
    fn condition(self) -> (&'static str, i64) {
        match self {
            Self::Key(id) => ("api_key_id = $1", id.as_number()),
            Self::Account(id) => (
                "api_key_id IN (SELECT id FROM api_keys WHERE account_id = $1)",
                id.as_number(),
            ),
        }
    }
}

/// Requests of a key with one outcome in a quarter of an hour, or on a day that is no longer kept by the minute.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct SlotRow {
    /// Which key.
    #[diesel(sql_type = BigInt)]
    pub api_key_id: ApiKeyId,
    /// The first minute of the slot, since 1970-01-01T00:00Z.
    #[diesel(sql_type = BigInt)]
    pub minute: i64,
    /// The outcome's number.
    #[diesel(sql_type = BigInt)]
    pub outcome: i64,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub requests: i64,
}

/// Minutes of a slot. Every time zone's hours and days begin at one.
pub const SLOT_MINUTES: i64 = 15;

/// The counts of the minutes from `from` (included) to `to` (not included), in slots of `slot_minutes`.
pub fn list_slots(
    db: &mut Db,
    whose: Whose,
    from: i64,
    to: i64,
    slot_minutes: i64,
) -> Result<Vec<SlotRow>, StoreError> {
    let (condition, id) = whose.condition();
    // CAST, since PostgreSQL's SUM of integers is a NUMERIC.
    Ok(sql_query(format!(
        "SELECT api_key_id, (minute / {slot_minutes}) * {slot_minutes} AS minute, outcome,
             CAST(SUM(requests) AS BIGINT) AS requests
         FROM usage_minutes WHERE {condition} AND minute >= $2 AND minute < $3
         GROUP BY api_key_id, minute / {slot_minutes}, outcome
         UNION ALL
         SELECT api_key_id, day * 1440 AS minute, outcome, requests
         FROM usage_days WHERE {condition} AND day >= $2 / 1440 AND day * 1440 < $3
         ORDER BY minute, outcome, api_key_id"
    ))
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(from)
    .bind::<BigInt, _>(to)
    .load(db)?)
}

#[derive(QueryableByName)]
struct BusiestRow {
    #[diesel(sql_type = BigInt)]
    minute: i64,
    #[diesel(sql_type = BigInt)]
    requests: i64,
}

/// The minute with the most requests, and how many; the latest of equals.
pub fn busiest_minute(
    db: &mut Db,
    whose: Whose,
    from: i64,
    to: i64,
) -> Result<Option<(i64, i64)>, StoreError> {
    let (condition, id) = whose.condition();
    let busiest: Vec<BusiestRow> = sql_query(format!(
        "SELECT minute, CAST(SUM(requests) AS BIGINT) AS requests
         FROM usage_minutes WHERE {condition} AND minute >= $2 AND minute < $3
         GROUP BY minute ORDER BY requests DESC, minute DESC LIMIT 1"
    ))
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(from)
    .bind::<BigInt, _>(to)
    .load(db)?;
    Ok(busiest.first().map(|row| (row.minute, row.requests)))
}

#[derive(QueryableByName)]
struct NextKeyRow {
    #[diesel(sql_type = Nullable<BigInt>)]
    api_key_id: Option<ApiKeyId>,
}

/// The first key behind `after` that has counts by the minute; by the index, so that no counts are read.
pub fn next_key(db: &mut Db, after: Option<ApiKeyId>) -> Result<Option<ApiKeyId>, StoreError> {
    let after = after.map_or(-1, ApiKeyId::as_number);
    let next: NextKeyRow =
        sql_query("SELECT MIN(api_key_id) AS api_key_id FROM usage_minutes WHERE api_key_id > $1")
            .bind::<BigInt, _>(after)
            .get_result(db)?;
    Ok(next.api_key_id)
}

/// Turns a key's counts of minutes before `before` into counts of days, each once, however many do it at the same time.
pub fn roll_up(db: &mut Db, id: ApiKeyId, before: i64) -> Result<(), StoreError> {
    let add = "INSERT INTO usage_days (api_key_id, day, outcome, requests)
         SELECT api_key_id, minute / 1440, outcome, CAST(SUM(requests) AS BIGINT) FROM";
    let group = "GROUP BY api_key_id, minute / 1440, outcome
         ON CONFLICT (api_key_id, day, outcome) DO UPDATE SET requests = usage_days.requests + excluded.requests";
    let delete = "DELETE FROM usage_minutes WHERE api_key_id = $1 AND minute < $2";
    match db {
        // Who waits for another's delete finds nothing left to add.
        Db::Postgres(connection) => {
            sql_query(format!(
                "WITH gone AS ({delete} RETURNING *) {add} gone {group}"
            ))
            .bind::<BigInt, _>(id)
            .bind::<BigInt, _>(before)
            .execute(connection)?;
        }
        // A writing transaction of SQLite has the database to itself.
        Db::Sqlite(connection) => {
            let condition = "WHERE api_key_id = $1 AND minute < $2";
            sql_query(format!("{add} usage_minutes {condition} {group}"))
                .bind::<BigInt, _>(id)
                .bind::<BigInt, _>(before)
                .execute(connection)?;
            sql_query(delete)
                .bind::<BigInt, _>(id)
                .bind::<BigInt, _>(before)
                .execute(connection)?;
        }
    }
    Ok(())
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
