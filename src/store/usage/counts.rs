//! Counts by minute, and of older times by day.
//!
//! Minutes are counted up in a table of their own, `usage_open_minutes`, and settled in `usage_minutes` when they have passed. A
//! count may stand in both: whoever reads adds them up.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable};
use diesel::sqlite::Sqlite;

use crate::ids::{AccountId, ApiKeyId};
use crate::store::schema::usage_open_minutes;
use crate::store::{Db, ROWS_AT_ONCE, StoreError};

/// Requests of a key in one minute with one outcome.
#[derive(Clone, Copy, Debug)]
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

/// Adds to the counts. Sorted by key, so that instances never wait for each other in a circle.
pub fn add_minutes(db: &mut Db, rows: &mut [MinuteRow]) -> Result<(), StoreError> {
    rows.sort_by_key(|row| (row.api_key_id, row.minute, row.outcome));
    match db {
        Db::Sqlite(connection) => {
            let (many, rest) = rows.as_chunks::<ROWS_AT_ONCE>();
            for rows in many {
                AddMinutes(rows).execute(connection)?;
            }
            for row in rest {
                AddMinutes(std::array::from_ref(row)).execute(connection)?;
            }
        }
        Db::Postgres(connection) => {
            let column = |of: fn(&MinuteRow) -> i64| rows.iter().map(of).collect::<Vec<i64>>();
            let ids: Vec<ApiKeyId> = rows.iter().map(|row| row.api_key_id).collect();
            sql_query(
                "INSERT INTO usage_open_minutes (api_key_id, minute, outcome, requests)
                 SELECT * FROM unnest($1, $2, $3, $4)
                 ON CONFLICT (api_key_id, minute, outcome)
                 DO UPDATE SET requests = usage_open_minutes.requests + excluded.requests",
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

/// The statement that SQLite runs for so many counts. Written out, since Diesel keeps no upsert in its statement cache, and
/// preparing one costs more than running it.
struct AddMinutes<'a, const ROWS: usize>(&'a [MinuteRow; ROWS]);

impl<const ROWS: usize> QueryId for AddMinutes<'_, ROWS> {
    type QueryId = AddMinutes<'static, ROWS>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const ROWS: usize> QueryFragment<Sqlite> for AddMinutes<'_, ROWS> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO usage_open_minutes (api_key_id, minute, outcome, requests) VALUES ",
        );
        let mut before = "(";
        for row in self.0 {
            out.push_sql(before);
            before = "), (";
            out.push_bind_param::<BigInt, _>(&row.api_key_id)?;
            for number in [&row.minute, &row.outcome, &row.requests] {
                out.push_sql(", ");
                out.push_bind_param::<BigInt, _>(number)?;
            }
        }
        out.push_sql(
            ") ON CONFLICT (api_key_id, minute, outcome) DO UPDATE SET requests = requests + excluded.requests",
        );
        Ok(())
    }
}

impl<const ROWS: usize> RunQueryDsl<SqliteConnection> for AddMinutes<'_, ROWS> {}

/// How many counts of minutes before `minute` are not settled.
pub fn count_passed(db: &mut Db, minute: i64) -> Result<i64, StoreError> {
    Ok(usage_open_minutes::table
        .filter(usage_open_minutes::minute.lt(minute))
        .count()
        .get_result(db)?)
}

/// Settles at most `most` counts of minutes before `minute`; gives how many. Only for who has the turn to write.
pub fn settle_minutes(db: &mut Db, minute: i64, most: i64) -> Result<usize, StoreError> {
    let passed = |columns: &str| {
        format!(
            "SELECT {columns} FROM usage_open_minutes WHERE minute < $1
             ORDER BY api_key_id, minute, outcome LIMIT $2"
        )
    };
    let add = |from: &str| {
        format!(
            "INSERT INTO usage_minutes (api_key_id, minute, outcome, requests)
             SELECT api_key_id, minute, outcome, requests FROM {from} ORDER BY api_key_id, minute, outcome
             ON CONFLICT (api_key_id, minute, outcome)
             DO UPDATE SET requests = usage_minutes.requests + excluded.requests"
        )
    };
    let run = |db: &mut Db, query: String| {
        (sql_query(query).bind::<BigInt, _>(minute))
            .bind::<BigInt, _>(most)
            .execute(db)
    };
    Ok(match db {
        // By their places: a join would read the whole table, with all versions of its rows that are not yet removed.
        Db::Postgres(_) => {
            let (places, add) = (passed("ctid"), add("gone"));
            let delete = format!(
                "DELETE FROM usage_open_minutes WHERE ctid = ANY (ARRAY({places})) RETURNING *"
            );
            run(db, format!("WITH gone AS ({delete}) {add}"))?
        }
        Db::Sqlite(_) => {
            let keys = passed("api_key_id, minute, outcome");
            let settled =
                format!("usage_open_minutes WHERE (api_key_id, minute, outcome) IN ({keys})");
            run(db, add(&settled))?;
            run(db, format!("DELETE FROM {settled}"))?
        }
    })
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

/// All counts by the minute that meet the condition, from minute `$2` (included) to `$3` (not included), as a table to read from.
fn minutes_of(condition: &str) -> String {
    let of = |table: &str| {
        format!(
            "SELECT api_key_id, minute, outcome, requests FROM {table}
             WHERE {condition} AND minute >= $2 AND minute < $3"
        )
    };
    let (settled, open) = (of("usage_minutes"), of("usage_open_minutes"));
    format!("({settled} UNION ALL {open}) AS minutes")
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
    let minutes = minutes_of(condition);
    // CAST, since PostgreSQL's SUM of integers is a NUMERIC.
    Ok(sql_query(format!(
        "SELECT api_key_id, (minute / {slot_minutes}) * {slot_minutes} AS minute, outcome,
             CAST(SUM(requests) AS BIGINT) AS requests
         FROM {minutes} GROUP BY api_key_id, minute / {slot_minutes}, outcome
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
    let minutes = minutes_of(condition);
    let busiest: Vec<BusiestRow> = sql_query(format!(
        "SELECT minute, CAST(SUM(requests) AS BIGINT) AS requests
         FROM {minutes} GROUP BY minute ORDER BY requests DESC, minute DESC LIMIT 1"
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

/// The first key behind `after` that has settled counts by the minute; by the index, so that no counts are read.
pub fn next_key(db: &mut Db, after: Option<ApiKeyId>) -> Result<Option<ApiKeyId>, StoreError> {
    let after = after.map_or(-1, ApiKeyId::as_number);
    let next: NextKeyRow =
        sql_query("SELECT MIN(api_key_id) AS api_key_id FROM usage_minutes WHERE api_key_id > $1")
            .bind::<BigInt, _>(after)
            .get_result(db)?;
    Ok(next.api_key_id)
}

/// Turns a key's settled counts of minutes before `before` into counts of days, each once, however many do it at the same time.
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
