//! Signing in with a password.
//!
//! 1. [`begin`] counts the try and looks the account up.
//! 2. The caller checks the password with [`super::security::password::PasswordWorker`], holding no connection;
//!    an account that does not exist, has no password, is disabled or waits for its address to be confirmed takes as long
//!    and fails alike, down to the number of queries.
//! 3. [`finish`] writes the result down and, if it was right, says who signed in.

use std::net::IpAddr;

use super::accounts::Account;
use super::audit::{Act, Action, Actor, Outcome};
use super::security::throttles::{self, Throttled};
use crate::clock::Timestamp;
use crate::crypto::password::PasswordHash;
use crate::ids::AccountId;
use crate::store::accounts::{self as rows, AccountRow};
use crate::store::{Db, StoreError};

/// What the password is checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To begin a session.
    SignIn,
    /// To show within a session that it is still its holder who sits there.
    Confirm,
}

impl Purpose {
    fn action(self) -> Action {
        match self {
            Self::SignIn => Action::SignIn,
            Self::Confirm => Action::SignInConfirm,
        }
    }
}

/// A try that was counted.
#[derive(Clone)]
pub struct Attempt {
    purpose: Purpose,
    /// The address as it was typed, in lower case.
    email: String,
    address: IpAddr,
    account_id: Option<AccountId>,
    hash: Option<PasswordHash>,
    password_set_at: Option<Timestamp>,
}

impl Attempt {
    /// The account that it is about; `None` if there is none with that address.
    pub(super) fn account_id(&self) -> Option<AccountId> {
        self.account_id
    }

    /// The account as it is now, if the password was right and is still the account's. It may have been disabled, or have
    /// got another password, while this one was checked.
    pub(super) fn row_if_right(
        &self,
        db: &mut Db,
        password_matches: bool,
    ) -> Result<Option<AccountRow>, StoreError> {
        let row = match self.account_id {
            Some(id) => rows::find(db, id)?,
            // As many queries as for an account that is known. One that was made meanwhile is not meant.
            None => rows::find_by_email(db, &self.email)?.filter(|_| false),
        };
        Ok(row.filter(|row| {
            password_matches
                && row.disabled_at.is_none()
                && row.unverified_since.is_none()
                && row.password_set_at == self.password_set_at
        }))
    }

    /// Forgets the failed tries before.
    pub(super) fn forgive(&self, db: &mut Db) -> Result<(), StoreError> {
        throttles::clear_sign_in(db, &self.email, self.address)
    }

    /// What to check the password against; `None` takes as long and never matches.
    pub fn hash(&self) -> Option<PasswordHash> {
        self.hash.clone()
    }
}

/// Counts the try, then looks the account up.
///
/// # Errors
/// If the database fails; the inner error if there were too many tries.
pub fn begin(
    db: &mut Db,
    act: &Act,
    email: &str,
    address: IpAddr,
    purpose: Purpose,
) -> Result<Result<Attempt, Throttled>, StoreError> {
    let email = email.trim().to_ascii_lowercase();
    if let Err(throttled) = throttles::take_sign_in(db, act.now, &email, address)? {
        return Ok(Err(throttled));
    }
    let row = rows::find_by_email(db, &email)?;
    let account_id = row.as_ref().map(|row| row.id);
    let password_set_at = row.as_ref().and_then(|row| row.password_set_at);
    let hash = row
        .filter(|row| row.disabled_at.is_none())
        .and_then(|row| row.password_hash)
        .map(PasswordHash::from_stored);
    Ok(Ok(Attempt {
        purpose,
        email,
        address,
        account_id,
        hash,
        password_set_at,
    }))
}

/// Writes down how the try ended. The account if it was right.
///
/// # Errors
/// If the database fails.
pub fn finish(
    db: &mut Db,
    act: &Act,
    attempt: &Attempt,
    password_matches: bool,
) -> Result<Option<Account>, StoreError> {
    let account = attempt
        .row_if_right(db, password_matches)?
        .map(Account::from);
    let Some(account) = account else {
        act.record(
            db,
            attempt.account_id,
            attempt.purpose.action(),
            None,
            Outcome::Refused,
        )?;
        return Ok(None);
    };
    attempt.forgive(db)?;
    let act = Act {
        actor: account.as_actor(),
        ..act.clone()
    };
    let action = attempt.purpose.action();
    act.record(db, Some(account.id), action, None, Outcome::Done)?;
    Ok(Some(account))
}

/// Keeps the hash of the same password that was made with today's parameters.
///
/// # Errors
/// If the database fails.
pub fn keep_new_hash(db: &mut Db, attempt: &Attempt, new: &PasswordHash) -> Result<(), StoreError> {
    match (attempt.account_id, &attempt.hash) {
        (Some(id), Some(old)) => rows::replace_hash(db, id, old.as_stored(), new.as_stored()),
        _ => Ok(()),
    }
}

/// Writes down that a session was ended by its owner.
///
/// # Errors
/// If the database fails.
pub fn sign_out(db: &mut Db, act: &Act) -> Result<(), StoreError> {
    let account_id = match &act.actor {
        Actor::Account { id, .. } => Some(*id),
        Actor::Anonymous | Actor::ApiKey { .. } | Actor::Command | Actor::LeakReport { .. } => None,
    };
    act.record(db, account_id, Action::SignOut, None, Outcome::Done)
}
