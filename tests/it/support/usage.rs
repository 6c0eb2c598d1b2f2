//! What the usage log has counted.

use diesel::sql_types::{BigInt, Nullable};
use diesel::{QueryableByName, RunQueryDsl as _, sql_query};
use keyport::domain::usage::outcome::Outcome;
use keyport::store::{Pool, StoreError};

/// Requests by the minute, of minutes that have passed and of those that are counted up.
pub fn counted(pool: &Pool) -> u64 {
    sum(pool, "TRUE")
}

/// Of these the ones with this outcome.
pub fn counted_as(pool: &Pool, outcome: Outcome) -> u64 {
    sum(pool, &format!("outcome = {}", outcome.number()))
}

fn sum(pool: &Pool, condition: &str) -> u64 {
    #[derive(QueryableByName)]
    struct Sum {
        #[diesel(sql_type = Nullable<BigInt>)]
        requests: Option<i64>,
    }
    let query = format!(
        "SELECT CAST(SUM(requests) AS BIGINT) AS requests
         FROM (SELECT * FROM usage_minutes UNION ALL SELECT * FROM usage_open_minutes) AS minutes WHERE {condition}"
    );
    let sum: Result<Sum, StoreError> = pool.read_now(|db| Ok(sql_query(query).get_result(db)?));
    sum.unwrap().requests.unwrap_or(0).try_into().unwrap()
}
