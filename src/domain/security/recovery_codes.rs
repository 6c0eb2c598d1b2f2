//! Recovery codes: ten of them, each lets their holder in once in place of the authenticator's code. They are shown
//! once, when they are made; only their digests are stored.

use rand::{CryptoRng, RngExt as _};

use crate::clock::Timestamp;
use crate::crypto::digest::{hmac_sha256, sha256};
use crate::crypto::instance_secret::InstanceSecrets;
use crate::ids::AccountId;
use crate::secret::Secret;
use crate::store::recovery_codes::{self as rows, RecoveryCodeRow};
use crate::store::{Constraint, Db, StoreError, shown_forms};

/// Codes that are made at a time.
pub const HOW_MANY: i64 = 10;
/// So many left are few.
pub const FEW: i64 = 3;

/// Crockford's base32 in small letters: without i, l, o and u, which are read as others.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a code: 80 bits.
const LENGTH: usize = 16;
/// Characters between two hyphens.
const GROUP: usize = 4;

/// A recovery code as its holder has it: small letters and digits, without hyphens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryCode(Secret<String>);

impl RecoveryCode {
    fn random(rng: &mut impl CryptoRng) -> Self {
        let text = (0..LENGTH).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]));
        Self(Secret::new(text.collect()))
    }

    /// Reads a code as people type it: in any case, with or without hyphens and spaces, with look-alikes. `None` if it
    /// cannot be one.
    pub fn parse(typed: &str) -> Option<Self> {
        let mut text = String::with_capacity(LENGTH);
        for c in typed.chars() {
            let read = match c.to_ascii_lowercase() {
                '-' | '\u{2010}'..='\u{2015}' => continue,
                space if space.is_whitespace() => continue,
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            };
            if text.len() == LENGTH || !u8::try_from(read).is_ok_and(|b| ALPHABET.contains(&b)) {
                return None;
            }
            text.push(read);
        }
        (text.len() == LENGTH).then(|| Self(Secret::new(text)))
    }

    /// As it is shown: `7bq2-kd9x-t0mv-3hpa`. For the one page that does.
    pub fn reveal(&self) -> String {
        let text = self.0.expose();
        let groups: Vec<&str> = (0..LENGTH)
            .step_by(GROUP)
            .map(|start| &text[start..start + GROUP])
            .collect();
        groups.join("-")
    }

    fn digest(&self, key: &[u8], account_id: AccountId) -> [u8; 32] {
        hmac_sha256(key, format!("{account_id}/{}", self.0.expose()).as_bytes())
    }
}

/// A one-time form has shown its codes before.
#[derive(Debug, thiserror::Error)]
pub enum MakeCodesError {
    /// The form was used.
    #[error("the form has shown its codes before")]
    FormUsed,
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for MakeCodesError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Broken(Constraint::ShownCodeForm) => Self::FormUsed,
            other => Self::Store(other),
        }
    }
}

/// Notes that a one-time form shows codes now.
///
/// # Errors
/// If it has before, or the database fails.
pub(super) fn use_form(
    db: &mut Db,
    now: Timestamp,
    account_id: AccountId,
    form_id: &str,
) -> Result<(), MakeCodesError> {
    let form_digest = form_digest(account_id, form_id);
    // Asked first: on PostgreSQL a broken constraint ends the transaction.
    if shown_forms::has_shown_codes(db, &form_digest)? {
        return Err(MakeCodesError::FormUsed);
    }
    shown_forms::insert_for_codes(db, &form_digest, account_id, now)?;
    Ok(())
}

/// True if the one-time form has shown codes.
///
/// # Errors
/// If the database fails.
pub fn has_shown(db: &mut Db, account_id: AccountId, form_id: &str) -> Result<bool, StoreError> {
    shown_forms::has_shown_codes(db, &form_digest(account_id, form_id))
}

fn form_digest(account_id: AccountId, form_id: &str) -> [u8; 32] {
    sha256(format!("{account_id}/{form_id}").as_bytes())
}

