//! A consistent copy of a SQLite database while it is in use.

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::error::StoreError;

/// Writes the database behind `connection` to a new file, the write-ahead log included. Copying the file alone
/// would lose the newest commits. SQLite refuses if `file` exists and is not empty.
pub fn copy_sqlite(connection: &mut SqliteConnection, file: &Path) -> Result<(), StoreError> {
    sql_query("VACUUM INTO ?")
        .bind::<Text, _>(file.to_string_lossy())
        .execute(connection)?;
    Ok(())
}
