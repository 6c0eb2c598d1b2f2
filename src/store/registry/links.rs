//! Which account acts for which contact.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::store::schema::{accounts, contact_links, contacts};
use crate::store::{Db, StoreError};

/// A link as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = contact_links)]
pub struct LinkRow {
    /// Whose.
    pub account_id: AccountId,
    /// To which contact.
    pub contact: String,
    /// True if no other account may be linked to it: it is a person.
    pub is_exclusive: bool,
    /// Since when.
    pub linked_at: Timestamp,
}

/// Someone who is linked to a contact.
#[derive(Clone, Debug, Queryable)]
pub struct LinkedAccount {
    /// The account.
    pub id: AccountId,
    /// Its address.
    pub email: String,
    /// Its name.
    pub name: String,
    /// Since when it is linked.
    pub linked_at: Timestamp,
}

/// Adds a link; false if it was there already.
///
/// # Errors
/// [`Constraint::ExclusiveLink`](crate::store::Constraint::ExclusiveLink) if it is a person's, and another account is
/// linked.
pub fn insert(db: &mut Db, row: &LinkRow) -> Result<bool, StoreError> {
    if find(db, row.account_id, &row.contact)?.is_some() {
        return Ok(false);
    }
    diesel::insert_into(contact_links::table)
        .values(row)
        .execute(db)?;
    Ok(true)
}

/// The link between both.
pub fn find(
    db: &mut Db,
    account_id: AccountId,
    contact: &str,
) -> Result<Option<LinkRow>, StoreError> {
    Ok(contact_links::table
        .find((account_id, contact))
        .select(LinkRow::as_select())
        .first(db)
        .optional()?)
}

/// Ends a link; false if there was none.
pub fn delete(db: &mut Db, account_id: AccountId, contact: &str) -> Result<bool, StoreError> {
    Ok(diesel::delete(contact_links::table.find((account_id, contact))).execute(db)? > 0)
}

/// Ends all links of an account, and names their contacts.
pub fn delete_for_account(db: &mut Db, account_id: AccountId) -> Result<Vec<String>, StoreError> {
    let mine = contact_links::table.filter(contact_links::account_id.eq(account_id));
    let contacts = mine.select(contact_links::contact).load(db)?;
    diesel::delete(mine).execute(db)?;
    Ok(contacts)
}

/// The links of an account, by contact.
pub fn list_for_account(db: &mut Db, account_id: AccountId) -> Result<Vec<LinkRow>, StoreError> {
    Ok(contact_links::table
        .inner_join(contacts::table)
        .filter(contact_links::account_id.eq(account_id))
        .order(contact_links::contact)
        .select(LinkRow::as_select())
        .load(db)?)
}

/// Who is linked to a contact, the longest first. Accounts that are disabled do not count.
pub fn list_for_contact(db: &mut Db, contact: &str) -> Result<Vec<LinkedAccount>, StoreError> {
    Ok(contact_links::table
        .inner_join(accounts::table)
        .filter(contact_links::contact.eq(contact))
        .filter(accounts::disabled_at.is_null())
        .order((contact_links::linked_at, accounts::id))
        .select((
            accounts::id,
            accounts::email,
            accounts::name,
            contact_links::linked_at,
        ))
        .load(db)?)
}

/// True if any account is linked to the contact, also one that is disabled.
pub fn has_any(db: &mut Db, contact: &str) -> Result<bool, StoreError> {
    let found = contact_links::table
        .filter(contact_links::contact.eq(contact))
        .select(contact_links::account_id);
    Ok(found.first::<AccountId>(db).optional()?.is_some())
}

/// The accounts that are linked to a contact, also those that are disabled.
pub fn account_ids_of(db: &mut Db, contact: &str) -> Result<Vec<AccountId>, StoreError> {
    Ok(contact_links::table
        .filter(contact_links::contact.eq(contact))
        .order(contact_links::account_id)
        .select(contact_links::account_id)
        .load(db)?)
}
