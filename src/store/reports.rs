//! Published reports and their editions, who may download which report, and files of the whole registry.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::{accounts, published_reports, registry_files, report_editions, report_grants};
use crate::clock::Timestamp;
use crate::ids::{AccountId, GrantId, StoredFileId};

/// A published report as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = published_reports)]
pub struct ReportRow {
    /// Names it in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// What it holds.
    pub description: String,
    /// `everyone` or `restricted`.
    pub access: String,
    /// When it was first published.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// An edition of a report.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = report_editions)]
pub struct EditionRow {
    /// Of which report.
    pub slug: String,
    /// When it was published, as 20261125T193000Z.
    pub edition: String,
    /// Its bytes.
    pub file_id: StoredFileId,
    /// What it is downloaded as.
    pub file_name: String,
    /// Its media type.
    pub media_type: String,
    /// When it was published.
    pub published_at: Timestamp,
}

/// Who may download a report.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = report_grants)]
pub struct GrantRow {
    /// Names the grant.
    pub id: GrantId,
    /// Which report.
    pub slug: String,
    /// Which account, if it is one.
    pub account_id: Option<AccountId>,
    /// Whose contacts, if it is an organization's.
    pub organization: Option<String>,
    /// Which of its contacts: codes separated by spaces.
    pub functions: Option<String>,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// When it was given.
    pub granted_at: Timestamp,
    /// Who gave it.
    pub granted_by: String,
}

/// A file of the whole registry.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = registry_files)]
pub struct RegistryFileRow {
    /// Of which state of the registry.
    pub serial: i64,
    /// Words joined by +.
    pub objects: String,
    /// zip, xml or txt.
    pub format: String,
    /// Its bytes.
    pub file_id: StoredFileId,
}

/// All published reports, by slug.
pub fn list(db: &mut Db) -> Result<Vec<ReportRow>, StoreError> {
    Ok(published_reports::table
        .order(published_reports::slug)
        .select(ReportRow::as_select())
        .load(db)?)
}

/// The report with this slug.
pub fn find(db: &mut Db, slug: &str) -> Result<Option<ReportRow>, StoreError> {
    Ok(published_reports::table
        .find(slug)
        .select(ReportRow::as_select())
        .first(db)
        .optional()?)
}

/// The same, and no other transaction changes it until this one ends.
pub fn lock(db: &mut Db, slug: &str) -> Result<Option<ReportRow>, StoreError> {
    match db {
        Db::Postgres(connection) => {
            published_reports::table
                .find(slug)
                .select(published_reports::slug)
                .for_update()
                .first::<String>(connection)
                .optional()?;
        }
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(_) => {}
    }
    find(db, slug)
}

/// Adds a report; one that is there already is left as it is.
pub fn insert(db: &mut Db, row: &ReportRow) -> Result<(), StoreError> {
    let query = diesel::insert_into(published_reports::table).values(row);
    match db {
        Db::Postgres(connection) => query.on_conflict_do_nothing().execute(connection)?,
        Db::Sqlite(connection) => query.on_conflict_do_nothing().execute(connection)?,
    };
    Ok(())
}

/// Changes what a report says of itself, and who may download it.
pub fn update(db: &mut Db, row: &ReportRow) -> Result<(), StoreError> {
    diesel::update(published_reports::table.find(&row.slug))
        .set((
            published_reports::title.eq(&row.title),
            published_reports::description.eq(&row.description),
            published_reports::access.eq(&row.access),
            published_reports::updated_at.eq(row.updated_at),
        ))
        .execute(db)?;
    Ok(())
}

/// Removes a report with its editions; false if there is none.
pub fn delete(db: &mut Db, slug: &str) -> Result<bool, StoreError> {
    Ok(diesel::delete(published_reports::table.find(slug)).execute(db)? > 0)
}

/// Adds an edition.
pub fn insert_edition(db: &mut Db, row: &EditionRow) -> Result<(), StoreError> {
    diesel::insert_into(report_editions::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The editions of a report, newest first.
pub fn editions(db: &mut Db, slug: &str) -> Result<Vec<EditionRow>, StoreError> {
    Ok(report_editions::table
        .filter(report_editions::slug.eq(slug))
        .order(report_editions::edition.desc())
        .select(EditionRow::as_select())
        .load(db)?)
}

/// One of them.
pub fn find_edition(
    db: &mut Db,
    slug: &str,
    edition: &str,
) -> Result<Option<EditionRow>, StoreError> {
    Ok(report_editions::table
        .find((slug, edition))
        .select(EditionRow::as_select())
        .first(db)
        .optional()?)
}

/// The newest of them.
pub fn newest_edition(db: &mut Db, slug: &str) -> Result<Option<EditionRow>, StoreError> {
    Ok(report_editions::table
        .filter(report_editions::slug.eq(slug))
        .order(report_editions::edition.desc())
        .select(EditionRow::as_select())
        .first(db)
        .optional()?)
}

/// Removes an edition.
pub fn delete_edition(db: &mut Db, slug: &str, edition: &str) -> Result<(), StoreError> {
    diesel::delete(report_editions::table.find((slug, edition))).execute(db)?;
    Ok(())
}

/// Adds a grant.
pub fn insert_grant(db: &mut Db, row: &GrantRow) -> Result<(), StoreError> {
    diesel::insert_into(report_grants::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The grants for a report, the oldest first, each with the address of its account.
pub fn grants(db: &mut Db, slug: &str) -> Result<Vec<(GrantRow, Option<String>)>, StoreError> {
    Ok(report_grants::table
        .left_join(accounts::table)
        .filter(report_grants::slug.eq(slug))
        .order((report_grants::granted_at, report_grants::id))
        .select((GrantRow::as_select(), accounts::email.nullable()))
        .load(db)?)
}

/// True if the account itself has a grant for a report that has not ended.
pub fn is_granted_to_account(
    db: &mut Db,
    slug: &str,
    account_id: AccountId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let found = report_grants::table
        .filter(report_grants::slug.eq(slug))
        .filter(report_grants::account_id.eq(account_id))
        .filter(
            report_grants::until
                .is_null()
                .or(report_grants::until.gt(now).assume_not_null()),
        )
        .select(report_grants::id);
    Ok(found.first::<GrantId>(db).optional()?.is_some())
}

/// The grants to organizations for a report that have not ended.
pub fn grants_to_organizations(
    db: &mut Db,
    slug: &str,
    now: Timestamp,
) -> Result<Vec<GrantRow>, StoreError> {
    Ok(report_grants::table
        .filter(report_grants::slug.eq(slug))
        .filter(report_grants::organization.is_not_null())
        .filter(
            report_grants::until
                .is_null()
                .or(report_grants::until.gt(now).assume_not_null()),
        )
        .select(GrantRow::as_select())
        .load(db)?)
}

/// Takes a grant away; false if there is none.
pub fn delete_grant(db: &mut Db, slug: &str, id: GrantId) -> Result<bool, StoreError> {
    let grant = report_grants::table
        .find(id)
        .filter(report_grants::slug.eq(slug));
    Ok(diesel::delete(grant).execute(db)? > 0)
}

/// Takes all grants for a report away.
pub fn delete_grants(db: &mut Db, slug: &str) -> Result<(), StoreError> {
    diesel::delete(report_grants::table.filter(report_grants::slug.eq(slug))).execute(db)?;
    Ok(())
}

/// The file of this state of the registry.
pub fn find_registry_file(
    db: &mut Db,
    serial: i64,
    objects: &str,
    format: &str,
) -> Result<Option<StoredFileId>, StoreError> {
    Ok(registry_files::table
        .find((serial, objects, format))
        .select(registry_files::file_id)
        .first(db)
        .optional()?)
}

/// Keeps a file of the registry; false if there is one already.
pub fn insert_registry_file(db: &mut Db, row: &RegistryFileRow) -> Result<bool, StoreError> {
    let query = diesel::insert_into(registry_files::table).values(row);
    let added = match db {
        Db::Postgres(connection) => query.on_conflict_do_nothing().execute(connection)?,
        Db::Sqlite(connection) => query.on_conflict_do_nothing().execute(connection)?,
    };
    Ok(added > 0)
}

/// Lets go of the files of states before this one.
pub fn delete_registry_files_before(db: &mut Db, serial: i64) -> Result<(), StoreError> {
    diesel::delete(registry_files::table.filter(registry_files::serial.lt(serial))).execute(db)?;
    Ok(())
}
