//! Setting passwords: within a session, or with a link that was asked for or made by an operator.
//!
//! A new password ends all sessions and all links of the account, a change of its address that waits too: whoever knew the
//! old password may have them.

use std::net::IpAddr;

use chrono::TimeDelta;
use rand::CryptoRng;

use super::accounts::Account;
use super::audit::{Act, Action, Outcome};
use super::mail::{LinkToken, Mail, Outbox, Recipient};
use super::security::one_time_links::{self, NewLink, Purpose};
use super::security::throttles::{self, MailPurpose, Throttled};
use super::sign_in::Attempt;
use super::text::EmailAddress;
use crate::clock::Timestamp;
use crate::crypto::password::PasswordHash;
use crate::ids::AccountId;
use crate::secret::Secret;
use crate::store::accounts::{self as rows, AccountRow};
use crate::store::{Db, StoreError, sessions};

/// How long a link that an operator made works.
pub const PASSWORD_LINK_LIFE: TimeDelta = TimeDelta::hours(24);
/// How long a link that was mailed works.
pub const RESET_LINK_LIFE: TimeDelta = TimeDelta::hours(1);

/// Makes the link that lets the account's holder set a password; earlier links stop working, and a change of the address
/// that waits is taken back: whoever confirmed it would end this link. Returns its token.
///
/// # Errors
/// If the database fails.
pub fn make_link(
    db: &mut Db,
    act: &Act,
    rng: &mut impl CryptoRng,
    id: AccountId,
) -> Result<Secret<String>, StoreError> {
    one_time_links::end(db, id, Purpose::ChangeEmail)?;
    let token = one_time_links::make(db, act.now, rng, new_link(id, PASSWORD_LINK_LIFE))?;
    act.record(db, Some(id), Action::PasswordLink, None, Outcome::Done)?;
    Ok(token)
}

/// Mails a link for a new password, if there is an account for this address. With or without one, it asks the database
/// as often and writes as much.
///
/// # Errors
/// If the database fails; the inner error if there were too many requests from this address.
pub fn request_reset(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    rng: &mut impl CryptoRng,
    email: &EmailAddress,
    address: IpAddr,
) -> Result<Result<(), Throttled>, StoreError> {
    if let Err(throttled) = throttles::take_forgot(db, act.now, address)? {
        return Ok(Err(throttled));
    }
    // For the account, only mails are limited: a stranger must not keep its holder from asking.
    let may_mail = throttles::take_mail(db, act.now, MailPurpose::Reset, email.as_str())?;
    let account = rows::find_by_email(db, email.as_str())?
        .map(Account::from)
        .filter(|account| may_mail && account.disabled_at.is_none());
    match account {
        Some(account) => {
            let link = new_link(account.id, RESET_LINK_LIFE);
            let token = LinkToken(one_time_links::make(db, act.now, rng, link)?);
            let mail = Mail::ResetPassword { token };
            outbox.queue(db, act.now, Recipient::from(&account), &mail)?;
            let log = Some(account.id);
            act.record(db, log, Action::PasswordForgot, None, Outcome::Done)?;
        }
        None => {
            one_time_links::make_none(db, act.now, rng)?;
            throttles::count_nothing(db, act.now, rng)?;
            act.record(db, None, Action::PasswordForgot, None, Outcome::Refused)?;
        }
    }
    Ok(Ok(()))
}

/// The address of the account whose password the link would set now; `None` if it does not work (any more).
///
/// # Errors
/// If the database fails.
pub fn link_email(
    db: &mut Db,
    now: Timestamp,
    token: &Secret<String>,
) -> Result<Option<String>, StoreError> {
    let Some(link) = one_time_links::find(db, now, token, &[Purpose::SetPassword])? else {
        return Ok(None);
    };
    let row = rows::find(db, link.account_id)?.filter(|row| row.disabled_at.is_none());
    Ok(row.map(|row| row.email))
}

/// Sets a password with a one-time link; false, and no change, if the link does not work (any more).
///
/// # Errors
/// If the database fails.
pub fn set_by_link(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    token: &Secret<String>,
    password: &PasswordHash,
) -> Result<bool, StoreError> {
    let Some(link) = one_time_links::find(db, act.now, token, &[Purpose::SetPassword])? else {
        return Ok(false);
    };
    rows::lock(db, link.account_id)?;
    let row = rows::find(db, link.account_id)?.filter(|row| row.disabled_at.is_none());
    let Some(row) = row else {
        return Ok(false);
    };
    if !one_time_links::use_up(db, act.now, &link)? {
        return Ok(false);
    }
    // Whoever has the link reads the mails to the address, or has it from an operator.
    if row.unverified_since.is_some() {
        rows::set_verified(db, row.id)?;
    }
    set(db, act, outbox, row, password)?;
    Ok(true)
}

/// Changes the password within a session, after the current one was found to be right. The account as it is then; `None`
/// if it is no longer the current one.
///
/// # Errors
/// If the database fails.
pub fn change(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    attempt: &Attempt,
    new: &PasswordHash,
) -> Result<Option<Account>, StoreError> {
    if let Some(id) = attempt.account_id() {
        // Of two that change it at once, the second finds here that its current password is the old one.
        rows::lock(db, id)?;
    }
    let Some(row) = attempt.row_if_right(db, true)? else {
        note_refused(db, act, attempt)?;
        return Ok(None);
    };
    attempt.forgive(db)?;
    set(db, act, outbox, row, new).map(Some)
}

/// Writes down that the current password was wrong, so that nothing was changed.
///
/// # Errors
/// If the database fails.
pub fn note_refused(db: &mut Db, act: &Act, attempt: &Attempt) -> Result<(), StoreError> {
    let log = attempt.account_id();
    act.record(db, log, Action::PasswordSet, None, Outcome::Refused)
}

fn set(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    row: AccountRow,
    password: &PasswordHash,
) -> Result<Account, StoreError> {
    sessions::delete_for_account(db, row.id)?;
    one_time_links::end_all(db, row.id)?;
    let set_at = later(act.now, row.password_set_at);
    rows::set_password(db, row.id, password.as_stored(), set_at)?;
    let account = Account {
        password_set_at: Some(set_at),
        ..row.into()
    };
    let mail = Mail::PasswordChanged { place: act.place() };
    outbox.queue(db, act.now, Recipient::from(&account), &mail)?;
    let log = Some(account.id);
    act.record(db, log, Action::PasswordSet, None, Outcome::Done)?;
    Ok(account)
}

/// Each password of an account has a time of its own, by which sessions and tries know theirs: also where two are set in
/// one millisecond, or the clock was set back.
fn later(now: Timestamp, before: Option<Timestamp>) -> Timestamp {
    match before {
        Some(before) => now.max(before + TimeDelta::milliseconds(1)),
        None => now,
    }
}

fn new_link(account_id: AccountId, life: TimeDelta) -> NewLink<'static> {
    NewLink {
        account_id,
        purpose: Purpose::SetPassword,
        email: None,
        life,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_password_has_a_later_time_than_the_one_before() {
        let at = Timestamp::from_millis;
        assert_eq!(later(at(5), None), at(5));
        assert_eq!(later(at(5), Some(at(4))), at(5));
        assert_eq!(later(at(5), Some(at(5))), at(6));
        assert_eq!(later(at(5), Some(at(9))), at(10));
    }
}
