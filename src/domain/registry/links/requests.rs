//! Requests to be linked to a contact.
//!
//! A person, and a role that no one is linked to, is proven by the contact's mail: a one-time link goes to every address of
//! the contact, and works for the account that asked, signed in. For a role that others are linked to, they decide on a
//! ticket.

use chrono::TimeDelta;
use rand::CryptoRng;

use super::{find as find_link, link};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::random::base62_text;
use crate::domain::accounts::Account;
use crate::domain::audit::{Act, Action, Outcome};
use crate::domain::mail::{LinkToken, Mail, MailedAccount, MailedContact, Outbox, Recipient};
use crate::domain::registry::authority::{Action as Doing, Reach};
use crate::domain::registry::contacts::{self, Contact, parse_handle, unknown};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::reach::require;
use crate::domain::registry::tickets::{Ticket, opening};
use crate::domain::security::throttles;
use crate::ids::{AccountId, LinkRequestId};
use crate::secret::Secret;
use crate::store::registry::link_requests::{self as rows, LinkRequestRow};
use crate::store::registry::{contacts as contact_rows, links as link_rows};
use crate::store::{Db, StoreError, accounts};

/// Characters of a token: 256 bits.
const TOKEN_LENGTH: usize = 43;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A link was mailed to the addresses of this contact.
    Mailed(Handle),
    /// Those who are linked decide on this ticket.
    Ticket(Ticket),
}

/// A request whose mailed link has not been used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// To which contact.
    pub contact: Handle,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When the link stops working.
    pub expires_at: Timestamp,
}

/// Why a mailed link did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// There is no such link, it was used, it has expired, or another account asked: all alike.
    #[error("the link does not work")]
    Invalid,
    /// Meanwhile something else was linked, or the contact was changed: the words say what to do.
    #[error(transparent)]
    Refused(RegistryError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RegistryError> for ConfirmError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Store(error) => Self::Store(error),
            refused => Self::Refused(refused),
        }
    }
}

/// Asks to be linked. `life` is how long a mailed link works.
///
/// # Errors
/// If there is no such contact, the account is linked already, another one is linked to the person, or it was asked too often.
pub fn ask(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    rng: &mut impl CryptoRng,
    me: &Account,
    contact: &str,
    life: TimeDelta,
) -> Result<Asked, RegistryError> {
    require(Doing::LinkRequest, &Reach::default())?;
    let handle = parse_handle(contact)?;
    accounts::lock(db, me.id)?;
    contact_rows::lock(db, handle.as_str())?.ok_or_else(|| unknown(&handle))?;
    let contact = contacts::find(db, &handle)?.ok_or_else(|| unknown(&handle))?;
    throttles::take_link_request(db, act.now, me.id)??;
    check_free(db, me.id, &contact)?;
    if contact.is_role && link_rows::has_any(db, handle.as_str())? {
        let (ticket, is_new) = opening::open_link_request(db, act, me.id, &handle)?;
        if is_new {
            tell_linked(db, act, outbox, me, &contact, &ticket)?;
            record(db, act, me.id, &handle)?;
        }
        return Ok(Asked::Ticket(ticket));
    }
    throttles::take_link_mail(db, act.now, handle.as_str())??;
    mail_link(db, act, outbox, rng, me, &contact, life)?;
    record(db, act, me.id, &handle)?;
    Ok(Asked::Mailed(handle))
}

/// # Errors
/// If the account is linked already, or another one is linked to the person.
fn check_free(db: &mut Db, me: AccountId, contact: &Contact) -> Result<(), RegistryError> {
    let handle = &contact.handle;
    if find_link(db, me, handle)?.is_some() {
        return Err(RegistryError::Forbidden(format!(
            "Your account is linked to {handle} already."
        )));
    }
    if !contact.is_role && link_rows::has_any(db, handle.as_str())? {
        return Err(RegistryError::Forbidden(format!(
            "{handle} is a person, and another account is linked to it. A person has one account at most: that one has to unlink it first, or an operator does."
        )));
    }
    Ok(())
}