/// Makes new codes; the ones before are worth nothing from then on.
///
/// # Errors
/// If the database fails.
pub(super) fn replace(
    db: &mut Db,
    now: Timestamp,
    secrets: &InstanceSecrets,
    rng: &mut impl CryptoRng,
    account_id: AccountId,
) -> Result<Vec<RecoveryCode>, StoreError> {
    rows::delete_for_account(db, account_id)?;
    let (secret_id, key) = secrets
        .recovery_code_keys()
        .next()
        .expect("there is always a current secret");
    let codes: Vec<RecoveryCode> = (0..HOW_MANY).map(|_| RecoveryCode::random(rng)).collect();
    for code in &codes {
        rows::insert(
            db,
            &RecoveryCodeRow {
                account_id,
                digest: code.digest(key.as_slice(), account_id).to_vec(),
                digest_secret_id: secret_id.to_owned(),
                created_at: now,
                used_at: None,
            },
        )?;
    }
    Ok(codes)
}

/// What a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Used {
    /// It was unused and is used up now.
    Now,
    /// It was used before.
    Before,
    /// It is no code of this account.
    Unknown,
}

/// Uses a code up.
///
/// # Errors
/// If the database fails.
pub(super) fn use_up(
    db: &mut Db,
    now: Timestamp,
    secrets: &InstanceSecrets,
    account_id: AccountId,
    code: &RecoveryCode,
) -> Result<Used, StoreError> {
    let Some(row) = find(db, secrets, account_id, code)? else {
        return Ok(Used::Unknown);
    };
    let is_first = rows::set_used(db, account_id, &row.digest, now)?;
    Ok(if is_first { Used::Now } else { Used::Before })
}

/// True if each of these is a code of the account, used or not.
///
/// # Errors
/// If the database fails.
pub fn are_known(
    db: &mut Db,
    secrets: &InstanceSecrets,
    account_id: AccountId,
    codes: &[RecoveryCode],
) -> Result<bool, StoreError> {
    for code in codes {
        if find(db, secrets, account_id, code)?.is_none() {
            return Ok(false);
        }
    }
    Ok(!codes.is_empty())
}

/// The digest tells codes apart as a password's would not: a code has 80 random bits.
fn find(
    db: &mut Db,
    secrets: &InstanceSecrets,
    account_id: AccountId,
    code: &RecoveryCode,
) -> Result<Option<RecoveryCodeRow>, StoreError> {
    for (secret_id, key) in secrets.recovery_code_keys() {
        let found = rows::find(db, account_id, &code.digest(key.as_slice(), account_id))?;
        if let Some(row) = found.filter(|row| row.digest_secret_id == secret_id) {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[test]
    fn a_code_reads_back_however_it_is_typed() {
        let mut rng = StdRng::seed_from_u64(2);
        for _ in 0..100 {
            let code = RecoveryCode::random(&mut rng);
            let shown = code.reveal();
            assert_eq!(shown.len(), LENGTH + 3);
            for typed in [
                shown.clone(),
                shown.to_uppercase(),
                shown.replace('-', " "),
                shown.replace('-', ""),
                format!(" {} ", shown.replace('-', " – ")),
                shown.replace('0', "o").replace('1', "l"),
                shown.replace('0', "O").replace('1', "I"),
            ] {
                assert_eq!(RecoveryCode::parse(&typed), Some(code.clone()), "{typed}");
            }
        }
    }

    #[test]
    fn what_is_no_code_is_told_at_once() {
        for typed in [
            "",
            "123456",
            "7bq2-kd9x-t0mv-3hp",
            "7bq2-kd9x-t0mv-3hpaa",
            "7bq2-kd9x-t0mv-3hpu",
            "7bq2-kd9x-t0mv-3hpé",
        ] {
            assert_eq!(RecoveryCode::parse(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn a_code_does_not_print_itself() {
        let code = RecoveryCode::parse("7bq2-kd9x-t0mv-3hpa").unwrap();
        assert_eq!(format!("{code:?}"), "RecoveryCode(Secret(…))");
    }
}
