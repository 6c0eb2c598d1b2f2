//! The keys that vouch for the head of the audit log, one per instance secret.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::digest::{constant_time_eq, hmac_sha256};

/// One key per instance secret, the current one first; made by
/// [`InstanceSecrets::audit_keys`](super::instance_secret::InstanceSecrets::audit_keys). Clones share them.
#[derive(Clone)]
pub struct AuditKeys(Arc<[AuditKey]>);

/// The key of one instance secret, with that secret's id.
pub(super) struct AuditKey {
    pub(super) secret_id: String,
    pub(super) key: Zeroizing<[u8; 32]>,
}

/// What a MAC says about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacCheck {
    /// Who made it knew the secret, and made it for this message.
    Right,
    /// It is not for this message.
    Wrong,
    /// The secret that it was made under is not here.
    UnknownSecret,
}

impl AuditKeys {
    pub(super) fn new(keys: Vec<AuditKey>) -> Self {
        Self(keys.into())
    }

    /// The id of the current secret.
    pub fn current_id(&self) -> &str {
        self.current().secret_id.as_str()
    }

    /// The MAC of a message under the current secret: HMAC-SHA256.
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        hmac_sha256(self.current().key.as_slice(), message)
    }

    /// Compares a MAC that was made under the secret with this id, in constant time.
    pub fn check(&self, secret_id: &str, message: &[u8], mac: &[u8]) -> MacCheck {
        let Some(known) = self.0.iter().find(|known| known.secret_id == secret_id) else {
            return MacCheck::UnknownSecret;
        };
        if constant_time_eq(&hmac_sha256(known.key.as_slice(), message), mac) {
            MacCheck::Right
        } else {
            MacCheck::Wrong
        }
    }

    fn current(&self) -> &AuditKey {
        self.0
            .first()
            .expect("there is always a current instance secret")
    }
}

impl fmt::Debug for AuditKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKeys")
    }
}
