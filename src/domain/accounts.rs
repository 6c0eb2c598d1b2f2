//! Accounts: sign-up, profile, the operator role, disabling.

use chrono_tz::Tz;
use rand::CryptoRng;

use super::audit::{Act, Action, Actor, Outcome};
use super::security::one_time_links;
use super::text::{EmailAddress, Name};
use crate::clock::Timestamp;
use crate::crypto::password::PasswordHash;
use crate::ids::AccountId;
use crate::store::accounts::{self as rows, AccountRow};
use crate::store::{Constraint, Db, StoreError, sessions};

/// An account, as pages and rules see it. Knows nothing of its password.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its address, in lower case.
    pub email: String,
    /// Its name.
    pub name: String,
    /// Where its clock times are shown.
    pub time_zone: Tz,
    /// When its password was set; `None` if it has none yet.
    pub password_set_at: Option<Timestamp>,
    /// True for operators.
    pub is_operator: bool,
    /// Since when it may do nothing, if so.
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when its address waits to be confirmed, if it does. It cannot sign in before that.
    pub unverified_since: Option<Timestamp>,
    /// When its holder closed it, if so. It is disabled as well.
    pub closed_at: Option<Timestamp>,
}

impl Account {
    /// The account as the one who acts.
    pub fn as_actor(&self) -> Actor {
        Actor::Account {
            id: self.id,
            name: self.name.clone(),
        }
    }
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id,
            email: row.email,
            name: row.name,
            // A zone that a newer time zone database dropped must not lock anyone out of their pages.
            time_zone: row.time_zone.parse().unwrap_or(Tz::UTC),
            password_set_at: row.password_set_at,
            is_operator: row.is_operator,
            disabled_at: row.disabled_at,
            created_at: row.created_at,
            unverified_since: row.unverified_since,
            closed_at: row.closed_at,
        }
    }
}

/// Why an account was not made.
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// There is an account with this address.
    #[error("there is an account with this address")]
    EmailTaken,
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for SignUpError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Broken(Constraint::AccountEmail) => Self::EmailTaken,
            other => Self::Store(other),
        }
    }
}

/// Makes an account that can sign in with the password that was hashed; without one, it has to be sent a link.
///
/// # Errors
/// If the address is taken, or the database fails.
pub fn sign_up(
    db: &mut Db,
    act: &Act,
    rng: &mut impl CryptoRng,
    name: &Name,
    email: &EmailAddress,
    password: Option<&PasswordHash>,
) -> Result<Account, SignUpError> {
    free_unconfirmed(db, email.as_str())?;
    let row = new_row(act.now, rng, name, email, password);
    rows::insert(db, &row)?;
    act.record(db, Some(row.id), Action::SignUp, None, Outcome::Done)?;
    Ok(row.into())
}

/// Removes the account of someone who signed up with this address and never confirmed it: they do not have it.
///
/// # Errors
/// If the database fails.
pub(super) fn free_unconfirmed(db: &mut Db, email: &str) -> Result<(), StoreError> {
    if let Some(row) = rows::find_by_email(db, email)? {
        rows::delete_one_unverified(db, row.id)?;
    }
    Ok(())
}

/// The row of a new account.
pub(super) fn new_row(
    now: Timestamp,
    rng: &mut impl CryptoRng,
    name: &Name,
    email: &EmailAddress,
    password: Option<&PasswordHash>,
) -> AccountRow {
    AccountRow {
        id: AccountId::random(rng),
        email: email.as_str().to_owned(),
        name: name.as_str().to_owned(),
        time_zone: Tz::UTC.name().to_owned(),
        password_hash: password.map(|hash| hash.as_stored().to_owned()),
        password_set_at: password.map(|_| now),
        is_operator: false,
        disabled_at: None,
        created_at: now,
        unverified_since: None,
        closed_at: None,
    }
}

/// The account with this id.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, id: AccountId) -> Result<Option<Account>, StoreError> {
    Ok(rows::find(db, id)?.map(Account::from))
}

/// The account with this address.
///
/// # Errors
/// If the database fails.
pub fn find_by_email(db: &mut Db, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
    Ok(rows::find_by_email(db, email.as_str())?.map(Account::from))
}

/// True if there is any account.
///
/// # Errors
/// If the database fails.
pub fn exist(db: &mut Db) -> Result<bool, StoreError> {
    Ok(rows::count(db)? > 0)
}

/// All accounts by address.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db) -> Result<Vec<Account>, StoreError> {
    Ok(rows::list(db)?.into_iter().map(Account::from).collect())
}

/// Changes name and time zone.
///
/// # Errors
/// If the database fails.
pub fn change_profile(
    db: &mut Db,
    act: &Act,
    id: AccountId,
    name: &Name,
    time_zone: Tz,
) -> Result<(), StoreError> {
    rows::set_profile(db, id, name.as_str(), time_zone.name())?;
    act.record(db, Some(id), Action::ProfileChange, None, Outcome::Done)
}

/// Gives or takes the operator role.
///
/// # Errors
/// If the database fails.
pub fn set_operator(
    db: &mut Db,
    act: &Act,
    id: AccountId,
    is_operator: bool,
) -> Result<(), StoreError> {
    rows::set_operator(db, id, is_operator)?;
    let target = if is_operator { "on" } else { "off" };
    act.record(
        db,
        Some(id),
        Action::OperatorChange,
        Some(target),
        Outcome::Done,
    )
}

/// Disables the account: its sessions and links end now, its keys are refused from the next request on.
///
/// # Errors
/// If the database fails.
pub fn disable(db: &mut Db, act: &Act, id: AccountId) -> Result<(), StoreError> {
    rows::set_disabled(db, id, Some(act.now))?;
    sessions::delete_for_account(db, id)?;
    one_time_links::end_all(db, id)?;
    act.record(db, Some(id), Action::AccountDisable, None, Outcome::Done)
}

/// Enables the account again; its keys that have not ended work again. One that was closed stays closed.
///
/// # Errors
/// If the database fails.
pub fn enable(db: &mut Db, act: &Act, id: AccountId) -> Result<(), StoreError> {
    rows::set_disabled(db, id, None)?;
    act.record(db, Some(id), Action::AccountEnable, None, Outcome::Done)
}
