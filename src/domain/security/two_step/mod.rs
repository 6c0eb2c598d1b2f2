//! Two-step verification: after the password a code of an authenticator app is asked for. A recovery code or a passkey
//! does in its place. It is on from the moment that the app has shown its first right code ([`turn_on`]).
//!
//! 1. [`SetUp::new`] makes a secret. It travels sealed in the form of the page, so that opening the page changes nothing.
//! 2. [`turn_on`] checks the first code against it, stores it sealed, and makes the recovery codes.
//! 3. [`check`] takes each step's code once.

mod set_up;

pub use set_up::SetUp;

use crate::clock::Timestamp;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::crypto::random::system_rng;
use crate::crypto::seal::{self, Binding};
use crate::crypto::totp::{DIGITS, Match, Totp};
use crate::domain::accounts::Account;
use crate::domain::audit::{Act, Action, Outcome};
use crate::domain::mail::{Mail, Outbox, Place};
use crate::ids::AccountId;
use crate::secret::Secret;
use crate::store::totp::{self as rows, TotpRow};
use crate::store::{Db, StoreError, accounts, passkeys, recovery_codes as code_rows};

use super::recovery_codes::{self, MakeCodesError, RecoveryCode, Used};

/// What second factors are kept with: secrets to seal and digest under, and the queue for mails about them.
#[derive(Clone)]
pub struct Vault {
    /// The instance secrets.
    pub secrets: InstanceSecrets,
    /// The mails.
    pub outbox: Outbox,
}

/// Two-step verification of an account that has turned it on.
#[derive(Clone, Copy, Debug)]
pub struct TwoStep {
    /// Since when.
    pub since: Timestamp,
    /// Recovery codes that are unused.
    pub codes_left: i64,
}

/// A code that does not let anyone in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCode {
    /// It was right some minutes ago.
    #[error("That code has expired. Enter the newest one.")]
    Expired,
    /// It let someone in before.
    #[error("That code was already used. Wait for the next one.")]
    Used,
    /// It is a recovery code that let someone in before.
    #[error("That recovery code was already used. Enter another one.")]
    RecoveryUsed,
    /// It is neither.
    #[error("That code is wrong.")]
    Wrong,
    /// The secret that it would be checked against was sealed with an instance secret that is gone.
    #[error("Codes of your app cannot be checked on this server any more. Use a recovery code.")]
    Unreadable,
}

/// What a right code was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeKind {
    /// The authenticator's.
    Authenticator,
    /// A recovery code.
    Recovery,
}

impl CodeKind {
    /// The word in the audit log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Authenticator => "code",
            Self::Recovery => "recovery_code",
        }
    }
}

/// A code as it was typed.
pub enum TypedCode {
    /// Six digits.
    Authenticator(Secret<String>),
    /// Looks like a recovery code.
    Recovery(RecoveryCode),
    /// Looks like neither.
    Neither,
}

impl TypedCode {
    /// Reads it; spaces do not count.
    pub fn parse(typed: &Secret<String>) -> Self {
        let text: String = (typed.expose().chars())
            .filter(|c| !c.is_whitespace())
            .collect();
        if text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_digit()) {
            return Self::Authenticator(Secret::new(text));
        }
        match RecoveryCode::parse(&text) {
            Some(code) => Self::Recovery(code),
            None => Self::Neither,
        }
    }
}

/// Two-step verification of the account; `None` if it is off.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, account_id: AccountId) -> Result<Option<TwoStep>, StoreError> {
    let Some(row) = rows::find(db, account_id)? else {
        return Ok(None);
    };
    Ok(Some(TwoStep {
        since: row.confirmed_at,
        codes_left: code_rows::count_unused(db, account_id)?,
    }))
}

