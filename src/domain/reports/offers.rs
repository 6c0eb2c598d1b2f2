//! What an account may download, for its page and for programs.

use crate::clock::Timestamp;
use crate::domain::reports::bulk::{self, Format, Wanted};
use crate::domain::reports::files::StoredFile;
use crate::domain::reports::own::OwnKind;
use crate::domain::reports::published::{self, Access};
use crate::domain::reports::{BULK_SLUG, Slug, grants};
use crate::ids::AccountId;
use crate::store::{Db, StoreError};

/// A report that the account may fetch now.
pub struct Offer {
    /// Its name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// What it holds.
    pub description: String,
    /// The account's own report, if it is one.
    pub own: Option<OwnKind>,
    /// Who may have it; `None` for own reports.
    pub access: Option<Access>,
    /// What it can be asked with.
    pub parameters: &'static [&'static str],
    /// Its media type.
    pub media_type: String,
    /// Its bytes, if they are there already.
    pub file: Option<StoredFile>,
    /// Which edition, if it has some.
    pub edition: Option<String>,
    /// Since when it is as it is; `None` for what is made when it is asked for.
    pub updated_at: Option<Timestamp>,
}

/// All of them: own ones, the whole registry, and what operators have published.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db, me: AccountId, now: Timestamp) -> Result<Vec<Offer>, StoreError> {
    let mut offers: Vec<Offer> = OwnKind::ALL.into_iter().map(own).collect();
    if is_granted(db, me, BULK_SLUG, now)? {
        let (state, file) = bulk::find(db, &Wanted::all(Format::Zip))?;
        offers.push(Offer {
            slug: BULK_SLUG.to_owned(),
            title: "Bulk registry data".to_owned(),
            description: "All contacts, organizations and networks, as the public may see them"
                .to_owned(),
            own: None,
            access: Some(Access::Restricted),
            parameters: &["objects", "format"],
            media_type: Format::Zip.media_type().to_owned(),
            file,
            edition: None,
            updated_at: Some(state.changed_at),
        });
    }
    for report in published::list(db)? {
        if !grants::has_grant(db, me, &report.slug, now)? {
            continue;
        }
        offers.push(Offer {
            slug: report.slug.to_string(),
            title: report.about.title,
            description: report.about.description,
            own: None,
            access: Some(report.about.access),
            parameters: &["edition"],
            media_type: report.newest.media_type,
            file: Some(report.newest.file),
            edition: Some(report.newest.name),
            updated_at: Some(report.newest.published_at),
        });
    }
    Ok(offers)
}

fn own(kind: OwnKind) -> Offer {
    Offer {
        slug: kind.slug().to_owned(),
        title: kind.title().to_owned(),
        description: kind.description().to_owned(),
        own: Some(kind),
        access: None,
        parameters: kind.parameters(),
        media_type: "text/csv; charset=utf-8".to_owned(),
        file: None,
        edition: None,
        updated_at: None,
    }
}

fn is_granted(db: &mut Db, me: AccountId, slug: &str, now: Timestamp) -> Result<bool, StoreError> {
    match slug.parse::<Slug>() {
        Ok(slug) => grants::has_grant(db, me, &slug, now),
        Err(_malformed) => Ok(false),
    }
}
