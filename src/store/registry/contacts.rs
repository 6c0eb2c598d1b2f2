//! Contacts, with their mail addresses and telephone numbers.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::store::schema::{contact_emails, contact_phones, contacts};
use crate::store::{Db, StoreError};

/// A contact as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = contacts, treat_none_as_null = true)]
pub struct ContactRow {
    /// Its name in the registry.
    pub handle: String,
    /// True for a role, false for a person.
    pub is_role: bool,
    /// Of its company.
    pub company_name: Option<String>,
    /// Of a person.
    pub first_name: Option<String>,
    /// Of a person.
    pub middle_name: Option<String>,
    /// Of a person, or the name of the role.
    pub last_name: String,
    /// Lines.
    pub street: String,
    /// Town.
    pub city: String,
    /// Code of the state or province.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Two letters of ISO 3166-1.
    pub country: String,
    /// Lines.
    pub comment: String,
    /// When it was made.
    pub registered_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub revision: i64,
}

/// A telephone number of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = contact_phones)]
pub struct PhoneRow {
    /// Whose.
    pub contact: String,
    /// O, M or F.
    pub kind: String,
    /// The number without signs.
    pub digits: String,
    /// The number as it was written.
    pub number: String,
    /// Extension.
    pub extension: Option<String>,
    /// Its place in the list.
    pub position: i64,
}