/// Why two-step verification was not turned on.
#[derive(Debug, thiserror::Error)]
pub enum TurnOnError {
    /// The code does not fit the new secret.
    #[error(transparent)]
    Code(BadCode),
    /// The form was used, and has shown its recovery codes.
    #[error("the form has shown its codes before")]
    FormUsed,
    /// It was turned on, moved or turned off since the form was opened: the codes that were shown then must go on working.
    #[error("two-step verification was changed since the form was opened")]
    Overtaken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<MakeCodesError> for TurnOnError {
    fn from(error: MakeCodesError) -> Self {
        match error {
            MakeCodesError::FormUsed => Self::FormUsed,
            MakeCodesError::Store(error) => Self::Store(error),
        }
    }
}

/// Turns it on, or moves it to another app. Returns the new recovery codes, which no one can read again.
///
/// # Errors
/// If the code does not fit, this set-up was used before, or the database fails.
pub fn turn_on(
    db: &mut Db,
    act: &Act,
    vault: &Vault,
    account: &Account,
    set_up: &SetUp,
    typed: &Secret<String>,
) -> Result<Vec<RecoveryCode>, TurnOnError> {
    accounts::lock(db, account.id)?;
    if recovery_codes::has_shown(db, account.id, set_up.form_id())? {
        return Err(TurnOnError::FormUsed);
    }
    let before = rows::find(db, account.id)?.map(|row| row.confirmed_at);
    if before != set_up.replaces() {
        return Err(TurnOnError::Overtaken);
    }
    let step = match TypedCode::parse(typed) {
        TypedCode::Authenticator(code) => set_up.totp().find(code.expose(), second(act.now)),
        TypedCode::Recovery(_) | TypedCode::Neither => None,
    };
    let step = match step {
        Some(Match::Fresh(step)) => step,
        Some(Match::Old(_)) => return Err(TurnOnError::Code(BadCode::Expired)),
        None => return Err(TurnOnError::Code(BadCode::Wrong)),
    };
    recovery_codes::use_form(db, act.now, account.id, set_up.form_id())?;
    let rng = &mut system_rng();
    let moved = before.is_some();
    let id = account.id.to_string();
    let row = TotpRow {
        account_id: account.id,
        sealed: seal::seal(&vault.secrets, rng, binding(&id), set_up.totp().as_bytes()),
        confirmed_at: act.now,
        last_used_step: step,
    };
    rows::replace(db, &row)?;
    let codes = recovery_codes::replace(db, act.now, &vault.secrets, rng, account.id)?;
    let target = moved.then_some("moved");
    let action = Action::TwoStepOn;
    act.record(db, Some(account.id), action, target, Outcome::Done)?;
    let mail = Mail::TwoStepOn {
        place: Place::from(&act.origin),
    };
    vault.outbox.queue(db, act.now, account.into(), &mail)?;
    Ok(codes)
}

/// Makes new recovery codes for a one-time form; `None` if two-step verification is off.
///
/// # Errors
/// If the form was used before, or the database fails.
pub fn make_codes(
    db: &mut Db,
    act: &Act,
    vault: &Vault,
    account: &Account,
    form_id: &str,
) -> Result<Option<Vec<RecoveryCode>>, MakeCodesError> {
    accounts::lock(db, account.id)?;
    if rows::find(db, account.id)?.is_none() {
        return Ok(None);
    }
    recovery_codes::use_form(db, act.now, account.id, form_id)?;
    let rng = &mut system_rng();
    let codes = recovery_codes::replace(db, act.now, &vault.secrets, rng, account.id)?;
    let action = Action::RecoveryCodesReplace;
    act.record(db, Some(account.id), action, None, Outcome::Done)?;
    let mail = Mail::RecoveryCodesReplaced {
        place: Place::from(&act.origin),
    };
    vault.outbox.queue(db, act.now, account.into(), &mail)?;
    Ok(Some(codes))
}

/// Turns it off; the recovery codes are worth nothing then. False if it was off.
///
/// # Errors
/// If the database fails.
pub fn turn_off(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    account: &Account,
) -> Result<bool, StoreError> {
    accounts::lock(db, account.id)?;
    if !rows::delete(db, account.id)? {
        return Ok(false);
    }
    code_rows::delete_for_account(db, account.id)?;
    let action = Action::TwoStepOff;
    act.record(db, Some(account.id), action, None, Outcome::Done)?;
    let mail = Mail::TwoStepOff {
        place: Place::from(&act.origin),
        operator: None,
    };
    outbox.queue(db, act.now, account.into(), &mail)?;
    Ok(true)
}

/// Removes every second factor of an account whose holder has lost them: authenticator, recovery codes and passkeys. The
/// one who acts is the operator, whom the mail names. False, and no mail, if there was none.
///
/// # Errors
/// If the database fails.
pub fn reset(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    account: &Account,
) -> Result<bool, StoreError> {
    if !forget(db, account.id)? {
        return Ok(false);
    }
    let action = Action::TwoStepReset;
    act.record(db, Some(account.id), action, None, Outcome::Done)?;
    let mail = Mail::TwoStepOff {
        // Where the operator sits is none of the holder's business.
        place: Place::default(),
        operator: Some(act.actor.words()),
    };
    outbox.queue(db, act.now, account.into(), &mail)?;
    Ok(true)
}

/// Removes all second factors of an account, and says nothing; false if it had none.
///
/// # Errors
/// If the database fails.
pub fn forget(db: &mut Db, account_id: AccountId) -> Result<bool, StoreError> {
    accounts::lock(db, account_id)?;
    let had_app = rows::delete(db, account_id)?;
    code_rows::delete_for_account(db, account_id)?;
    let passkeys = passkeys::delete_for_account(db, account_id)?;
    Ok(had_app || passkeys > 0)
}

/// Seals secrets anew that were sealed under an older instance secret, `limit` at most; how many.
///
/// # Errors
/// If the database fails.
pub fn seal_anew(db: &mut Db, secrets: &InstanceSecrets, limit: i64) -> Result<usize, StoreError> {
    let current = seal::header(secrets.current_id());
    let mut moved = 0;
    for row in rows::list_sealed_elsewhere(db, &current, limit)? {
        let id = row.account_id.to_string();
        // What its secret has left behind stays as it is: checking a code says so.
        let Ok(plain) = seal::open(secrets, binding(&id), &row.sealed) else {
            continue;
        };
        let new = seal::seal(secrets, &mut system_rng(), binding(&id), &plain);
        rows::set_sealed(db, row.account_id, &row.sealed, &new)?;
        moved += 1;
    }
    Ok(moved)
}

/// Checks a code, and uses it up if it is right.
///
/// # Errors
/// If the database fails; the inner error if the code lets no one in.
pub fn check(
    db: &mut Db,
    act: &Act,
    vault: &Vault,
    account: &Account,
    typed: &TypedCode,
) -> Result<Result<CodeKind, BadCode>, StoreError> {
    let Some(row) = rows::find(db, account.id)? else {
        return Ok(Err(BadCode::Wrong));
    };
    match typed {
        TypedCode::Authenticator(code) => check_app_code(db, act, vault, &row, code),
        TypedCode::Recovery(code) => check_recovery_code(db, act, vault, account, code),
        TypedCode::Neither => Ok(Err(BadCode::Wrong)),
    }
}

fn check_app_code(
    db: &mut Db,
    act: &Act,
    vault: &Vault,
    row: &TotpRow,
    code: &Secret<String>,
) -> Result<Result<CodeKind, BadCode>, StoreError> {
    let id = row.account_id.to_string();
    let secret = match seal::open(&vault.secrets, binding(&id), &row.sealed) {
        Ok(secret) => secret,
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, account_id = %id, "the secret of an authenticator does not open");
            return Ok(Err(BadCode::Unreadable));
        }
    };
    let found = Totp::from_bytes(&secret).find(code.expose(), second(act.now));
    let step = match found {
        Some(Match::Fresh(step)) => step,
        Some(Match::Old(step)) if step == row.last_used_step => return Ok(Err(BadCode::Used)),
        Some(Match::Old(_)) => return Ok(Err(BadCode::Expired)),
        None => return Ok(Err(BadCode::Wrong)),
    };
    if rows::use_step(db, row.account_id, step)? {
        return Ok(Ok(CodeKind::Authenticator));
    }
    // A step before the last one that was accepted is over, even if a clock would still allow it.
    let is_before = step < row.last_used_step;
    Ok(Err(if is_before {
        BadCode::Expired
    } else {
        BadCode::Used
    }))
}

