//! Fingerprints of the instance secrets that a database was used with.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::instance_secrets;
use crate::clock::Timestamp;

/// A fingerprint as it is stored.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = instance_secrets)]
pub struct InstanceSecretRow {
    /// The id of the secret's entry.
    pub id: String,
    /// Tells secrets apart; says nothing about them.
    pub fingerprint: Vec<u8>,
    /// When it was first used here.
    pub created_at: Timestamp,
}

/// All fingerprints.
pub fn list(db: &mut Db) -> Result<Vec<InstanceSecretRow>, StoreError> {
    Ok(instance_secrets::table
        .select(InstanceSecretRow::as_select())
        .load(db)?)
}

/// Adds a fingerprint.
pub fn insert(db: &mut Db, row: &InstanceSecretRow) -> Result<(), StoreError> {
    diesel::insert_into(instance_secrets::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Lets only one instance at a time decide which secrets the database belongs to.
pub fn lock(db: &mut Db) -> Result<(), StoreError> {
    match db {
        Db::Postgres(connection) => {
            diesel::sql_query("LOCK TABLE instance_secrets IN SHARE ROW EXCLUSIVE MODE")
                .execute(connection)?;
        }
        Db::Sqlite(_) => {}
    }
    Ok(())
}
