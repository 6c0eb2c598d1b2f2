//! Links that work once and not for long. Only the digest of a link's token is stored.

use chrono::TimeDelta;
use rand::CryptoRng;

use super::throttles;
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::random::base62_text;
use crate::ids::AccountId;
use crate::secret::Secret;
use crate::store::one_time_links::{self as rows, OneTimeLinkRow};
use crate::store::{Db, StoreError};

/// Characters of a token: 256 bits.
const TOKEN_LENGTH: usize = 43;

/// What a link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Setting the account's password.
    SetPassword,
    /// Confirming the address that the account was made with.
    VerifyEmail,
    /// Confirming another address for the account.
    ChangeEmail,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::SetPassword => "set_password",
            Self::VerifyEmail => "verify_email",
            Self::ChangeEmail => "change_email",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::SetPassword, Self::VerifyEmail, Self::ChangeEmail]
            .into_iter()
            .find(|purpose| purpose.word() == word)
    }
}

/// A link that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewLink<'a> {
    /// Whom it is for.
    pub account_id: AccountId,
    /// What it is good for.
    pub purpose: Purpose,
    /// The address that it confirms, if that is what it is good for.
    pub email: Option<&'a str>,
    /// How long it works.
    pub life: TimeDelta,
}

/// A link that works.
#[derive(Clone, Debug)]
pub struct Link {
    digest: Vec<u8>,
    /// Whom it is for.
    pub account_id: AccountId,
    /// What it is good for.
    pub purpose: Purpose,
    /// The address that it confirms.
    pub email: Option<String>,
}

/// Makes a link and ends the account's earlier ones for the same purpose. Returns its token.
///
/// # Errors
/// If the database fails.
pub fn make(
    db: &mut Db,
    now: Timestamp,
    rng: &mut impl CryptoRng,
    link: NewLink<'_>,
) -> Result<Secret<String>, StoreError> {
    let token = Secret::new(base62_text(rng, TOKEN_LENGTH));
    rows::delete_unused(db, link.account_id, link.purpose.word())?;
    rows::insert(
        db,
        &OneTimeLinkRow {
            token_digest: digest(&token),
            account_id: link.account_id,
            purpose: link.purpose.word().to_owned(),
            created_at: now,
            expires_at: now + link.life,
            used_at: None,
            email: link.email.map(str::to_owned),
        },
    )?;
    Ok(token)
}

/// As many writes as [`make`] for no one: so that the time of an answer does not tell whether there is an account.
///
/// # Errors
/// If the database fails.
pub fn make_none(db: &mut Db, now: Timestamp, rng: &mut impl CryptoRng) -> Result<(), StoreError> {
    rows::delete_unused(db, AccountId::random(rng), "none")?;
    throttles::count_nothing(db, now, rng)
}

/// The link with this token, if it is for one of these purposes and would work now.
///
/// # Errors
/// If the database fails.
pub fn find(
    db: &mut Db,
    now: Timestamp,
    token: &Secret<String>,
    purposes: &[Purpose],
) -> Result<Option<Link>, StoreError> {
    let row = rows::find(db, &digest(token))?;
    let live = row.filter(|row| row.used_at.is_none() && now < row.expires_at);
    Ok(live.and_then(|row| {
        let purpose = Purpose::from_word(&row.purpose).filter(|known| purposes.contains(known))?;
        Some(Link {
            digest: row.token_digest,
            account_id: row.account_id,
            purpose,
            email: row.email,
        })
    }))
}

/// Uses the link up; false if someone else did first.
///
/// # Errors
/// If the database fails.
pub fn use_up(db: &mut Db, now: Timestamp, link: &Link) -> Result<bool, StoreError> {
    rows::set_used(db, &link.digest, now)
}

/// Ends the account's links for this purpose.
///
/// # Errors
/// If the database fails.
pub fn end(db: &mut Db, account_id: AccountId, purpose: Purpose) -> Result<(), StoreError> {
    rows::delete_unused(db, account_id, purpose.word())
}

/// Ends all of the account's links: whoever had a session of it, or read its mails, may have asked for one.
///
/// # Errors
/// If the database fails.
pub fn end_all(db: &mut Db, account_id: AccountId) -> Result<(), StoreError> {
    rows::delete_all_unused(db, account_id)
}

/// The address that waits to be confirmed with a link for this purpose.
///
/// # Errors
/// If the database fails.
pub fn waiting_email(
    db: &mut Db,
    now: Timestamp,
    account_id: AccountId,
    purpose: Purpose,
) -> Result<Option<String>, StoreError> {
    let row = rows::find_unused(db, account_id, purpose.word(), now)?;
    Ok(row.and_then(|row| row.email))
}

fn digest(token: &Secret<String>) -> Vec<u8> {
    sha256(token.expose().as_bytes()).to_vec()
}
