//! Files in the database, so that any instance can serve them.
//!
//! They are written and read chunk by chunk, each in a short transaction or query of its own: a large file is never in
//! memory, and never one transaction. A file can be read once it is complete. What broke off, and what nothing names any
//! more, is removed by [`sweep`]; the latter only when no download has read from it for two hours, so that one that has
//! begun goes on to its end.

use std::io;

use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

use crate::clock::{SharedClock, Timestamp};
use crate::crypto::random::system_rng;
use crate::ids::StoredFileId;
use crate::store::stored_files::{self as rows, StoredFileRow};
use crate::store::{Db, Pool, StoreError};

/// Bytes of every chunk but the last.
pub const CHUNK: usize = 256 * 1024;
/// A file that no one has written to for so long has broken off.
const BROKEN_OFF_AFTER: TimeDelta = TimeDelta::hours(1);
/// How long a file that nothing names is kept after a download has read from it: downloads that have begun go on.
const KEPT_UNUSED: TimeDelta = TimeDelta::hours(2);
/// How often a download says that it still reads.
const TOLD_EVERY: TimeDelta = TimeDelta::minutes(10);
/// Chunks that are removed in one transaction.
const REMOVED_AT_ONCE: i64 = 64;

/// A file that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Names it.
    pub id: StoredFileId,
    /// In bytes.
    pub size: u64,
    /// SHA-256 of all of it.
    pub sha256: [u8; 32],
}

/// Why a file was not written. Nothing of it can be seen.
#[derive(Debug, thiserror::Error)]
pub enum WriteFileError {
    /// It is larger than it may be: so many bytes.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// It was removed while it was written, as one that broke off.
    #[error("the file took too long")]
    Gone,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WriteFileError {
    /// What a writer of some format has failed with, when it wrote to a [`FileWriter`].
    pub fn from_io(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => error,
            Err(other) => Self::Store(StoreError::Unavailable(Box::new(other))),
        }
    }
}

/// Why a file was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadFileError {
    /// It was removed meanwhile.
    #[error("the file is no longer there")]
    Gone,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps a small file, in the transaction of the row that names it.
///
/// # Errors
/// If the database fails.
pub fn store(db: &mut Db, bytes: &[u8], now: Timestamp) -> Result<StoredFile, StoreError> {
    let id = StoredFileId::random(&mut system_rng());
    rows::insert(db, &begun(id, now))?;
    let mut size = 0;
    for (number, chunk) in (0..).zip(bytes.chunks(CHUNK)) {
        size += chunk.len();
        rows::add_chunk(db, id, number, chunk, signed(size as u64), now)?;
    }
    let sha256: [u8; 32] = Sha256::digest(bytes).into();
    rows::set_complete(db, id, &sha256, now)?;
    Ok(StoredFile {
        id,
        size: size as u64,
        sha256,
    })
}

/// A file that is complete; `None` if there is none, or it is still written.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, id: StoredFileId) -> Result<Option<StoredFile>, StoreError> {
    Ok(rows::find_complete(db, id)?.and_then(|row| {
        Some(StoredFile {
            id: row.id,
            size: u64::try_from(row.size).ok()?,
            sha256: row.sha256?.try_into().ok()?,
        })
    }))
}

/// All bytes of a small file.
///
/// # Errors
/// If it is gone, or the database fails.
pub fn read_whole(db: &mut Db, file: &StoredFile) -> Result<Vec<u8>, ReadFileError> {
    let mut bytes = Vec::new();
    for number in 0..file.size.div_ceil(CHUNK as u64) {
        let chunk = rows::chunk(db, file.id, signed(number))?;
        bytes.extend(chunk.ok_or(ReadFileError::Gone)?);
    }
    Ok(bytes)
}

/// Removes a file that nothing names; leaves one alone that something does.
///
/// # Errors
/// If the database fails. The file cannot be seen then either.
pub fn remove(pool: &Pool, id: StoredFileId) -> Result<(), StoreError> {
    if !pool.write_now(|db| rows::set_incomplete(db, id))? {
        return Ok(());
    }
    while pool.write_now(|db| rows::delete_chunks(db, id, REMOVED_AT_ONCE))? > 0 {}
    pool.write_now(|db| rows::delete(db, id))
}

