//! The numbers in handles.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::store::{Db, StoreError};

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    last: i64,
}

/// The next number for this stem, from 1. One statement, so that two transactions never get the same.
pub fn next(db: &mut Db, stem: &str) -> Result<i64, StoreError> {
    let Counted { last } = sql_query(
        "INSERT INTO handle_counters (stem, last) VALUES ($1, 1)
         ON CONFLICT (stem) DO UPDATE SET last = handle_counters.last + 1
         RETURNING last",
    )
    .bind::<Text, _>(stem)
    .get_result(db)?;
    Ok(last)
}

/// Counts on from this number, if it is not further already.
pub fn raise(db: &mut Db, stem: &str, number: i64) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO handle_counters (stem, last) VALUES ($1, $2)
         ON CONFLICT (stem) DO UPDATE SET last = excluded.last
         WHERE handle_counters.last < excluded.last",
    )
    .bind::<Text, _>(stem)
    .bind::<BigInt, _>(number)
    .execute(db)?;
    Ok(())
}
