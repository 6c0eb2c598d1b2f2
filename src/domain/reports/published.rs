//! Reports that operators publish: a slug with editions, of which the newest is served.

use chrono::TimeDelta;

use super::Slug;
use super::files::{self, StoredFile};
use crate::clock::Timestamp;
use crate::domain::audit::{Act, Action, Outcome};
use crate::store::reports::{self as rows, EditionRow, ReportRow};
use crate::store::{Db, StoreError};

/// The longest title, in characters.
const MAX_TITLE: usize = 100;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 300;
/// The longest end of a file's name that is kept.
const MAX_EXTENSION: usize = 8;

/// Who may download a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Any account.
    Everyone,
    /// Accounts with a grant.
    Restricted,
}

impl Access {
    /// The word in forms, JSON and the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Restricted => "restricted",
        }
    }

    /// The access with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Everyone, Self::Restricted]
            .into_iter()
            .find(|access| access.word() == word)
    }
}

/// What a report says of itself, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its title.
    pub title: String,
    /// What it holds; may be empty.
    pub description: String,
    /// Who may download it.
    pub access: Access,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAbout {
    /// No title, too long, or not text.
    #[error("Enter a title of 1 to 100 characters, without control characters.")]
    Title,
    /// Too long, or not text.
    #[error("Enter at most 300 characters, without control characters.")]
    Description,
}

impl About {
    /// Checks the texts.
    ///
    /// # Errors
    /// If one cannot be accepted.
    pub fn parse(title: &str, description: &str, access: Access) -> Result<Self, BadAbout> {
        let text = |text: &str, most: usize| {
            let text = text.trim().to_owned();
            let is_text = !text.chars().any(char::is_control) && text.chars().count() <= most;
            is_text.then_some(text)
        };
        let title = text(title, MAX_TITLE).filter(|title| !title.is_empty());
        Ok(Self {
            title: title.ok_or(BadAbout::Title)?,
            description: text(description, MAX_DESCRIPTION).ok_or(BadAbout::Description)?,
            access,
        })
    }
}

/// A published report with its newest edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Names it.
    pub slug: Slug,
    /// What it says of itself.
    pub about: About,
    /// Its newest edition.
    pub newest: Edition,
}

/// An edition of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// When it was published, as 20261125T193000Z: names it.
    pub name: String,
    /// What it is downloaded as.
    pub file_name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub file: StoredFile,
    /// When it was published.
    pub published_at: Timestamp,
}

/// Ends of file names whose media types are known. What is not among them is bytes.
const MEDIA_TYPES: [(&str, &str); 12] = [
    ("csv", "text/csv; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
    ("json", "application/json"),
    ("ndjson", "application/x-ndjson"),
    ("xml", "application/xml"),
    ("pdf", "application/pdf"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("xz", "application/x-xz"),
    ("tar", "application/x-tar"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
];

/// The end of a file's name by which its kind is known, and its media type. Nothing else of the name is used.
pub fn kind_of(file_name: &str) -> (&str, &'static str) {
    let end = file_name.rsplit_once('.').map_or("", |(_, end)| end);
    let known = MEDIA_TYPES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(end));
    match known {
        Some((name, media_type)) => (name, media_type),
        None => {
            let is_plain = (1..=MAX_EXTENSION).contains(&end.len())
                && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
            (
                if is_plain { end } else { "bin" },
                "application/octet-stream",
            )
        }
    }
}

/// All published reports, by slug.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db) -> Result<Vec<Published>, StoreError> {
    let mut published = Vec::new();
    for row in rows::list(db)? {
        let newest = rows::newest_edition(db, &row.slug)?;
        published.extend(whole(db, row, newest)?);
    }
    Ok(published)
}

/// The report with this slug.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, slug: &Slug) -> Result<Option<Published>, StoreError> {
    let Some(row) = rows::find(db, slug.as_str())? else {
        return Ok(None);
    };
    let newest = rows::newest_edition(db, slug.as_str())?;
    whole(db, row, newest)
}

/// One of its editions.
///
/// # Errors
/// If the database fails.
pub fn find_edition(
    db: &mut Db,
    slug: &Slug,
    edition: &str,
) -> Result<Option<Edition>, StoreError> {
    match rows::find_edition(db, slug.as_str(), edition)? {
        Some(row) => edition_of(db, row),
        None => Ok(None),
    }
}

/// Its editions, newest first.
///
/// # Errors
/// If the database fails.
pub fn editions(db: &mut Db, slug: &Slug) -> Result<Vec<Edition>, StoreError> {
    let mut editions = Vec::new();
    for row in rows::editions(db, slug.as_str())? {
        editions.extend(edition_of(db, row)?);
    }
    Ok(editions)
}

