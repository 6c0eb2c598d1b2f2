//! Signing in, as a small state machine: a password, then the second step where the account has one; or a passkey alone.
//!
//! 1. [`begin`] looks the account up and counts the try.
//! 2. The caller checks the password with [`super::security::password::PasswordWorker`], holding no connection;
//!    an account that does not exist, has no password, is disabled or waits for its address to be confirmed takes as long
//!    and fails alike, down to the number of queries.
//! 3. [`finish`] writes the result down and, if it was right, says who signed in, or whose second step must follow.
//! 4. [`answer_with_code`] or [`answer_with_passkey`] is that second step; the session of 3 is nobody's until then.
//! 5. [`with_passkey_alone`] stands for all of it: a passkey is something one has, opened by something one is or knows.
//!
//! Within a session the same checks confirm that it is still its holder who sits there ([`Purpose::Confirm`]).

use std::net::IpAddr;

use super::accounts::{self, Account};
use super::audit::{Act, Action, Actor, Outcome};
use super::security::devices;
use super::security::passkeys::{self, Answered, BadPasskey, RelyingParty};
use super::security::throttles::{self, CodeTry, SignInTry, Throttled};
use super::security::two_step::{self, BadCode, TypedCode, Vault};
use crate::clock::Timestamp;
use crate::crypto::password::PasswordHash;
use crate::ids::AccountId;
use crate::secret::Secret;
use crate::store::accounts::{self as rows, AccountRow};
use crate::store::{Db, StoreError};

/// What someone shows who they are for.
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
    tried: SignInTry,
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
            None => rows::find_by_email(db, &self.tried.email)?.filter(|_| false),
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
        throttles::clear_sign_in(db, &self.tried)
    }

    /// What to check the password against; `None` takes as long and never matches.
    pub fn hash(&self) -> Option<PasswordHash> {
        self.hash.clone()
    }
}

/// Looks the account up, and counts the try: for the browser if the account was used with it, which one of `devices` shows.
///
/// # Errors
/// If the database fails; the inner error if there were too many tries.
pub fn begin(
    db: &mut Db,
    act: &Act,
    email: &str,
    address: IpAddr,
    devices: &[Secret<String>],
    purpose: Purpose,
) -> Result<Result<Attempt, Throttled>, StoreError> {
    let email = email.trim().to_ascii_lowercase();
    let row = rows::find_by_email(db, &email)?;
    let account_id = row.as_ref().map(|row| row.id);
    let tried = SignInTry {
        device: devices::find_sent(db, account_id, devices)?,
        email,
        address,
    };
    if let Err(throttled) = throttles::take_sign_in(db, act.now, &tried)? {
        return Ok(Err(throttled));
    }
    let password_set_at = row.as_ref().and_then(|row| row.password_set_at);
    let hash = row
        .filter(|row| row.disabled_at.is_none())
        .and_then(|row| row.password_hash)
        .map(PasswordHash::from_stored);
    Ok(Ok(Attempt {
        purpose,
        tried,
        account_id,
        hash,
        password_set_at,
    }))
}

/// What a right password leads to.
#[derive(Debug)]
pub enum Passed {
    /// They are in.
    SignedIn(Account),
    /// The second step of this account must follow.
    NeedsSecondStep(Account),
}

/// Writes down how the try ended. What it leads to if it was right.
///
/// # Errors
/// If the database fails.
pub fn finish(
    db: &mut Db,
    act: &Act,
    attempt: &Attempt,
    password_matches: bool,
) -> Result<Option<Passed>, StoreError> {
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
    let must_go_on =
        attempt.purpose == Purpose::SignIn && two_step::find(db, account.id)?.is_some();
    let action = if must_go_on {
        Action::SignInFirstStep
    } else {
        attempt.purpose.action()
    };
    record_as(db, act, &account, action, None)?;
    Ok(Some(if must_go_on {
        Passed::NeedsSecondStep(account)
    } else {
        Passed::SignedIn(account)
    }))
}

/// A second step, or a confirmation, that was tried.
#[derive(Debug)]
pub enum Answer<B> {
    /// It was right.
    SignedIn(Account),
    /// It was not, for this reason.
    Refused(B),
    /// There were too many tries.
    Throttled(Throttled),
    /// The account was disabled or closed meanwhile, or got another password.
    Gone,
}

/// Whose second step it is, and what for.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is for.
    pub purpose: Purpose,
    /// Whose.
    pub account_id: AccountId,
    /// From where.
    pub address: IpAddr,
    /// The sign-in that waits for it; `None` within a session.
    pub pending: Option<Pending>,
}

