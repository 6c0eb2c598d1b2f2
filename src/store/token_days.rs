//! Calls of keys that providers have answered, and the tokens that they told, by the day. Written in batches by the recorder
//! alone.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::connection::Db;
use super::error::StoreError;
use super::schema::{api_keys, token_days};
use super::usage::Whose;
use crate::ids::{AccountId, ApiKeyId};

/// What a key has used at a provider on a day.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = token_days)]
pub struct TokenDayRow {
    /// Which key.
    pub api_key_id: ApiKeyId,
    /// Days of UTC since 1970-01-01.
    pub day: i64,
    /// Slug of the provider.
    pub provider: String,
    /// Calls that were answered, also those that told no tokens.
    pub calls: i64,
    /// What was sent.
    pub input_tokens: i64,
    /// What came back.
    pub output_tokens: i64,
}

/// Adds them to what is there. In the order of the primary key, so that instances never wait for each other in a circle.
pub fn add(db: &mut Db, rows: &[TokenDayRow]) -> Result<(), StoreError> {
    for row in rows {
        sql_query(
            "INSERT INTO token_days (api_key_id, day, provider, calls, input_tokens, output_tokens)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (api_key_id, day, provider) DO UPDATE SET
                 calls = token_days.calls + excluded.calls,
                 input_tokens = token_days.input_tokens + excluded.input_tokens,
                 output_tokens = token_days.output_tokens + excluded.output_tokens",
        )
        .bind::<BigInt, _>(row.api_key_id)
        .bind::<BigInt, _>(row.day)
        .bind::<Text, _>(&row.provider)
        .bind::<BigInt, _>(row.calls)
        .bind::<BigInt, _>(row.input_tokens)
        .bind::<BigInt, _>(row.output_tokens)
        .execute(db)?;
    }
    Ok(())
}

/// What was used from the first day to the last, both included; by day and provider.
pub fn list(
    db: &mut Db,
    whose: Whose,
    first: i64,
    last: i64,
) -> Result<Vec<TokenDayRow>, StoreError> {
    let all = token_days::table
        .filter(token_days::day.between(first, last))
        .order((
            token_days::day,
            token_days::provider,
            token_days::api_key_id,
        ))
        .select(TokenDayRow::as_select());
    Ok(match whose {
        Whose::Key(id) => all.filter(token_days::api_key_id.eq(id)).load(db)?,
        Whose::Account(id) => {
            let keys = api_keys::table
                .filter(api_keys::account_id.eq(id))
                .select(api_keys::id);
            all.filter(token_days::api_key_id.eq_any(keys)).load(db)?
        }
    })
}

#[derive(QueryableByName)]
struct CallsRow {
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = BigInt)]
    calls: i64,
}

/// How many calls of an account's keys each provider has answered from the first day to the last, both included.
pub fn calls_by_provider(
    db: &mut Db,
    account_id: AccountId,
    first: i64,
    last: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    // CAST, since PostgreSQL's SUM of integers is a NUMERIC. SQLite numbers the parameters in the order in which they stand.
    let rows: Vec<CallsRow> = sql_query(
        "SELECT provider, CAST(SUM(calls) AS BIGINT) AS calls
         FROM token_days
         WHERE api_key_id IN (SELECT id FROM api_keys WHERE account_id = $1) AND day BETWEEN $2 AND $3
         GROUP BY provider",
    )
    .bind::<BigInt, _>(account_id)
    .bind::<BigInt, _>(first)
    .bind::<BigInt, _>(last)
    .load(db)?;
    Ok((rows.into_iter())
        .map(|row| (row.provider, row.calls))
        .collect())
}
