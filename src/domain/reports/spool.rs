//! Where a report goes before it is sent: memory while it is small, else a file in the database.
//!
//! So no connection is held while a client reads, a report that cannot be made is an error and not a file that breaks
//! off, and memory stays the same however long it is.

use std::io::{self, Write};

use super::files::{self, FileWriter, StoredFile, WriteFileError};
use crate::clock::SharedClock;
use crate::store::Pool;

/// A report that was made.
pub enum Spooled {
    /// All of it.
    Small(Vec<u8>),
    /// In the database until it is dropped.
    Large(SpooledFile),
}

impl Spooled {
    /// In bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Small(bytes) => bytes.len() as u64,
            Self::Large(file) => file.file.size,
        }
    }
}

/// A file that no one needs once this is dropped. Housekeeping removes it if that fails.
pub struct SpooledFile {
    /// The file.
    pub file: StoredFile,
    pool: Pool,
}

impl Drop for SpooledFile {
    fn drop(&mut self) {
        files::remove_in_background(&self.pool, self.file.id);
    }
}

/// Takes a report as it is written.
pub struct Spool(FileWriter);

impl Spool {
    /// An empty one.
    pub fn new(pool: &Pool, clock: &SharedClock) -> Self {
        Self(FileWriter::new(pool, clock, u64::MAX))
    }

    /// The whole report.
    ///
    /// # Errors
    /// If the database fails.
    pub fn finish(mut self) -> Result<Spooled, WriteFileError> {
        if let Some(bytes) = self.0.take_small() {
            return Ok(Spooled::Small(bytes));
        }
        Ok(Spooled::Large(SpooledFile {
            pool: self.0.pool().clone(),
            file: self.0.finish()?,
        }))
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
