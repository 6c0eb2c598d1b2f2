//! Invitations to sign up: for one address, for seven days, once.

use chrono::TimeDelta;
use rand::CryptoRng;

use super::accounts::{Account, SignUpError, free_unconfirmed, new_row};
use super::audit::{Act, Action, Outcome};
use super::text::{EmailAddress, Name};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::password::PasswordHash;
use crate::crypto::random::base62_text;
use crate::ids::InvitationId;
use crate::secret::Secret;
use crate::store::invitations::{self as rows, InvitationRow};
use crate::store::{Db, StoreError, accounts};

/// How long an invitation works.
pub const LIFE: TimeDelta = TimeDelta::days(7);
/// Characters of a token: 256 bits.
const TOKEN_LENGTH: usize = 43;

/// An invitation that was not used.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Names it in the list.
    pub id: InvitationId,
    /// Who may sign up.
    pub email: String,
    /// Who invites, in words.
    pub invited_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl From<InvitationRow> for Invitation {
    fn from(row: InvitationRow) -> Self {
        Self {
            id: row.id,
            email: row.email,
            invited_by: row.invited_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

/// Invites an address; an invitation before stops working. Returns the token of the link: it is shown or mailed now, and
/// never again.
///
/// # Errors
/// If the database fails.
pub fn make(
    db: &mut Db,
    act: &Act,
    rng: &mut impl CryptoRng,
    email: &EmailAddress,
) -> Result<Secret<String>, StoreError> {
    let token = Secret::new(base62_text(rng, TOKEN_LENGTH));
    rows::delete_for_email(db, email.as_str())?;
    rows::insert(
        db,
        &InvitationRow {
            id: InvitationId::random(rng),
            token_digest: digest(&token),
            email: email.as_str().to_owned(),
            invited_by: act.actor.words(),
            created_at: act.now,
            expires_at: act.now + LIFE,
            used_at: None,
        },
    )?;
    act.record(
        db,
        None,
        Action::Invite,
        Some(email.as_str()),
        Outcome::Done,
    )?;
    Ok(token)
}

/// All invitations that were not used, newest first, also those that have expired.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db) -> Result<Vec<Invitation>, StoreError> {
    Ok(rows::list_unused(db)?
        .into_iter()
        .map(Invitation::from)
        .collect())
}

/// Withdraws an invitation, and returns it; `None` if it was used or withdrawn before.
///
/// # Errors
/// If the database fails.
pub fn withdraw(
    db: &mut Db,
    act: &Act,
    id: InvitationId,
) -> Result<Option<Invitation>, StoreError> {
    let Some(row) = rows::delete_unused(db, id)? else {
        return Ok(None);
    };
    let target = Some(row.email.as_str());
    act.record(db, None, Action::InvitationWithdraw, target, Outcome::Done)?;
    Ok(Some(row.into()))
}

/// The invitation with this token, if it would work now.
///
/// # Errors
/// If the database fails.
pub fn find(
    db: &mut Db,
    now: Timestamp,
    token: &Secret<String>,
) -> Result<Option<Invitation>, StoreError> {
    let row = rows::find(db, &digest(token))?;
    Ok(row
        .filter(|row| row.used_at.is_none() && now < row.expires_at)
        .map(Invitation::from))
}

/// Makes an account for whoever was invited: the link came to the address, so that is confirmed. `None`, and no change, if
/// the invitation does not work (any more).
///
/// # Errors
/// If there is an account with the address, or the database fails.
pub fn accept(
    db: &mut Db,
    act: &Act,
    rng: &mut impl CryptoRng,
    token: &Secret<String>,
    name: &Name,
    password: &PasswordHash,
) -> Result<Option<Account>, SignUpError> {
    let Some(invitation) = find(db, act.now, token)? else {
        return Ok(None);
    };
    let Ok(email) = EmailAddress::parse(&invitation.email) else {
        return Ok(None);
    };
    if !rows::set_used(db, invitation.id, act.now)? {
        return Ok(None);
    }
    free_unconfirmed(db, email.as_str())?;
    let row = new_row(act.now, rng, name, &email, Some(password));
    accounts::insert(db, &row)?;
    act.record(db, Some(row.id), Action::SignUp, None, Outcome::Done)?;
    Ok(Some(row.into()))
}

fn digest(token: &Secret<String>) -> Vec<u8> {
    sha256(token.expose().as_bytes()).to_vec()
}
