//! The whole registry as others may see it: which files there are of it, and that each is made once.
//!
//! A file belongs to a state of the registry, its serial, which every change moves: so it is never older than the
//! request for it, and every instance that makes it makes the same bytes. What it looks like is the edge's to say.

use super::ReportError;
use super::files::{self, FileWriter, StoredFile};
use crate::clock::{SharedClock, Timestamp};
use crate::store::registry::head::{self, HeadRow};
use crate::store::reports::{self as rows, RegistryFileRow};
use crate::store::{Db, Pool, StoreError};

/// Kinds of records, as words in addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// Contacts.
    Pocs,
    /// Organizations, and customers as such.
    Orgs,
    /// Networks.
    Nets,
    /// AS numbers, of which this registry has none.
    Asns,
}

impl Object {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 4] = [Self::Pocs, Self::Orgs, Self::Nets, Self::Asns];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pocs => "pocs",
            Self::Orgs => "orgs",
            Self::Nets => "nets",
            Self::Asns => "asns",
        }
    }

    /// The kind with this word, which is exact.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|object| object.word() == word)
    }
}

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An archive of both others.
    Zip,
    /// XML.
    Xml,
    /// Lines of text.
    Text,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Zip, Self::Xml, Self::Text];

    /// The end of the file's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Xml => "xml",
            Self::Text => "txt",
        }
    }

    /// The format with this word, which is exact.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Zip => "application/zip",
            Self::Xml => "application/xml; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

/// Which file of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    objects: Vec<Object>,
    /// In which format.
    pub format: Format,
}

impl Wanted {
    /// All records.
    pub fn all(format: Format) -> Self {
        Self {
            objects: Object::ALL.to_vec(),
            format,
        }
    }

    /// Words between these separators, each once, in any order; `None` if there is another word, or none.
    pub fn parse(words: &str, separator: char, format: Format) -> Option<Self> {
        let mut objects = Vec::new();
        for word in words.split(separator) {
            let object = Object::from_word(word)?;
            if objects.contains(&object) {
                return None;
            }
            objects.push(object);
        }
        objects.sort();
        Some(Self { objects, format })
    }

    /// True if these records are wanted.
    pub fn has(&self, object: Object) -> bool {
        self.objects.contains(&object)
    }

    /// As addresses and the audit log have it: `orgs+nets.zip`.
    pub fn words(&self) -> String {
        let words: Vec<&str> = self.objects.iter().map(|object| object.word()).collect();
        format!("{}.{}", words.join("+"), self.format.word())
    }

    /// As the database has it; what makes no difference to the bytes makes none here.
    fn key(&self) -> String {
        let words: Vec<&str> = (self.objects.iter())
            .filter(|object| **object != Object::Asns)
            .map(|object| object.word())
            .collect();
        words.join("+")
    }
}

/// The registry as it was at one instant, for those who write a file of it.
pub type Snapshot = Db;

/// A state of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Counts the changes.
    pub serial: i64,
    /// When the last one was made.
    pub changed_at: Timestamp,
}

impl From<HeadRow> for State {
    fn from(row: HeadRow) -> Self {
        Self {
            serial: row.serial,
            changed_at: row.changed_at,
        }
    }
}

/// The present state.
///
/// # Errors
/// If the database fails.
pub fn state(db: &mut Db) -> Result<State, StoreError> {
    head::read(db).map(State::from)
}

/// The file of the present state, if it was made.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, wanted: &Wanted) -> Result<(State, Option<StoredFile>), StoreError> {
    let state = state(db)?;
    let made = rows::find_registry_file(db, state.serial, &wanted.key(), wanted.format.word())?;
    let file = match made {
        Some(id) => files::find(db, id)?,
        None => None,
    };
    Ok((state, file))
}

/// Makes the file of the present state, unless it was made: `write` writes it, from one snapshot.
///
/// # Errors
/// If the database fails.
pub fn ensure<W>(
    pool: &Pool,
    clock: &SharedClock,
    wanted: &Wanted,
    write: W,
) -> Result<(State, StoredFile), ReportError>
where
    W: FnOnce(&mut Db, State, FileWriter) -> Result<FileWriter, ReportError>,
{
    if let (state, Some(file)) = pool.read_now(|db| find(db, wanted))? {
        return Ok((state, file));
    }
    let file = FileWriter::new(pool, clock, u64::MAX);
    let (state, written) = pool.snapshot_now(|db| {
        let state = state(db)?;
        Ok::<_, ReportError>((state, write(db, state, file)?))
    })?;
    let file = written.finish()?;
    let row = RegistryFileRow {
        serial: state.serial,
        objects: wanted.key(),
        format: wanted.format.word().to_owned(),
        file_id: file.id,
    };
    let was_first = pool.write_now(|db| {
        rows::delete_registry_files_before(db, state.serial)?;
        rows::insert_registry_file(db, &row)
    })?;
    if was_first {
        return Ok((state, file));
    }
    // Another one was faster, with the same bytes.
    files::remove(pool, file.id)?;
    let theirs = pool.read_now(|db| {
        let id = rows::find_registry_file(db, state.serial, &row.objects, &row.format)?;
        id.map_or(Ok(None), |id| files::find(db, id))
    })?;
    theirs
        .map(|file| (state, file))
        .ok_or_else(|| StoreError::Unavailable("the registry changes too fast".into()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_come_in_any_order_each_once() {
        let parse = |words: &str| Wanted::parse(words, '+', Format::Zip).map(|wanted| wanted.key());
        assert_eq!(parse("nets+orgs"), Some("orgs+nets".to_owned()));
        assert_eq!(parse("asns+pocs"), parse("pocs"));
        assert_eq!(parse("asns"), Some(String::new()));
        for words in ["", "nets+nets", "nets+", "Nets", "nets,orgs", "../nets"] {
            assert_eq!(parse(words), None, "{words}");
        }
    }
}
