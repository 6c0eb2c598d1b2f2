//! The mails about links: to the addresses of the contact, and to the accounts that are linked to it.

use std::collections::HashSet;

use super::{link, unlink};
use crate::domain::accounts::{self, Account};
use crate::domain::audit::Act;
use crate::domain::mail::{Mail, MailedAccount, MailedContact, Outbox, Recipient};
use crate::domain::registry::contacts::{self, Contact};
use crate::domain::registry::error::RegistryError;
use crate::ids::AccountId;
use crate::store::registry::{link_requests, links as rows};
use crate::store::{Db, StoreError};

impl From<&Contact> for MailedContact {
    fn from(contact: &Contact) -> Self {
        Self {
            handle: contact.handle.to_string(),
            name: contact.name(),
        }
    }
}

impl From<&Account> for MailedAccount {
    fn from(account: &Account) -> Self {
        Self {
            name: account.name.clone(),
            email: account.email.clone(),
        }
    }
}

impl Outbox {
    /// Tells that an account was linked to a contact, after it was.
    ///
    /// # Errors
    /// If the database fails.
    pub fn tell_linked(
        &self,
        db: &mut Db,
        act: &Act,
        contact: &Contact,
        account: &Account,
    ) -> Result<(), StoreError> {
        let mail = Mail::Linked {
            contact: contact.into(),
            account: account.into(),
            by: act.actor.words(),
            place: act.place(),
        };
        self.tell_contact(db, act, contact, Some(account), &mail)
    }

    /// Tells that an account is no longer linked to a contact; the account too.
    ///
    /// # Errors
    /// If the database fails.
    pub fn tell_unlinked(
        &self,
        db: &mut Db,
        act: &Act,
        contact: &Contact,
        account: &Account,
    ) -> Result<(), StoreError> {
        let mail = Mail::Unlinked {
            contact: contact.into(),
            account: account.into(),
            by: act.actor.words(),
            place: act.place(),
        };
        self.tell_contact(db, act, contact, Some(account), &mail)
    }

    /// Queues a mail to everyone whom a contact concerns, and to `account`: each address once.
    ///
    /// # Errors
    /// If the database fails.
    pub fn tell_contact(
        &self,
        db: &mut Db,
        act: &Act,
        contact: &Contact,
        account: Option<&Account>,
        mail: &Mail,
    ) -> Result<(), StoreError> {
        let mut recipients: Vec<(Option<AccountId>, String)> = Vec::new();
        // A closed account has an address that no one reads.
        if let Some(account) = account.filter(|account| account.closed_at.is_none()) {
            recipients.push((Some(account.id), account.email.clone()));
        }
        for linked in rows::list_for_contact(db, contact.handle.as_str())? {
            recipients.push((Some(linked.id), linked.email));
        }
        recipients.extend(contact.emails.iter().map(|email| (None, email.clone())));
        let mut told = HashSet::new();
        for (account_id, email) in &recipients {
            if told.insert(email.to_lowercase()) {
                let to = Recipient {
                    account_id: *account_id,
                    email,
                };
                self.queue(db, act.now, to, mail)?;
            }
        }
        Ok(())
    }
}

/// [`link`], with the mails about it.
///
/// # Errors
/// As [`link`].
pub fn make(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    account_id: AccountId,
    contact: &str,
) -> Result<bool, RegistryError> {
    let is_new = link(db, act, account_id, contact)?;
    if is_new && let Some((contact, account)) = both(db, account_id, contact)? {
        outbox.tell_linked(db, act, &contact, &account)?;
    }
    Ok(is_new)
}

/// [`unlink`], with the mails about it.
///
/// # Errors
/// As [`unlink`].
pub fn end(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    account_id: AccountId,
    contact: &str,
) -> Result<bool, RegistryError> {
    let was_linked = unlink(db, act, account_id, contact)?;
    if was_linked && let Some((contact, account)) = both(db, account_id, contact)? {
        outbox.tell_unlinked(db, act, &contact, &account)?;
    }
    Ok(was_linked)
}

/// Takes back the requests of an account that is closed, and tells of the links of it that have ended.
///
/// # Errors
/// If the database fails.
pub fn forget(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    account: &Account,
    ended: &[String],
) -> Result<(), StoreError> {
    link_requests::delete_for_account(db, account.id)?;
    for contact in contacts::list(db, ended)? {
        let mail = Mail::Unlinked {
            contact: (&contact).into(),
            account: account.into(),
            by: act.actor.words(),
            place: act.place(),
        };
        // Its holder is told that it is closed.
        outbox.tell_contact(db, act, &contact, None, &mail)?;
    }
    Ok(())
}

fn both(
    db: &mut Db,
    account_id: AccountId,
    contact: &str,
) -> Result<Option<(Contact, Account)>, StoreError> {
    let Ok(handle) = contact.parse() else {
        return Ok(None);
    };
    Ok(contacts::find(db, &handle)?.zip(accounts::find(db, account_id)?))
}
