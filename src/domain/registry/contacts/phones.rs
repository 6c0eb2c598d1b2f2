//! Telephone numbers of a contact, one by one.

use super::change::phone_row;
use super::{MAX_WAYS, Phone, digits, rows, take};
use crate::domain::audit::{self, Act};
use crate::domain::registry::authority::Action;
use crate::domain::registry::checks;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::fields::{PhoneFields, PhoneKind};
use crate::domain::registry::{Expected, finish};
use crate::ids::AccountId;
use crate::store::Db;
use crate::store::registry::contacts::PhoneRow;

/// Adds a telephone number. The same number of the same kind, however it is written, gets the new extension.
///
/// # Errors
/// If there is no such contact, the account is not linked to it, the number cannot be accepted, the contact has 20, or it
/// is not as `expected`.
pub fn put_phone(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    fields: &PhoneFields,
    expected: &Expected,
) -> Result<Phone, RegistryError> {
    let contact = take(db, me, Action::ContactChange, handle)?;
    let phone = checks::phone(fields).map_err(RegistryError::Invalid)?;
    let handle = &contact.handle;
    let known = rows::phones_of(db, &[handle.as_str().to_owned()])?;
    let (kind, digits) = (phone.kind.code(), phone.digits());
    let same = known
        .iter()
        .find(|row| row.kind == kind && row.digits == digits);
    if same.is_none() && known.len() >= MAX_WAYS {
        return Err(RegistryError::invalid(
            "phones",
            format!("A contact has {MAX_WAYS} telephone numbers at most. Delete one first."),
        ));
    }
    expected.check(contact.revision)?;
    let phone = match same {
        Some(row) => {
            rows::set_extension(db, row, phone.extension.as_deref())?;
            Phone {
                extension: phone.extension,
                ..Phone::from(row)
            }
        }
        None => {
            let behind = known.last().map_or(0, |row| row.position + 1);
            rows::add_phone(db, &phone_row(handle, &phone, behind))?;
            phone
        }
    };
    rows::set_updated(db, handle.as_str(), act.now)?;
    finish(
        db,
        act,
        Some(me),
        audit::Action::ContactChange,
        handle.as_str(),
    )?;
    Ok(phone)
}

/// Which telephone numbers are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneFilter {
    /// This number, of every kind.
    Number(String),
    /// Every number of this kind.
    Kind(PhoneKind),
    /// This number of this kind.
    Both(String, PhoneKind),
}

impl PhoneFilter {
    fn fits(&self, row: &PhoneRow) -> bool {
        let has_number = |number: &str| row.digits == digits(number);
        let has_kind = |kind: PhoneKind| row.kind == kind.code();
        match self {
            Self::Number(number) => has_number(number),
            Self::Kind(kind) => has_kind(*kind),
            Self::Both(number, kind) => has_number(number) && has_kind(*kind),
        }
    }
}

/// Deletes telephone numbers, and returns them. None of them: nothing is changed.
///
/// # Errors
/// If there is no such contact, the account is not linked to it, no office number would be left, or it is not as
/// `expected`.
pub fn delete_phones(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    filter: &PhoneFilter,
    expected: &Expected,
) -> Result<Vec<Phone>, RegistryError> {
    let contact = take(db, me, Action::ContactChange, handle)?;
    let handle = contact.handle.as_str();
    let known = rows::phones_of(db, &[handle.to_owned()])?;
    let (gone, left): (Vec<PhoneRow>, Vec<PhoneRow>) =
        known.into_iter().partition(|row| filter.fits(row));
    let office = PhoneKind::Office.code();
    if !gone.is_empty() && !left.iter().any(|row| row.kind == office) {
        return Err(RegistryError::invalid(
            "phones",
            "At least one office phone is needed. Add another one first.",
        ));
    }
    expected.check(contact.revision)?;
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    for row in &gone {
        rows::delete_phone(db, row)?;
    }
    rows::set_updated(db, handle, act.now)?;
    finish(db, act, Some(me), audit::Action::ContactChange, handle)?;
    Ok(gone.iter().map(Phone::from).collect())
}
