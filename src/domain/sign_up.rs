//! Signing up where mail is on: an account can be used once its address was confirmed with the link that was mailed.
//!
//! What is answered is the same whether or not there is an account for the address; only the mail tells. Until the
//! address is confirmed, no one has shown that it is theirs: signing up again replaces name and password, and ends the
//! link before, so that a stranger's sign-up cannot stand in the way.

use chrono::TimeDelta;
use rand::CryptoRng;

use super::accounts::{Account, new_row};
use super::audit::{Act, Action, Outcome};
use super::mail::{LinkToken, Mail, Outbox, Recipient};
use super::security::one_time_links::{self, NewLink, Purpose};
use super::security::throttles::{self, MailPurpose};
use super::sign_in::Attempt;
use super::text::{EmailAddress, Name};
use crate::clock::Timestamp;
use crate::crypto::password::PasswordHash;
use crate::store::accounts::{self as rows, AccountRow};
use crate::store::{Constraint, Db, StoreError};

/// How long a link that confirms an address works.
pub const EMAIL_LINK_LIFE: TimeDelta = TimeDelta::hours(24);
/// An account whose address was not confirmed for this long is removed.
pub const UNVERIFIED_LIFE: TimeDelta = TimeDelta::days(7);

/// Makes the account and mails the link; to the address of an account that is in use it mails that there is one.
///
/// # Errors
/// If the database fails.
pub fn request(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    rng: &mut impl CryptoRng,
    name: &Name,
    email: &EmailAddress,
    password: &PasswordHash,
) -> Result<(), StoreError> {
    let may_mail = throttles::take_mail(db, act.now, MailPurpose::SignUp, email.as_str())?;
    let known = rows::find_by_email(db, email.as_str())?;
    if !may_mail {
        let log = known.map(|row| row.id);
        return act.record(db, log, Action::SignUp, None, Outcome::Refused);
    }
    match known {
        Some(row) if row.unverified_since.is_none() => {
            let account = Account::from(row);
            // As many writes as for a new account.
            throttles::count_nothing(db, act.now, rng)?;
            one_time_links::make_none(db, act.now, rng)?;
            let to = Recipient::from(&account);
            let mail = Mail::AccountExists { is_change: false };
            outbox.queue(db, act.now, to, &mail)?;
            let log = Some(account.id);
            act.record(db, log, Action::SignUp, None, Outcome::Refused)
        }
        unverified => {
            if let Some(row) = unverified {
                rows::delete_one_unverified(db, row.id)?;
            }
            let row = AccountRow {
                unverified_since: Some(act.now),
                ..new_row(act.now, rng, name, email, Some(password))
            };
            rows::insert(db, &row)?;
            let account = Account::from(row);
            send_link(db, act.now, outbox, rng, &account)?;
            let log = Some(account.id);
            act.record(db, log, Action::SignUp, None, Outcome::Done)
        }
    }
}

/// True if the error says only that someone else signed up with the same address in this moment.
pub fn is_taken_meanwhile(error: &StoreError) -> bool {
    matches!(error, StoreError::Broken(Constraint::AccountEmail))
}

/// Mails a new link to someone who signs in with the right password before the address was confirmed. To be called before
/// the try is written down.
///
/// # Errors
/// If the database fails.
pub fn send_link_again(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    rng: &mut impl CryptoRng,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let Some(id) = attempt.account_id() else {
        return Ok(());
    };
    let account = rows::find(db, id)?
        .map(Account::from)
        .filter(|account| account.unverified_since.is_some() && account.disabled_at.is_none());
    let Some(account) = account else {
        return Ok(());
    };
    if throttles::take_mail(db, act.now, MailPurpose::SignUp, &account.email)? {
        send_link(db, act.now, outbox, rng, &account)?;
    }
    Ok(())
}

fn send_link(
    db: &mut Db,
    now: Timestamp,
    outbox: &Outbox,
    rng: &mut impl CryptoRng,
    account: &Account,
) -> Result<(), StoreError> {
    let link = NewLink {
        account_id: account.id,
        purpose: Purpose::VerifyEmail,
        email: Some(&account.email),
        life: EMAIL_LINK_LIFE,
    };
    let token = LinkToken(one_time_links::make(db, now, rng, link)?);
    outbox.queue(
        db,
        now,
        Recipient::from(account),
        &Mail::VerifyEmail { token },
    )
}

/// Removes accounts whose address was not confirmed in time.
///
/// # Errors
/// If the database fails.
pub fn remove_unverified(db: &mut Db, now: Timestamp) -> Result<usize, StoreError> {
    rows::delete_unverified(db, now - UNVERIFIED_LIFE)
}
