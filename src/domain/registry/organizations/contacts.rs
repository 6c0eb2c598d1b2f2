//! Functions of contacts on an organization, one by one. Each is a row: changes of two at once both stay.

use super::{ContactLink, Organization, present, rows, take};
use crate::domain::audit::{self, Act};
use crate::domain::registry::authority::Action;
use crate::domain::registry::error::{Problem, RegistryError};
use crate::domain::registry::functions::Function;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::{Expected, finish};
use crate::ids::AccountId;
use crate::store::Db;
use crate::store::registry::contacts;
use crate::store::registry::organizations::OrganizationContactRow;

/// The most functions of contacts on one organization.
const MAX_CONTACTS: usize = 100;

impl ContactLink {
    pub(in crate::domain::registry) fn to_row(
        &self,
        organization: &Handle,
    ) -> OrganizationContactRow {
        OrganizationContactRow {
            organization: organization.as_str().to_owned(),
            contact: self.contact.as_str().to_owned(),
            function: self.function.code().to_owned(),
        }
    }
}

/// A contact of an organization, by handles as they were written.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The organization.
    pub organization: &'a str,
    /// The contact.
    pub contact: &'a str,
}

/// Gives a contact a function. One that it has already changes nothing.
///
/// # Errors
/// If there is no such organization, the account may not change it, there is no such contact, it is about the Admin, the
/// organization has 100, or it is not as `expected`.
pub fn add_function(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    to: Place<'_>,
    function: Function,
    expected: &Expected,
) -> Result<Organization, RegistryError> {
    let organization = take(db, me, Action::OrganizationChange, to.organization)?;
    if function == Function::Admin {
        return Err(admin(
            "An organization has one Admin, which is not added. Change it with PUT of the organization.",
        ));
    }
    let link = ContactLink {
        function,
        contact: to.contact.parse().map_err(|_malformed| {
            RegistryError::invalid("pocLinkRef", "There is no contact with this handle.")
        })?,
    };
    hold_contacts(db, std::slice::from_ref(&link))?;
    let is_known = organization.contacts.contains(&link);
    if !is_known && organization.contacts.len() >= MAX_CONTACTS {
        return Err(RegistryError::invalid(
            "pocLinks",
            format!("An organization has {MAX_CONTACTS} contacts at most. Remove one first."),
        ));
    }
    expected.check(organization.revision)?;
    if is_known {
        return Ok(organization);
    }
    rows::add_contact(db, &link.to_row(&organization.handle))?;
    changed(db, act, me, &organization.handle)
}

/// Which functions of contacts are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactFilter {
    /// Every function of this contact, whose handle is as it was written.
    Contact(String),
    /// This function of every contact.
    Function(Function),
    /// This function of this contact.
    Both(String, Function),
}

impl ContactFilter {
    fn fits(&self, link: &ContactLink) -> bool {
        let is_of = |contact: &str| link.contact.as_str().eq_ignore_ascii_case(contact);
        match self {
            Self::Contact(contact) => is_of(contact),
            Self::Function(function) => link.function == *function,
            Self::Both(contact, function) => is_of(contact) && link.function == *function,
        }
    }
}

/// Takes functions away from contacts. None of them: nothing is changed.
///
/// # Errors
/// If there is no such organization, the account may not change it, the Admin or the last Tech or Abuse would go, or it is
/// not as `expected`.
pub fn remove_functions(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &str,
    filter: &ContactFilter,
    expected: &Expected,
) -> Result<Organization, RegistryError> {
    let organization = take(db, me, Action::OrganizationChange, handle)?;
    let (gone, left): (Vec<&ContactLink>, Vec<&ContactLink>) =
        (organization.contacts.iter()).partition(|link| filter.fits(link));
    check_left(&gone, &left)?;
    expected.check(organization.revision)?;
    if gone.is_empty() {
        return Ok(organization);
    }
    for link in gone {
        rows::delete_contact(db, &link.to_row(&organization.handle))?;
    }
    changed(db, act, me, &organization.handle)
}