/// Publishes an edition of a report that is there, or a new report with it. `kind` is the end of the file's name.
///
/// # Errors
/// If the database fails.
pub fn publish(
    db: &mut Db,
    act: &Act,
    slug: &Slug,
    about: &About,
    file: &StoredFile,
    file_name: &str,
) -> Result<String, StoreError> {
    let report = ReportRow {
        slug: slug.to_string(),
        title: about.title.clone(),
        description: about.description.clone(),
        access: about.access.word().to_owned(),
        created_at: act.now,
        updated_at: act.now,
    };
    rows::insert(db, &report)?;
    // Two that publish at once do so one after the other.
    rows::lock(db, slug.as_str())?;
    rows::update(db, &report)?;
    let mut at = act.now;
    while rows::find_edition(db, slug.as_str(), &edition_name(at))?.is_some() {
        at = at + TimeDelta::seconds(1);
    }
    let edition = edition_name(at);
    let (end, media_type) = kind_of(file_name);
    rows::insert_edition(
        db,
        &EditionRow {
            slug: slug.to_string(),
            edition: edition.clone(),
            file_id: file.id,
            file_name: format!("{slug}-{edition}.{}", end.to_ascii_lowercase()),
            media_type: media_type.to_owned(),
            published_at: at,
        },
    )?;
    let words = format!("{slug} {edition}");
    act.record(db, None, Action::ReportPublish, Some(&words), Outcome::Done)?;
    Ok(edition)
}

/// Changes what a report says of itself and who may download it; false if there is none.
///
/// # Errors
/// If the database fails.
pub fn change(db: &mut Db, act: &Act, slug: &Slug, about: &About) -> Result<bool, StoreError> {
    let Some(before) = rows::lock(db, slug.as_str())? else {
        return Ok(false);
    };
    rows::update(
        db,
        &ReportRow {
            title: about.title.clone(),
            description: about.description.clone(),
            access: about.access.word().to_owned(),
            updated_at: act.now,
            ..before
        },
    )?;
    let words = format!("{slug} ({})", about.access.word());
    act.record(db, None, Action::ReportChange, Some(&words), Outcome::Done)?;
    Ok(true)
}

/// Removes a report with its editions and grants; false if there is none.
///
/// # Errors
/// If the database fails.
pub fn remove(db: &mut Db, act: &Act, slug: &Slug) -> Result<bool, StoreError> {
    if rows::lock(db, slug.as_str())?.is_none() {
        return Ok(false);
    }
    rows::delete_grants(db, slug.as_str())?;
    rows::delete(db, slug.as_str())?;
    let action = Action::ReportRemove;
    act.record(db, None, action, Some(slug.as_str()), Outcome::Done)?;
    Ok(true)
}

/// Removes editions that are older than this, but the newest of each report.
///
/// # Errors
/// If the database fails.
pub fn remove_old_editions(db: &mut Db, now: Timestamp, keep: TimeDelta) -> Result<(), StoreError> {
    for report in rows::list(db)? {
        for edition in rows::editions(db, &report.slug)?.into_iter().skip(1) {
            if edition.published_at < now - keep {
                rows::delete_edition(db, &edition.slug, &edition.edition)?;
            }
        }
    }
    Ok(())
}

/// How an edition that is published at this time is called.
fn edition_name(at: Timestamp) -> String {
    at.to_datetime().format("%Y%m%dT%H%M%SZ").to_string()
}

fn whole(
    db: &mut Db,
    row: ReportRow,
    newest: Option<EditionRow>,
) -> Result<Option<Published>, StoreError> {
    let newest = match newest {
        Some(newest) => edition_of(db, newest)?,
        None => None,
    };
    let known = Access::from_word(&row.access).zip(row.slug.parse().ok());
    Ok(newest.zip(known).map(|(newest, (access, slug))| Published {
        slug,
        about: About {
            title: row.title,
            description: row.description,
            access,
        },
        newest,
    }))
}

fn edition_of(db: &mut Db, row: EditionRow) -> Result<Option<Edition>, StoreError> {
    Ok(files::find(db, row.file_id)?.map(|file| Edition {
        name: row.edition,
        file_name: row.file_name,
        media_type: row.media_type,
        file,
        published_at: row.published_at,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_files_name_is_used() {
        assert_eq!(kind_of("A.b.CSV"), ("csv", "text/csv; charset=utf-8"));
        let bytes = "application/octet-stream";
        assert_eq!(kind_of("report.parquet"), ("parquet", bytes));
        for name in [
            "report",
            "report.",
            "a/../../b",
            "x.ev\"il",
            "x.toolongforit",
        ] {
            assert_eq!(kind_of(name), ("bin", bytes), "{name}");
        }
    }

    #[test]
    fn titles_are_text() {
        let about = |title: &str, description: &str| {
            About::parse(title, description, Access::Everyone).map(|about| about.title)
        };
        assert_eq!(
            about(" Network status ", ""),
            Ok("Network status".to_owned())
        );
        for title in ["", "  ", "a\nb", &"a".repeat(101)] {
            assert_eq!(about(title, ""), Err(BadAbout::Title));
        }
        assert_eq!(about("a", &"a".repeat(301)), Err(BadAbout::Description));
    }
}
