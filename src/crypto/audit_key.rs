//! The keys that vouch for the head of the audit log, one per instance secret.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::digest::{constant_time_eq, hmac_sha256};

/// Bytes of a MAC.
const MAC_BYTES: usize = 32;

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

    /// The ids of all secrets, the current one first, separated by commas.
    pub fn ids(&self) -> String {
        let ids: Vec<&str> = self.0.iter().map(|key| key.secret_id.as_str()).collect();
        ids.join(",")
    }

    /// The MACs of a message under all secrets, HMAC-SHA256 each, in the order of [`AuditKeys::ids`]. Under all, since
    /// another instance may know only some of them yet, while the secret is being rotated.
    pub fn mac(&self, message: &[u8]) -> Vec<u8> {
        let macs = self
            .0
            .iter()
            .map(|key| hmac_sha256(key.key.as_slice(), message));
        macs.flatten().collect()
    }

    /// Compares MACs that were made under the secrets with these ids, in constant time: those of secrets that are here
    /// must all be right, and there must be one.
    pub fn check(&self, secret_ids: &str, message: &[u8], macs: &[u8]) -> MacCheck {
        let (macs, rest) = macs.as_chunks::<MAC_BYTES>();
        if !rest.is_empty() || macs.len() != secret_ids.split(',').count() {
            return MacCheck::Wrong;
        }
        let mut outcome = MacCheck::UnknownSecret;
        for (id, mac) in secret_ids.split(',').zip(macs) {
            let Some(known) = self.0.iter().find(|known| known.secret_id == id) else {
                continue;
            };
            if !constant_time_eq(&hmac_sha256(known.key.as_slice(), message), mac) {
                return MacCheck::Wrong;
            }
            outcome = MacCheck::Right;
        }
        outcome
    }
}

impl fmt::Debug for AuditKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKeys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(ids: &[&str]) -> AuditKeys {
        let key = |id: &&str| AuditKey {
            secret_id: (*id).to_owned(),
            key: Zeroizing::new(hmac_sha256(b"test", id.as_bytes())),
        };
        AuditKeys::new(ids.iter().map(key).collect())
    }

    #[test]
    fn who_knows_one_of_the_secrets_can_check_and_who_knows_none_cannot() {
        let rotated = keys(&["new", "old"]);
        let (ids, macs) = (rotated.ids(), rotated.mac(b"head"));
        for known in [&["new", "old"][..], &["old"], &["new"], &["old", "other"]] {
            assert_eq!(
                keys(known).check(&ids, b"head", &macs),
                MacCheck::Right,
                "{known:?}"
            );
            assert_eq!(
                keys(known).check(&ids, b"other", &macs),
                MacCheck::Wrong,
                "{known:?}"
            );
        }
        let stranger = keys(&["other"]);
        assert_eq!(
            stranger.check(&ids, b"head", &macs),
            MacCheck::UnknownSecret
        );
    }

    #[test]
    fn a_part_of_the_macs_is_wrong() {
        let rotated = keys(&["new", "old"]);
        let (ids, macs) = (rotated.ids(), rotated.mac(b"head"));
        for cut in [&macs[..32], &macs[..63], &[]] {
            assert_eq!(rotated.check(&ids, b"head", cut), MacCheck::Wrong);
        }
        let mut swapped = macs.clone();
        swapped.rotate_left(32);
        assert_eq!(rotated.check(&ids, b"head", &swapped), MacCheck::Wrong);
    }
}
