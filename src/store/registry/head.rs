//! The serial of the registry: moved by every change.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::store::schema::registry_head;
use crate::store::{Db, StoreError};

/// Which state the registry is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = registry_head)]
pub struct HeadRow {
    /// Counts the changes.
    pub serial: i64,
    /// When the last one was made.
    pub changed_at: Timestamp,
}

/// The present state.
pub fn read(db: &mut Db) -> Result<HeadRow, StoreError> {
    Ok(registry_head::table
        .find(0)
        .select(HeadRow::as_select())
        .first(db)?)
}

/// Counts a change. From here to the end of the transaction no other one changes the registry.
pub fn advance(db: &mut Db, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(registry_head::table.find(0))
        .set((
            registry_head::serial.eq(registry_head::serial + 1),
            registry_head::changed_at.eq(at),
        ))
        .execute(db)?;
    Ok(())
}
