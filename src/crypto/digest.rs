//! Digests: of API keys, of one-time links and session ids, and comparison in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// HMAC-SHA256 (RFC 2104) of `message` under `key`.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    keyed(key)
        .chain_update(message)
        .finalize()
        .into_bytes()
        .into()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length (RFC 2104)")
}

/// SHA-256. Enough for random values of 128 bits and more, which no one can guess from their digest.
pub fn sha256(message: &[u8]) -> [u8; 32] {
    Sha256::digest(message).into()
}

/// True if both are equal, in a time that depends on their lengths alone.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The key under which full API keys are digested. One per instance secret. Wiped on drop.
#[derive(Clone)]
pub struct DigestKey(Hmac<Sha256>);

impl DigestKey {
    /// Takes 32 bytes derived from an instance secret. They are worked in once, not again for each digest.
    pub fn new(bytes: &Zeroizing<[u8; 32]>) -> Self {
        Self(keyed(bytes.as_slice()))
    }

    /// The digest that is stored for the full key `full_key`.
    pub fn digest(&self, full_key: &[u8]) -> KeyDigest {
        KeyDigest(
            self.0
                .clone()
                .chain_update(full_key)
                .finalize()
                .into_bytes()
                .into(),
        )
    }
}

/// What is stored of an API key. It cannot be turned back into the key.
#[derive(Clone)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The bytes for the database.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to keep beside others.
    pub fn into_bytes(self) -> [u8; 32] {
        self.0
    }

    /// True if `stored` is this digest, compared in constant time. A stored value of another length never is.
    pub fn matches(&self, stored: &[u8]) -> bool {
        constant_time_eq(&self.0, stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn hmac_agrees_with_rfc_4231_test_case_2() {
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_digest_matches_itself_and_nothing_else() {
        let key = |byte| DigestKey::new(&Zeroizing::new([byte; 32]));
        let digest = key(1).digest(b"key");
        assert!(digest.matches(digest.as_bytes()));
        assert!(!digest.matches(key(2).digest(b"key").as_bytes()));
        assert!(!digest.matches(&digest.as_bytes()[..31]));
        assert!(!digest.matches(b""));
    }
}
