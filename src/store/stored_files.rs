//! Files that lie in the database, cut into chunks of one size. What the chunks are is the caller's to say.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use super::connection::Db;
use super::error::StoreError;
use super::schema::{stored_file_chunks, stored_files};
use crate::clock::Timestamp;
use crate::ids::StoredFileId;

/// A file as it is stored, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = stored_files)]
pub struct StoredFileRow {
    /// Its id.
    pub id: StoredFileId,
    /// In bytes; while it is written, of what was written.
    pub size: i64,
    /// SHA-256 of all of it, once it is complete.
    pub sha256: Option<Vec<u8>>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When the last chunk was written.
    pub written_at: Timestamp,
    /// When it was complete; `None` while it is written, or removed.
    pub complete_at: Option<Timestamp>,
    /// Since when nothing names it, if that was noticed.
    pub unused_since: Option<Timestamp>,
}

/// True of a file that nothing names.
const IS_UNUSED: &str =
    "NOT EXISTS (SELECT 1 FROM ticket_attachments WHERE file_id = stored_files.id)
    AND NOT EXISTS (SELECT 1 FROM report_editions WHERE file_id = stored_files.id)
    AND NOT EXISTS (SELECT 1 FROM registry_files WHERE file_id = stored_files.id)";

/// Begins a file.
pub fn insert(db: &mut Db, row: &StoredFileRow) -> Result<(), StoreError> {
    diesel::insert_into(stored_files::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Adds a chunk; `size` is that of the file with it. False if the file is gone, or no longer written.
pub fn add_chunk(
    db: &mut Db,
    id: StoredFileId,
    number: i64,
    bytes: &[u8],
    size: i64,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let open = stored_files::table
        .find(id)
        .filter(stored_files::complete_at.is_null());
    let found = diesel::update(open)
        .set((stored_files::size.eq(size), stored_files::written_at.eq(at)))
        .execute(db)?;
    if found == 0 {
        return Ok(false);
    }
    diesel::insert_into(stored_file_chunks::table)
        .values((
            stored_file_chunks::file_id.eq(id),
            stored_file_chunks::number.eq(number),
            stored_file_chunks::bytes.eq(bytes),
        ))
        .execute(db)?;
    Ok(true)
}

/// From now on the file can be read. False if it is gone.
pub fn set_complete(
    db: &mut Db,
    id: StoredFileId,
    sha256: &[u8],
    at: Timestamp,
) -> Result<bool, StoreError> {
    let changed = diesel::update(stored_files::table.find(id))
        .set((
            stored_files::sha256.eq(Some(sha256)),
            stored_files::complete_at.eq(Some(at)),
        ))
        .execute(db)?;
    Ok(changed > 0)
}

/// A file that can be read.
pub fn find_complete(db: &mut Db, id: StoredFileId) -> Result<Option<StoredFileRow>, StoreError> {
    Ok(stored_files::table
        .find(id)
        .filter(stored_files::complete_at.is_not_null())
        .select(StoredFileRow::as_select())
        .first(db)
        .optional()?)
}

/// The chunk with this number, from 0.
pub fn chunk(db: &mut Db, id: StoredFileId, number: i64) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(stored_file_chunks::table
        .find((id, number))
        .select(stored_file_chunks::bytes)
        .first(db)
        .optional()?)
}

/// From now on the file can no longer be found. False if something names it, or it is gone.
pub fn set_incomplete(db: &mut Db, id: StoredFileId) -> Result<bool, StoreError> {
    let changed = sql_query(format!(
        "UPDATE stored_files SET complete_at = NULL WHERE id = $1 AND {IS_UNUSED}"
    ))
    .bind::<BigInt, _>(id)
    .execute(db)?;
    Ok(changed > 0)
}

/// Removes up to `most` chunks; how many it were.
pub fn delete_chunks(db: &mut Db, id: StoredFileId, most: i64) -> Result<usize, StoreError> {
    let numbers: Vec<i64> = stored_file_chunks::table
        .filter(stored_file_chunks::file_id.eq(id))
        .order(stored_file_chunks::number)
        .limit(most)
        .select(stored_file_chunks::number)
        .load(db)?;
    let those = stored_file_chunks::table
        .filter(stored_file_chunks::file_id.eq(id))
        .filter(stored_file_chunks::number.eq_any(numbers));
    Ok(diesel::delete(those).execute(db)?)
}

/// Removes a file whose chunks are gone.
pub fn delete(db: &mut Db, id: StoredFileId) -> Result<(), StoreError> {
    diesel::delete(stored_files::table.find(id)).execute(db)?;
    Ok(())
}

/// Notes which files nothing names any more, and which something names after all.
pub fn mark_unused(db: &mut Db, at: Timestamp) -> Result<(), StoreError> {
    sql_query(format!(
        "UPDATE stored_files SET unused_since = NULL WHERE unused_since IS NOT NULL AND NOT ({IS_UNUSED})"
    ))
    .execute(db)?;
    sql_query(format!(
        "UPDATE stored_files SET unused_since = $1 WHERE unused_since IS NULL AND complete_at IS NOT NULL
         AND {IS_UNUSED}"
    ))
    .bind::<BigInt, _>(at)
    .execute(db)?;
    Ok(())
}

/// Notes that a file that nothing names is still read.
pub fn set_used(db: &mut Db, id: StoredFileId, at: Timestamp) -> Result<(), StoreError> {
    let unused = stored_files::table
        .find(id)
        .filter(stored_files::unused_since.is_not_null());
    diesel::update(unused)
        .set(stored_files::unused_since.eq(Some(at)))
        .execute(db)?;
    Ok(())
}

/// The files that no one has written to since, and that are not complete, or that nothing has named since.
pub fn list_left_over(
    db: &mut Db,
    written_before: Timestamp,
    unused_before: Timestamp,
) -> Result<Vec<StoredFileId>, StoreError> {
    let broken_off =
        (stored_files::complete_at.is_null()).and(stored_files::written_at.lt(written_before));
    let unused = (stored_files::complete_at.is_not_null()).and(
        stored_files::unused_since
            .lt(unused_before)
            .assume_not_null(),
    );
    Ok(stored_files::table
        .filter(broken_off.or(unused))
        .select(stored_files::id)
        .load(db)?)
}
