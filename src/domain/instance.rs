//! Whether this program's instance secrets are those that the database was used with.

use crate::clock::Timestamp;
use crate::crypto::digest::constant_time_eq;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::store::instance_secrets::{self as rows, InstanceSecretRow};
use crate::store::{Db, StoreError};

/// Why an instance must not start with this database.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// The database has been used with other secrets.
    #[error(
        "the instance secret is not the one that this database was used with (the database knows {known}): \
         put the right one into the file instance-secret or into KEYPORT_SECRET"
    )]
    Mismatch {
        /// Ids of the secrets that the database knows.
        known: String,
    },
    /// The database has been used with secrets, and there is none here.
    #[error(
        "there is no instance secret here, and this database was used with one (the database knows {known}): \
         put it into the file instance-secret or into KEYPORT_SECRET"
    )]
    Missing {
        /// Ids of the secrets that the database knows.
        known: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks the secrets against the fingerprints in the database, and adds fingerprints of new ones. A database
/// without fingerprints takes on the first secrets it meets; one with some wants at least one it knows.
///
/// # Errors
/// If no secret is known to the database, or one has a known id with another value, or the database fails.
pub fn take_on_secrets(
    db: &mut Db,
    now: Timestamp,
    secrets: &InstanceSecrets,
) -> Result<(), InstanceError> {
    rows::lock(db)?;
    for row in &new_fingerprints(db, now, secrets)? {
        rows::insert(db, row)?;
    }
    Ok(())
}

/// The same check without adding anything.
///
/// # Errors
/// As [`take_on_secrets`].
pub fn check_secrets(
    db: &mut Db,
    now: Timestamp,
    secrets: &InstanceSecrets,
) -> Result<(), InstanceError> {
    new_fingerprints(db, now, secrets).map(drop)
}

/// Makes sure that the database has not been used with any secret: only then may one be made for it.
///
/// # Errors
/// If it has been, or it fails.
pub fn check_unused(db: &mut Db) -> Result<(), InstanceError> {
    match rows::list(db)?.as_slice() {
        [] => Ok(()),
        known => Err(InstanceError::Missing { known: ids(known) }),
    }
}

fn new_fingerprints(
    db: &mut Db,
    now: Timestamp,
    secrets: &InstanceSecrets,
) -> Result<Vec<InstanceSecretRow>, InstanceError> {
    let known = rows::list(db)?;
    let mut matching = 0;
    let mut new = Vec::new();
    for (id, fingerprint) in secrets.fingerprints() {
        match known.iter().find(|row| row.id == id) {
            Some(row) if constant_time_eq(&row.fingerprint, &fingerprint) => matching += 1,
            Some(_) => return Err(mismatch(&known)),
            None => new.push(InstanceSecretRow {
                id: id.to_owned(),
                fingerprint: fingerprint.to_vec(),
                created_at: now,
            }),
        }
    }
    if matching == 0 && !known.is_empty() {
        return Err(mismatch(&known));
    }
    Ok(new)
}

fn mismatch(known: &[InstanceSecretRow]) -> InstanceError {
    InstanceError::Mismatch { known: ids(known) }
}

fn ids(known: &[InstanceSecretRow]) -> String {
    let ids: Vec<&str> = known.iter().map(|row| row.id.as_str()).collect();
    ids.join(", ")
}