/// Adds a contact.
pub fn insert(db: &mut Db, row: &ContactRow) -> Result<(), StoreError> {
    diesel::insert_into(contacts::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// True if there is a contact with this handle.
pub fn exists(db: &mut Db, handle: &str) -> Result<bool, StoreError> {
    let found = contacts::table.find(handle).select(contacts::handle);
    Ok(found.first::<String>(db).optional()?.is_some())
}

/// Which of these handles there are.
pub fn existing(db: &mut Db, handles: &[String]) -> Result<Vec<String>, StoreError> {
    Ok(contacts::table
        .filter(contacts::handle.eq_any(handles))
        .select(contacts::handle)
        .load(db)?)
}

/// The contact with this handle.
pub fn find(db: &mut Db, handle: &str) -> Result<Option<ContactRow>, StoreError> {
    Ok(contacts::table
        .find(handle)
        .select(ContactRow::as_select())
        .first(db)
        .optional()?)
}

/// The same, and no other transaction changes it until this one ends. That others name it is not kept from them: who
/// holds links of it may wait for nothing that waits for those.
pub fn lock(db: &mut Db, handle: &str) -> Result<Option<ContactRow>, StoreError> {
    match db {
        Db::Postgres(connection) => {
            contacts::table
                .find(handle)
                .select(contacts::handle)
                .for_no_key_update()
                .first::<String>(connection)
                .optional()?;
        }
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(_) => {}
    }
    find(db, handle)
}

/// The same, and none begins to name it either.
pub fn lock_to_delete(db: &mut Db, handle: &str) -> Result<Option<ContactRow>, StoreError> {
    match db {
        Db::Postgres(connection) => {
            contacts::table
                .find(handle)
                .select(contacts::handle)
                .for_update()
                .first::<String>(connection)
                .optional()?;
        }
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(_) => {}
    }
    find(db, handle)
}

/// Which of these handles there are; none of those is deleted before this transaction ends.
pub fn hold_existing(db: &mut Db, handles: &[String]) -> Result<Vec<String>, StoreError> {
    let query = contacts::table
        .filter(contacts::handle.eq_any(handles))
        .order(contacts::handle)
        .select(contacts::handle);
    Ok(match db {
        Db::Postgres(connection) => query.for_key_share().load(connection)?,
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(connection) => query.load(connection)?,
    })
}

/// These contacts, by handle.
pub fn list(db: &mut Db, handles: &[String]) -> Result<Vec<ContactRow>, StoreError> {
    Ok(contacts::table
        .filter(contacts::handle.eq_any(handles))
        .order(contacts::handle)
        .select(ContactRow::as_select())
        .load(db)?)
}

/// Up to `limit` contacts behind this handle, by handle.
pub fn list_behind(db: &mut Db, handle: &str, limit: i64) -> Result<Vec<ContactRow>, StoreError> {
    Ok(contacts::table
        .filter(contacts::handle.gt(handle))
        .order(contacts::handle)
        .limit(limit)
        .select(ContactRow::as_select())
        .load(db)?)
}

/// Writes all of a contact anew but its handle.
pub fn update(db: &mut Db, row: &ContactRow) -> Result<(), StoreError> {
    diesel::update(contacts::table.find(&row.handle))
        .set(row)
        .execute(db)?;
    Ok(())
}

/// Notes that something of the contact was changed.
pub fn set_updated(db: &mut Db, handle: &str, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(contacts::table.find(handle))
        .set((
            contacts::updated_at.eq(at),
            contacts::revision.eq(contacts::revision + 1),
        ))
        .execute(db)?;
    Ok(())
}

/// Removes a contact with its addresses, numbers and links.
pub fn delete(db: &mut Db, handle: &str) -> Result<(), StoreError> {
    diesel::delete(contacts::table.find(handle)).execute(db)?;
    Ok(())
}

/// The mail addresses of these contacts, each with its contact, in their order.
pub fn emails_of(db: &mut Db, handles: &[String]) -> Result<Vec<(String, String)>, StoreError> {
    Ok(contact_emails::table
        .filter(contact_emails::contact.eq_any(handles))
        .order((contact_emails::contact, contact_emails::position))
        .select((contact_emails::contact, contact_emails::email))
        .load(db)?)
}

/// Adds a mail address behind the others; false if it was there already, in whatever case.
pub fn add_email(db: &mut Db, handle: &str, email: &str) -> Result<bool, StoreError> {
    let last: Option<i64> = contact_emails::table
        .filter(contact_emails::contact.eq(handle))
        .select(diesel::dsl::max(contact_emails::position))
        .first(db)?;
    let query = diesel::insert_into(contact_emails::table).values((
        contact_emails::contact.eq(handle),
        contact_emails::email_key.eq(email.to_lowercase()),
        contact_emails::email.eq(email),
        contact_emails::position.eq(last.map_or(0, |last| last + 1)),
    ));
    let added = match db {
        Db::Postgres(connection) => query.on_conflict_do_nothing().execute(connection)?,
        Db::Sqlite(connection) => query.on_conflict_do_nothing().execute(connection)?,
    };
    Ok(added > 0)
}

/// Removes a mail address, in whatever case; false if it was not there.
pub fn delete_email(db: &mut Db, handle: &str, email: &str) -> Result<bool, StoreError> {
    let removed =
        diesel::delete(contact_emails::table.find((handle, email.to_lowercase()))).execute(db)?;
    Ok(removed > 0)
}

/// Removes all mail addresses of a contact.
pub fn delete_emails(db: &mut Db, handle: &str) -> Result<(), StoreError> {
    diesel::delete(contact_emails::table.filter(contact_emails::contact.eq(handle))).execute(db)?;
    Ok(())
}

/// The telephone numbers of these contacts, in their order.
pub fn phones_of(db: &mut Db, handles: &[String]) -> Result<Vec<PhoneRow>, StoreError> {
    Ok(contact_phones::table
        .filter(contact_phones::contact.eq_any(handles))
        .order((contact_phones::contact, contact_phones::position))
        .select(PhoneRow::as_select())
        .load(db)?)
}

/// Adds a telephone number; its position is the caller's to choose.
pub fn add_phone(db: &mut Db, row: &PhoneRow) -> Result<(), StoreError> {
    diesel::insert_into(contact_phones::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Removes a telephone number.
pub fn delete_phone(db: &mut Db, row: &PhoneRow) -> Result<(), StoreError> {
    diesel::delete(contact_phones::table.find((&row.contact, &row.kind, &row.digits)))
        .execute(db)?;
    Ok(())
}

/// Gives a telephone number another extension.
pub fn set_extension(
    db: &mut Db,
    row: &PhoneRow,
    extension: Option<&str>,
) -> Result<(), StoreError> {
    diesel::update(contact_phones::table.find((&row.contact, &row.kind, &row.digits)))
        .set(contact_phones::extension.eq(extension))
        .execute(db)?;
    Ok(())
}

/// Removes all telephone numbers of a contact.
pub fn delete_phones(db: &mut Db, handle: &str) -> Result<(), StoreError> {
    diesel::delete(contact_phones::table.filter(contact_phones::contact.eq(handle))).execute(db)?;
    Ok(())
}