/// Mails the link to every address of the contact. Earlier ones of this account for it stop working.
fn mail_link(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    rng: &mut impl CryptoRng,
    me: &Account,
    contact: &Contact,
    life: TimeDelta,
) -> Result<(), StoreError> {
    let token = Secret::new(base62_text(rng, TOKEN_LENGTH));
    rows::delete_unused(db, me.id, contact.handle.as_str())?;
    let row = LinkRequestRow {
        id: LinkRequestId::random(rng),
        account_id: me.id,
        contact: contact.handle.to_string(),
        token_digest: digest(token.expose()),
        created_at: act.now,
        expires_at: act.now + life,
        used_at: None,
    };
    rows::insert(db, &row)?;
    let mail = Mail::LinkConfirm {
        token: LinkToken(token),
        contact: MailedContact::from(contact),
        account: MailedAccount::from(me),
        hours: life.num_hours(),
    };
    for email in &contact.emails {
        let to = Recipient {
            account_id: None,
            email,
        };
        outbox.queue(db, act.now, to, &mail)?;
    }
    Ok(())
}

fn tell_linked(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    me: &Account,
    contact: &Contact,
    ticket: &Ticket,
) -> Result<(), StoreError> {
    let mail = Mail::LinkAsked {
        contact: MailedContact::from(contact),
        account: MailedAccount::from(me),
        ticket: ticket.number.to_string(),
    };
    for linked in link_rows::list_for_contact(db, contact.handle.as_str())? {
        let to = Recipient {
            account_id: Some(linked.id),
            email: &linked.email,
        };
        outbox.queue(db, act.now, to, &mail)?;
    }
    Ok(())
}

fn record(db: &mut Db, act: &Act, me: AccountId, contact: &Handle) -> Result<(), StoreError> {
    let target = Some(contact.as_str());
    act.record(db, Some(me), Action::LinkAsk, target, Outcome::Done)
}

/// What a mailed link would do for this account; `None` if it does not work for it.
///
/// # Errors
/// If the database fails.
pub fn find(
    db: &mut Db,
    now: Timestamp,
    me: AccountId,
    token: &str,
) -> Result<Option<Contact>, StoreError> {
    match working(db, now, me, token)? {
        Some(row) => contacts::find(db, &Handle::from_stored(row.contact)),
        None => Ok(None),
    }
}

/// Uses a mailed link: the account is linked to the contact.
///
/// # Errors
/// If the link does not work for this account, or someone else was linked meanwhile. It is not used up then.
pub fn confirm(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    me: &Account,
    token: &str,
) -> Result<Contact, ConfirmError> {
    accounts::lock(db, me.id)?;
    let row = working(db, act.now, me.id, token)?.ok_or(ConfirmError::Invalid)?;
    let handle = Handle::from_stored(row.contact);
    // Of two accounts with a link for one contact, the second one waits here, and then finds the first.
    contact_rows::lock(db, handle.as_str())?.ok_or(ConfirmError::Invalid)?;
    let contact = contacts::find(db, &handle)?.ok_or(ConfirmError::Invalid)?;
    check_free(db, me.id, &contact)?;
    if contact.is_role && link_rows::has_any(db, handle.as_str())? {
        return Err(ConfirmError::Refused(RegistryError::Forbidden(format!(
            "Another account was linked to {handle} since you asked, so those who are linked decide now. Ask again."
        ))));
    }
    if !rows::set_used(db, row.id, act.now)? {
        return Err(ConfirmError::Invalid);
    }
    link(db, act, me.id, handle.as_str())?;
    outbox.tell_linked(db, act, &contact, me)?;
    Ok(contact)
}

/// The account's requests whose mailed link still works, the newest first.
///
/// # Errors
/// If the database fails.
pub fn list_open(
    db: &mut Db,
    me: AccountId,
    now: Timestamp,
) -> Result<Vec<OpenRequest>, StoreError> {
    let rows = rows::list_open(db, me, now)?;
    Ok((rows.into_iter())
        .map(|row| OpenRequest {
            contact: Handle::from_stored(row.contact),
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
        .collect())
}

fn working(
    db: &mut Db,
    now: Timestamp,
    me: AccountId,
    token: &str,
) -> Result<Option<LinkRequestRow>, StoreError> {
    let row = rows::find(db, &digest(token))?;
    Ok(row.filter(|row| row.account_id == me && row.used_at.is_none() && now < row.expires_at))
}

fn digest(token: &str) -> Vec<u8> {
    sha256(token.as_bytes()).to_vec()
}