fn check_recovery_code(
    db: &mut Db,
    act: &Act,
    vault: &Vault,
    account: &Account,
    code: &RecoveryCode,
) -> Result<Result<CodeKind, BadCode>, StoreError> {
    match recovery_codes::use_up(db, act.now, &vault.secrets, account.id, code)? {
        Used::Before => return Ok(Err(BadCode::RecoveryUsed)),
        Used::Unknown => return Ok(Err(BadCode::Wrong)),
        Used::Now => {}
    }
    let left = code_rows::count_unused(db, account.id)?;
    let action = Action::RecoveryCodeUse;
    act.record(db, Some(account.id), action, None, Outcome::Done)?;
    let mail = Mail::RecoveryCodeUsed {
        place: Place::from(&act.origin),
        left,
    };
    vault.outbox.queue(db, act.now, account.into(), &mail)?;
    Ok(Ok(CodeKind::Recovery))
}

fn binding(account_id: &str) -> Binding<'_> {
    Binding {
        kind: "totp",
        row: account_id,
    }
}

fn second(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(typed: &str) -> &'static str {
        match TypedCode::parse(&Secret::new(typed.to_owned())) {
            TypedCode::Authenticator(_) => "code",
            TypedCode::Recovery(_) => "recovery",
            TypedCode::Neither => "neither",
        }
    }

    #[test]
    fn a_typed_code_is_told_by_its_look() {
        for (typed, expected) in [
            ("482913", "code"),
            (" 482 913\t", "code"),
            ("7bq2-kd9x-t0mv-3hpa", "recovery"),
            ("7BQ2 KD9X T0MV 3HPA", "recovery"),
            ("48291", "neither"),
            ("４８２９１３", "neither"),
            ("", "neither"),
        ] {
            assert_eq!(kind(typed), expected, "{typed:?}");
        }
    }
}
