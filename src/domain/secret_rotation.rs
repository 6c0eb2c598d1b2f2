//! What depends on which instance secret, and moving what can be moved without its holder.
//!
//! Digests of keys and of their replaced secrets move as they are presented (`verification::moves`), cookies of sessions as their browsers come back
//! (`web::middleware::moved_cookies`). What is sealed is sealed anew here.

use super::integrations::sealing;
use super::mail::Outbox;
use super::security::two_step;
use crate::clock::Timestamp;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::crypto::seal::header;
use crate::store::secret_uses::{self as rows, SecretUses};
use crate::store::{Db, StoreError, mails};

/// Values that are sealed anew in one transaction.
const BATCH: i64 = 200;

/// What was made under one secret and is still there.
#[derive(Clone, Debug)]
pub struct Dependents {
    /// The secret's id.
    pub id: String,
    /// True for the secret that everything new is made under.
    pub is_current: bool,
    /// How much.
    pub uses: SecretUses,
}

impl Dependents {
    /// True if something would stop working without the secret. Keys that have ended and secrets that were replaced do not
    /// work as it is; that they are recognised is lost, since those that no one presents never move.
    pub fn are_needed(&self) -> bool {
        self.is_current || {
            let uses = &self.uses;
            uses.active_keys + uses.overlaps + uses.sealed + uses.recovery_codes > 0
        }
    }
}

/// What depends on each secret, the current one first.
///
/// # Errors
/// If the database fails.
pub fn dependents(
    db: &mut Db,
    now: Timestamp,
    secrets: &InstanceSecrets,
) -> Result<Vec<Dependents>, StoreError> {
    let current = secrets.current_id();
    secrets
        .ids()
        .map(|id| {
            Ok(Dependents {
                id: id.to_owned(),
                is_current: id == current,
                uses: rows::count(db, id, &header(id), now)?,
            })
        })
        .collect()
}

/// Seals a batch of values anew that were sealed under an older secret; how many. Zero once there are no more.
///
/// # Errors
/// If the database fails.
pub fn seal_anew(
    db: &mut Db,
    secrets: &InstanceSecrets,
    outbox: &Outbox,
) -> Result<usize, StoreError> {
    let current = header(secrets.current_id());
    let mut moved = 0;
    for row in mails::list_sealed_elsewhere(db, &current, BATCH)? {
        let Some(sealed) = row.sealed.as_deref() else {
            continue;
        };
        // What its secret has left behind stays as it is: sending it says so.
        let Ok(mail) = outbox.open(row.id, sealed) else {
            continue;
        };
        mails::set_sealed(db, row.id, sealed, &outbox.seal(row.id, &mail))?;
        moved += 1;
    }
    moved += two_step::seal_anew(db, secrets, BATCH)?;
    moved += sealing::seal_anew(db, secrets, BATCH)?;
    Ok(moved)
}
