//! The addresses of accounts: confirming the first one, and changing to another.

use rand::CryptoRng;

use super::accounts::{self, Account};
use super::audit::{Act, Action, Outcome};
use super::mail::{LinkToken, Mail, Outbox, Recipient};
use super::passwords;
use super::security::one_time_links::{self, Link, NewLink, Purpose};
use super::security::throttles::{self, MailPurpose, Throttled};
use super::sign_up::EMAIL_LINK_LIFE;
use super::text::EmailAddress;
use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::secret::Secret;
use crate::store::{Constraint, Db, StoreError, accounts as rows};

/// The links that confirm an address.
const CONFIRMING: [Purpose; 2] = [Purpose::VerifyEmail, Purpose::ChangeEmail];

/// Why an address was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeEmailError {
    /// Another account has it.
    #[error("another account has this address")]
    Taken,
    /// It was tried too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ChangeEmailError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Broken(Constraint::AccountEmail) => Self::Taken,
            other => Self::Store(other),
        }
    }
}

/// Mails a link to the new address; the change takes effect when it is used. That another account has the address is
/// told only to whoever reads its mails.
///
/// # Errors
/// If it was tried too often, or the database fails.
pub fn ask_for_change(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    rng: &mut impl CryptoRng,
    account: &Account,
    new: &EmailAddress,
) -> Result<(), ChangeEmailError> {
    throttles::take_email_change(db, act.now, account.id)??;
    let may_mail = throttles::take_mail(db, act.now, MailPurpose::ChangeEmail, new.as_str())?;
    let holder = rows::find_by_email(db, new.as_str())?
        .filter(|row| row.unverified_since.is_none())
        .map(Account::from);
    let link = NewLink {
        account_id: account.id,
        purpose: Purpose::ChangeEmail,
        email: Some(new.as_str()),
        life: EMAIL_LINK_LIFE,
    };
    // Made also for an address that is taken, where no one gets it: the page then looks the same.
    let token = LinkToken(one_time_links::make(db, act.now, rng, link)?);
    let (to, mail) = match &holder {
        Some(holder) => {
            let mail = Mail::AccountExists { is_change: true };
            (Recipient::from(holder), mail)
        }
        None => {
            let to = Recipient {
                account_id: Some(account.id),
                email: new.as_str(),
            };
            (to, Mail::ConfirmNewEmail { token })
        }
    };
    if may_mail {
        outbox.queue(db, act.now, to, &mail)?;
    }
    let log = Some(account.id);
    act.record(db, log, Action::EmailChangeAsk, None, Outcome::Done)?;
    Ok(())
}

/// Changes the address at once, where no mail can confirm it.
///
/// # Errors
/// If another account has the address, it was tried too often, or the database fails.
pub fn change_unconfirmed(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    account: &Account,
    new: &EmailAddress,
) -> Result<(), ChangeEmailError> {
    throttles::take_email_change(db, act.now, account.id)??;
    change(db, act, outbox, account, new.as_str())
}

/// The address that waits to be confirmed.
///
/// # Errors
/// If the database fails.
pub fn waiting(db: &mut Db, now: Timestamp, id: AccountId) -> Result<Option<String>, StoreError> {
    one_time_links::waiting_email(db, now, id, Purpose::ChangeEmail)
}

/// Takes back that the address is to be changed.
///
/// # Errors
/// If the database fails.
pub fn cancel_change(db: &mut Db, act: &Act, id: AccountId) -> Result<(), StoreError> {
    one_time_links::end(db, id, Purpose::ChangeEmail)?;
    act.record(db, Some(id), Action::EmailChangeCancel, None, Outcome::Done)
}

/// What a link would confirm.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The address.
    pub email: String,
    /// Name of the account.
    pub name: String,
    /// True if the account has another address so far.
    pub is_change: bool,
}

/// What the link would confirm now; `None` if it does not work (any more).
///
/// # Errors
/// If the database fails.
pub fn look(
    db: &mut Db,
    now: Timestamp,
    token: &Secret<String>,
) -> Result<Option<Waiting>, StoreError> {
    Ok(find(db, now, token)?.map(|(link, account, email)| Waiting {
        email,
        name: account.name,
        is_change: link.purpose == Purpose::ChangeEmail,
    }))
}

/// What became of a link that confirms an address.
pub enum Confirmed {
    /// It does not work (any more). Nothing was changed.
    Dead,
    /// The address is confirmed.
    Done,
    /// It is, and its holder has to choose a password with the link of this token: the one that waits may be someone else's,
    /// who signed up with their address.
    ChoosePassword(Secret<String>),
}

/// Confirms the address with the link that was mailed to it. `chose` says of an address and the hash of the password that
/// waits with it whether it is known that whoever confirms has chosen it.
///
/// # Errors
/// If another account has the address by now, or the database fails.
pub fn confirm(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    rng: &mut impl CryptoRng,
    token: &Secret<String>,
    chose: impl FnOnce(&str, &str) -> bool,
) -> Result<Confirmed, ChangeEmailError> {
    let Some((link, account, email)) = find(db, act.now, token)? else {
        return Ok(Confirmed::Dead);
    };
    // Whatever ends the account's links takes turns with this: one that was ended meanwhile is not used up.
    rows::lock(db, account.id)?;
    if !one_time_links::use_up(db, act.now, &link)? {
        return Ok(Confirmed::Dead);
    }
    // Who holds the link of an account is its holder, signed in or not.
    let act = Act {
        actor: account.as_actor(),
        ..act.clone()
    };
    if link.purpose == Purpose::ChangeEmail {
        change(db, &act, outbox, &account, &email)?;
    } else {
        rows::set_verified(db, account.id)?;
        let waiting = rows::find(db, account.id)?.and_then(|row| row.password_hash);
        let is_theirs = waiting.is_some_and(|hash| chose(&email, &hash));
        let log = Some(account.id);
        act.record(db, log, Action::EmailVerify, None, Outcome::Done)?;
        if !is_theirs {
            // Until they have chosen one, no password is good, and least of all that one.
            rows::clear_password(db, account.id)?;
            let token = passwords::make_link(db, &act, rng, account.id)?;
            return Ok(Confirmed::ChoosePassword(token));
        }
    }
    Ok(Confirmed::Done)
}

fn find(
    db: &mut Db,
    now: Timestamp,
    token: &Secret<String>,
) -> Result<Option<(Link, Account, String)>, StoreError> {
    let Some(link) = one_time_links::find(db, now, token, &CONFIRMING)? else {
        return Ok(None);
    };
    let account = accounts::find(db, link.account_id)?;
    let email = link.email.clone();
    Ok(account
        .filter(|account| account.disabled_at.is_none())
        .zip(email)
        .map(|(account, email)| (link, account, email)))
}

fn change(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    account: &Account,
    new: &str,
) -> Result<(), ChangeEmailError> {
    // All that sets a password or an address takes turns here.
    rows::lock(db, account.id)?;
    // Links for the password went to the old address, and other new addresses are out of date.
    one_time_links::end(db, account.id, Purpose::SetPassword)?;
    one_time_links::end(db, account.id, Purpose::ChangeEmail)?;
    accounts::free_unconfirmed(db, new)?;
    rows::set_email(db, account.id, new)?;
    let mail = Mail::EmailChanged {
        new_email: new.to_owned(),
        place: act.place(),
    };
    outbox.queue(db, act.now, Recipient::from(account), &mail)?;
    let log = Some(account.id);
    act.record(db, log, Action::EmailChange, None, Outcome::Done)?;
    Ok(())
}