/// Always one Admin, a Tech and an Abuse.
fn check_left(gone: &[&ContactLink], left: &[&ContactLink]) -> Result<(), RegistryError> {
    let is_gone = |function| gone.iter().any(|link| link.function == function);
    let is_left = |function| left.iter().any(|link| link.function == function);
    if is_gone(Function::Admin) {
        return Err(admin(
            "The Admin of an organization is not removed. Name another one with PUT of the organization.",
        ));
    }
    for function in [Function::Tech, Function::Abuse] {
        if is_gone(function) && !is_left(function) {
            return Err(RegistryError::invalid(
                "pocLinks",
                format!(
                    "At least one {} contact is needed. Add another one first.",
                    function.name()
                ),
            ));
        }
    }
    Ok(())
}

fn admin(words: &str) -> RegistryError {
    RegistryError::invalid("pocLinks", words)
}

fn changed(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    handle: &Handle,
) -> Result<Organization, RegistryError> {
    rows::set_updated(db, handle.as_str(), act.now)?;
    let after = present(db, handle)?;
    let action = audit::Action::OrganizationChange;
    finish(db, act, Some(me), action, handle.as_str())?;
    Ok(after)
}

/// Makes sure that the contacts exist, and go on existing while this transaction names them.
///
/// # Errors
/// A problem for each that does not.
pub(super) fn hold_contacts(db: &mut Db, links: &[ContactLink]) -> Result<(), RegistryError> {
    let mut handles: Vec<String> = (links.iter())
        .map(|link| link.contact.as_str().to_owned())
        .collect();
    handles.sort();
    handles.dedup();
    let existing = contacts::hold_existing(db, &handles)?;
    let unknown: Vec<Problem> = (handles.iter())
        .filter(|handle| !existing.contains(handle))
        .map(|handle| Problem::new("pocLinkRef", format!("There is no contact {handle}.")))
        .collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(RegistryError::Invalid(unknown)),
    }
}

/// What is in the second list and not in the first.
pub(super) fn added(before: &[ContactLink], after: &[ContactLink]) -> Vec<ContactLink> {
    let is_new = |link: &&ContactLink| !before.contains(link);
    after.iter().filter(is_new).cloned().collect()
}

/// What is in the first list and not in the second.
pub(super) fn removed(before: &[ContactLink], after: &[ContactLink]) -> Vec<ContactLink> {
    added(after, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(contact: &str, function: Function) -> ContactLink {
        ContactLink {
            function,
            contact: contact.parse().unwrap(),
        }
    }

    #[test]
    fn a_change_is_what_comes_and_what_goes() {
        let (one, two, three) = (
            link("A1-KP", Function::Admin),
            link("B1-KP", Function::Tech),
            link("C1-KP", Function::Tech),
        );
        let (before, after) = ([one.clone(), two.clone()], [three.clone(), one]);
        assert_eq!(added(&before, &after), [three]);
        assert_eq!(removed(&before, &after), [two]);
    }

    #[test]
    fn filters_know_handles_in_any_case() {
        let tech = link("A1-KP", Function::Tech);
        assert!(ContactFilter::Contact("a1-kp".to_owned()).fits(&tech));
        assert!(ContactFilter::Function(Function::Tech).fits(&tech));
        assert!(ContactFilter::Both("A1-kp".to_owned(), Function::Tech).fits(&tech));
        assert!(!ContactFilter::Both("A1-KP".to_owned(), Function::Abuse).fits(&tech));
        assert!(!ContactFilter::Contact("A2-KP".to_owned()).fits(&tech));
    }

    #[test]
    fn what_must_be_there_is_not_removed() {
        let (admin, tech, other) = (
            link("A1-KP", Function::Admin),
            link("B1-KP", Function::Tech),
            link("C1-KP", Function::Tech),
        );
        assert!(check_left(&[&admin], &[&tech]).is_err());
        assert!(check_left(&[&tech], &[&admin]).is_err());
        assert!(check_left(&[&tech], &[&admin, &other]).is_ok());
        assert!(check_left(&[], &[]).is_ok());
    }
}