/// A sign-in whose password was right and whose second step must follow.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Its own name, under which tries are counted.
    pub id: String,
    /// When the password was set that it began with; `None` if the version before has begun it.
    pub password_set_at: Option<Timestamp>,
}

/// Takes a code of the authenticator or a recovery code.
///
/// # Errors
/// If the database fails.
pub fn answer_with_code(
    db: &mut Db,
    act: &Act,
    vault: &Vault,
    step: &Step,
    typed: &Secret<String>,
) -> Result<Answer<BadCode>, StoreError> {
    let typed = TypedCode::parse(typed);
    let tried = CodeTry {
        account_id: step.account_id,
        address: step.address,
        pending_id: step.pending.as_ref().map(|pending| &*pending.id),
        is_short: matches!(typed, TypedCode::Authenticator(_)),
    };
    if let Err(throttled) = throttles::take_code(db, act.now, tried)? {
        return Ok(Answer::Throttled(throttled));
    }
    let Some(account) = still_theirs(db, step)? else {
        return Ok(Answer::Gone);
    };
    match two_step::check(db, &acting_as(act, &account), vault, &account, &typed)? {
        Ok(kind) => {
            throttles::clear_code(db, tried)?;
            let action = step.purpose.action();
            record_as(db, act, &account, action, Some(kind.word()))?;
            Ok(Answer::SignedIn(account))
        }
        Err(bad) => {
            let action = step.purpose.action();
            act.record(db, Some(account.id), action, Some("code"), Outcome::Refused)?;
            Ok(Answer::Refused(bad))
        }
    }
}

/// Takes a passkey of the account.
///
/// # Errors
/// If the database fails.
pub fn answer_with_passkey(
    db: &mut Db,
    act: &Act,
    party: &RelyingParty,
    step: &Step,
    answered: &Answered,
) -> Result<Answer<BadPasskey>, StoreError> {
    let Some(account) = still_theirs(db, step)? else {
        return Ok(Answer::Gone);
    };
    let purpose = match step.purpose {
        Purpose::SignIn => passkeys::Purpose::SecondStep(account.id),
        Purpose::Confirm => passkeys::Purpose::Confirm(account.id),
    };
    let checked = passkeys::check(db, act, party, purpose, answered)?;
    finish_passkey(db, act, step.purpose, Some(account.id), checked)
}

/// Signs in with a passkey and nothing else.
///
/// # Errors
/// If the database fails.
pub fn with_passkey_alone(
    db: &mut Db,
    act: &Act,
    party: &RelyingParty,
    answered: &Answered,
) -> Result<Answer<BadPasskey>, StoreError> {
    let checked = passkeys::check(db, act, party, passkeys::Purpose::SignIn, answered)?;
    finish_passkey(db, act, Purpose::SignIn, None, checked)
}

fn finish_passkey(
    db: &mut Db,
    act: &Act,
    purpose: Purpose,
    account_id: Option<AccountId>,
    checked: Result<AccountId, BadPasskey>,
) -> Result<Answer<BadPasskey>, StoreError> {
    let holder = match checked {
        Ok(holder) => holder,
        Err(bad) => {
            let action = purpose.action();
            act.record(db, account_id, action, Some("passkey"), Outcome::Refused)?;
            return Ok(Answer::Refused(bad));
        }
    };
    let Some(account) = enabled(db, holder)? else {
        let action = purpose.action();
        act.record(db, Some(holder), action, Some("passkey"), Outcome::Refused)?;
        return Ok(Answer::Gone);
    };
    record_as(db, act, &account, purpose.action(), Some("passkey"))?;
    Ok(Answer::SignedIn(account))
}

/// The account, unless it was disabled, or got another password since the sign-in began that waits for the step: whoever
/// knew the old one gets no further, whatever ran at the same time.
fn still_theirs(db: &mut Db, step: &Step) -> Result<Option<Account>, StoreError> {
    let begun_with = step
        .pending
        .as_ref()
        .and_then(|pending| pending.password_set_at);
    Ok(enabled(db, step.account_id)?
        .filter(|account| begun_with.is_none_or(|at| account.password_set_at == Some(at))))
}

fn enabled(db: &mut Db, id: AccountId) -> Result<Option<Account>, StoreError> {
    Ok(accounts::find(db, id)?.filter(|account| account.disabled_at.is_none()))
}

fn acting_as(act: &Act, account: &Account) -> Act {
    Act {
        actor: account.as_actor(),
        ..act.clone()
    }
}

/// Writes down that something succeeded, as an act of the account that is known by it.
fn record_as(
    db: &mut Db,
    act: &Act,
    account: &Account,
    action: Action,
    target: Option<&str>,
) -> Result<(), StoreError> {
    let act = acting_as(act, account);
    act.record(db, Some(account.id), action, target, Outcome::Done)
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
