//! The usage log: counts by minute and by day, the newest requests in detail, uses of dead keys, exposures.
//!
//! Written in batches by the recorder, and tidied by housekeeping; nothing here is read on the way of a request.

mod alarms;
mod counts;
mod requests;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool};

use crate::store::{Db, StoreError};

pub use self::alarms::{
    AttemptsRow, ExposureRow, OwnerToTell, add_attempts, add_exposure, find_attempts,
    list_attempts, list_exposures, take_attempts_to_tell,
};
pub use self::counts::{
    MinuteRow, SLOT_MINUTES, SlotRow, Whose, add_minutes, busiest_minute, count_passed, list_slots,
    next_key, roll_up, settle_minutes,
};
pub use self::requests::{
    RequestRow, add_requests, delete_requests_before, list_requests, prune_requests,
};

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