/// Removes files that broke off, and those that nothing names and no one has read for two hours.
///
/// # Errors
/// If the database fails.
pub fn sweep(pool: &Pool, now: Timestamp) -> Result<(), StoreError> {
    let left_over = pool.write_now(|db| {
        rows::mark_unused(db, now)?;
        rows::list_left_over(db, now - BROKEN_OFF_AFTER, now - KEPT_UNUSED)
    })?;
    for id in left_over {
        remove(pool, id)?;
    }
    Ok(())
}

/// A file that is being written: with [`io::Write`] and [`FileWriter::finish`] on a thread that may block, or with
/// [`FileWriter::push`] and [`FileWriter::complete`] as a body arrives. Dropped before its end, it is removed.
pub struct FileWriter {
    pool: Pool,
    clock: SharedClock,
    id: StoredFileId,
    most: u64,
    size: u64,
    next: i64,
    hash: Sha256,
    buffer: Vec<u8>,
    is_open: bool,
}

/// A chunk on its way into the database.
struct Chunk {
    id: StoredFileId,
    number: i64,
    bytes: Vec<u8>,
    size: i64,
    at: Timestamp,
}

impl Chunk {
    fn write(self, db: &mut Db) -> Result<(), WriteFileError> {
        if self.number == 0 {
            rows::insert(db, &begun(self.id, self.at))?;
        }
        let was_added = rows::add_chunk(db, self.id, self.number, &self.bytes, self.size, self.at)?;
        was_added.then_some(()).ok_or(WriteFileError::Gone)
    }
}

impl FileWriter {
    /// A new file of `most` bytes at most. Nothing is written yet.
    pub fn new(pool: &Pool, clock: &SharedClock, most: u64) -> Self {
        Self {
            pool: pool.clone(),
            clock: clock.clone(),
            id: StoredFileId::random(&mut system_rng()),
            most,
            size: 0,
            next: 0,
            hash: Sha256::new(),
            buffer: Vec::new(),
            is_open: true,
        }
    }

    /// Where it is written.
    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// All bytes, if they are few and nothing was written yet.
    pub(super) fn take_small(&mut self) -> Option<Vec<u8>> {
        (self.next == 0).then(|| std::mem::take(&mut self.buffer))
    }

    /// Adds these bytes; each full chunk is a transaction on a blocking thread.
    ///
    /// # Errors
    /// If the file becomes too large, took too long, or the database fails.
    pub async fn push(&mut self, mut bytes: &[u8]) -> Result<(), WriteFileError> {
        while !bytes.is_empty() {
            bytes = &bytes[self.take(bytes)?..];
            if let Some(chunk) = self.full_chunk() {
                self.pool.write(move |db| chunk.write(db)).await?;
            }
        }
        Ok(())
    }

    /// Ends the file: from now on it can be read.
    ///
    /// # Errors
    /// As [`FileWriter::push`].
    pub async fn complete(mut self) -> Result<StoredFile, WriteFileError> {
        let (chunk, file, at) = self.last_chunk();
        self.pool.write(move |db| end(db, chunk, &file, at)).await?;
        self.is_open = false;
        Ok(file)
    }

    /// [`FileWriter::complete`] on this thread.
    ///
    /// # Errors
    /// As [`FileWriter::push`].
    pub fn finish(mut self) -> Result<StoredFile, WriteFileError> {
        let (chunk, file, at) = self.last_chunk();
        self.pool.write_now(|db| end(db, chunk, &file, at))?;
        self.is_open = false;
        Ok(file)
    }

    /// Takes as many of these bytes as fit the chunk, and says how many.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, WriteFileError> {
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        let size = self.size + taken as u64;
        if size > self.most {
            return Err(WriteFileError::TooLarge(self.most));
        }
        self.size = size;
        self.hash.update(&bytes[..taken]);
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn full_chunk(&mut self) -> Option<Chunk> {
        (self.buffer.len() == CHUNK).then(|| self.next_chunk())
    }

