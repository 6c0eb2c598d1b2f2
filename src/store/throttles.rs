//! Counters in fixed windows, shared by all instances.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::connection::Db;
use super::error::StoreError;
use super::schema::throttles;
use crate::clock::Timestamp;

/// A counter after it was counted up.
#[derive(QueryableByName)]
pub struct ThrottleRow {
    /// When the window ends and counting begins anew.
    #[diesel(sql_type = BigInt)]
    pub window_ends_at: Timestamp,
    /// How often it was taken in this window, this time included.
    #[diesel(sql_type = BigInt)]
    pub taken: i64,
}

/// Counts one more; begins a new window that ends at `window_ends_at` if there is none at `now`.
/// One statement, so parallel callers each see their own count.
pub fn take(
    db: &mut Db,
    bucket: &str,
    now: Timestamp,
    window_ends_at: Timestamp,
) -> Result<ThrottleRow, StoreError> {
    Ok(sql_query(
        "INSERT INTO throttles (bucket, window_ends_at, taken) VALUES ($1, $2, 1)
         ON CONFLICT (bucket) DO UPDATE SET
             taken = CASE WHEN throttles.window_ends_at <= $3 THEN 1 ELSE throttles.taken + 1 END,
             window_ends_at = CASE WHEN throttles.window_ends_at <= $4
                 THEN excluded.window_ends_at ELSE throttles.window_ends_at END
         RETURNING window_ends_at, taken",
    )
    .bind::<Text, _>(bucket)
    .bind::<BigInt, _>(window_ends_at)
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(now)
    .get_result(db)?)
}

/// Forgets a counter.
pub fn clear(db: &mut Db, bucket: &str) -> Result<(), StoreError> {
    diesel::delete(throttles::table.find(bucket)).execute(db)?;
    Ok(())
}

/// Removes counters whose window has ended.
pub fn delete_ended(db: &mut Db, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(throttles::table.filter(throttles::window_ends_at.le(now))).execute(db)?)
}
