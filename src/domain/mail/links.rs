//! Whether the one-time link of a mail would still work: one that does not is of no use to its receiver.

use super::Mail;
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::store::registry::link_requests;
use crate::store::{Db, StoreError, invitations, one_time_links};

/// Why the link of a mail leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeadLink {
    /// Its time is over.
    #[error("its link had expired")]
    Expired,
    /// It was used, or a newer one, a new password or its holder has ended it.
    #[error("its link had been used or ended")]
    Ended,
}

/// Why the link of the mail leads nowhere at `now`; `None` if it works, or the mail has none.
///
/// # Errors
/// If the database fails.
pub fn dead_link(db: &mut Db, now: Timestamp, mail: &Mail) -> Result<Option<DeadLink>, StoreError> {
    // Used when, and good until when.
    let found = match mail {
        Mail::VerifyEmail { token }
        | Mail::ResetPassword { token }
        | Mail::ConfirmNewEmail { token } => {
            one_time_links::find(db, &sha256(token.0.expose().as_bytes()))?
                .map(|row| (row.used_at, row.expires_at))
        }
        Mail::Invitation { token, .. } => {
            invitations::find(db, &sha256(token.0.expose().as_bytes()))?
                .map(|row| (row.used_at, row.expires_at))
        }
        Mail::LinkConfirm { token, .. } => {
            link_requests::find(db, &sha256(token.0.expose().as_bytes()))?
                .map(|row| (row.used_at, row.expires_at))
        }
        _ => return Ok(None),
    };
    Ok(match found {
        Some((None, expires_at)) if now < expires_at => None,
        Some((None, _)) => Some(DeadLink::Expired),
        Some((Some(_), _)) | None => Some(DeadLink::Ended),
    })
}