    fn next_chunk(&mut self) -> Chunk {
        let chunk = Chunk {
            id: self.id,
            number: self.next,
            bytes: std::mem::take(&mut self.buffer),
            size: signed(self.size),
            at: self.clock.now(),
        };
        self.next += 1;
        chunk
    }

    fn last_chunk(&mut self) -> (Option<Chunk>, StoredFile, Timestamp) {
        // An empty file has one empty chunk, which is what begins it.
        let chunk = (self.next == 0 || !self.buffer.is_empty()).then(|| self.next_chunk());
        let file = StoredFile {
            id: self.id,
            size: self.size,
            sha256: std::mem::take(&mut self.hash).finalize().into(),
        };
        (chunk, file, self.clock.now())
    }
}

fn end(
    db: &mut Db,
    chunk: Option<Chunk>,
    file: &StoredFile,
    at: Timestamp,
) -> Result<(), WriteFileError> {
    if let Some(chunk) = chunk {
        chunk.write(db)?;
    }
    let was_there = rows::set_complete(db, file.id, &file.sha256, at)?;
    was_there.then_some(()).ok_or(WriteFileError::Gone)
}

impl io::Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.take(bytes).map_err(io::Error::other)?;
        if let Some(chunk) = self.full_chunk() {
            (self.pool.write_now(|db| chunk.write(db))).map_err(io::Error::other)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        if self.is_open && self.next > 0 {
            remove_in_background(&self.pool, self.id);
        }
    }
}

/// [`remove`] on another thread, where an async one lets go of the file. Housekeeping removes what cannot be removed now.
pub(super) fn remove_in_background(pool: &Pool, id: StoredFileId) {
    let pool = pool.clone();
    let removal = move || {
        if let Err(error) = remove(&pool, id) {
            tracing::warn!(%error, "a file that no one needs was not removed yet");
        }
    };
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(removal)),
        Err(_) => removal(),
    }
}

/// Reads a file from a place in it, one blocking hop a chunk.
pub struct FileReader {
    pool: Pool,
    id: StoredFileId,
    position: u64,
    end: u64,
    clock: SharedClock,
    told_at: Timestamp,
}

impl FileReader {
    /// Reads the bytes from `start` to before `end`.
    pub fn new(pool: &Pool, clock: &SharedClock, file: &StoredFile, start: u64, end: u64) -> Self {
        Self {
            pool: pool.clone(),
            id: file.id,
            position: start,
            end: end.min(file.size),
            clock: clock.clone(),
            told_at: clock.now(),
        }
    }

    /// Bytes that are still to come.
    pub fn remaining(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    /// The next bytes, a chunk at most; `None` at the end.
    ///
    /// # Errors
    /// If the file is gone, or the database fails.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ReadFileError> {
        if self.remaining() == 0 {
            return Ok(None);
        }
        let (id, size) = (self.id, CHUNK as u64);
        let (number, skipped) = (signed(self.position / size), self.position % size);
        let now = self.clock.now();
        if now - self.told_at >= TOLD_EVERY {
            self.told_at = now;
            let told = self.pool.write(move |db| rows::set_used(db, id, now));
            if let Err(error) = told.await {
                // It is told again long before the file could go.
                tracing::warn!(%error, "it could not be noted that a file is still read");
            }
        }
        let chunk = self
            .pool
            .read(move |db| rows::chunk(db, id, number))
            .await?;
        let mut chunk = chunk.ok_or(ReadFileError::Gone)?;
        let skipped = usize::try_from(skipped).unwrap_or(CHUNK);
        if chunk.len() <= skipped {
            return Err(ReadFileError::Gone);
        }
        chunk.drain(..skipped);
        chunk.truncate(usize::try_from(self.remaining()).unwrap_or(CHUNK));
        self.position += chunk.len() as u64;
        Ok(Some(chunk))
    }
}

fn begun(id: StoredFileId, at: Timestamp) -> StoredFileRow {
    StoredFileRow {
        id,
        size: 0,
        sha256: None,
        created_at: at,
        written_at: at,
        complete_at: None,
        unused_since: None,
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
