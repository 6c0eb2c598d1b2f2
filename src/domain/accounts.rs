//! Accounts: sign-up, profile, the operator role, disabling.

use chrono::TimeDelta;
use chrono_tz::Tz;
use rand::CryptoRng;

use super::audit::{Act, Action, Actor, Outcome};
use super::mail::Outbox;
use super::security::one_time_links;
use super::text::{EmailAddress, Name};
use crate::clock::Timestamp;
use crate::crypto::password::PasswordHash;
use crate::ids::AccountId;
use crate::secret::Secret;
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
    let row = AccountRow {
        id: AccountId::random(rng),
        email: email.as_str().to_owned(),
        name: name.as_str().to_owned(),
        time_zone: Tz::UTC.name().to_owned(),
        password_hash: password.map(|hash| hash.as_stored().to_owned()),
        password_set_at: password.map(|_| act.now),
        is_operator: false,
        disabled_at: None,
        created_at: act.now,
    };
    rows::insert(db, &row)?;
    act.record(db, Some(row.id), Action::SignUp, None, Outcome::Done)?;
    Ok(row.into())
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

/// How long a link for setting a password works.
pub const PASSWORD_LINK_LIFE: TimeDelta = TimeDelta::hours(24);

/// Makes the link that lets the account's holder set a password; earlier links stop working. Returns its token.
///
/// # Errors
/// If the database fails.
pub fn make_password_link(
    db: &mut Db,
    act: &Act,
    rng: &mut impl CryptoRng,
    id: AccountId,
) -> Result<Secret<String>, StoreError> {
    let token = one_time_links::make(db, act.now, rng, id, PASSWORD_LINK_LIFE)?;
    act.record(db, Some(id), Action::PasswordLink, None, Outcome::Done)?;
    Ok(token)
}

/// Sets a password by command.
///
/// # Errors
/// If the database fails.
pub fn set_password(
    db: &mut Db,
    act: &Act,
    id: AccountId,
    password: &PasswordHash,
) -> Result<(), StoreError> {
    rows::set_password(db, id, password.as_stored(), act.now)?;
    // Whoever knew the old password may be signed in.
    sessions::delete_for_account(db, id)?;
    act.record(db, Some(id), Action::PasswordSet, None, Outcome::Done)
}

/// Sets a password with a one-time link; false, and no change, if the link does not work (any more).
///
/// # Errors
/// If the database fails.
pub fn set_password_by_link(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    token: &Secret<String>,
    password: &PasswordHash,
) -> Result<bool, StoreError> {
    let Some(id) = one_time_links::consume(db, act.now, token)? else {
        return Ok(false);
    };
    set_password(db, act, id, password)?;
    outbox.tell_password_set(db, act, id)?;
    Ok(true)
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

/// Disables the account: its sessions end now, its keys are refused from the next request on.
///
/// # Errors
/// If the database fails.
pub fn disable(db: &mut Db, act: &Act, id: AccountId) -> Result<(), StoreError> {
    rows::set_disabled(db, id, Some(act.now))?;
    sessions::delete_for_account(db, id)?;
    act.record(db, Some(id), Action::AccountDisable, None, Outcome::Done)
}

/// Enables the account again; its keys that have not ended work again.
///
/// # Errors
/// If the database fails.
pub fn enable(db: &mut Db, act: &Act, id: AccountId) -> Result<(), StoreError> {
    rows::set_disabled(db, id, None)?;
    act.record(db, Some(id), Action::AccountEnable, None, Outcome::Done)
}
