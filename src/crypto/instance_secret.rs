//! The instance secret: the root of every key that keyport derives, as entries `id:base64(32 bytes)`.
//!
//! The first entry is current and used for everything new; the others are kept for reading what was made
//! under them. It lives outside the database; the database knows only each entry's fingerprint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::{CryptoRng, RngExt};
use zeroize::Zeroizing;

use super::audit_key::{AuditKey, AuditKeys};
use super::digest::{DigestKey, hmac_sha256};
use super::random::base62_text;
use crate::secret::Secret;

/// Why a text is no instance secret. Never holds a piece of the text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstanceSecretError {
    /// There is no entry at all.
    #[error("it holds no entry; write one as id:base64 of 32 random bytes")]
    Empty,
    /// The entry with this number (from 1) is not `id:base64(32 bytes)`.
    #[error("entry {0} is not of the form id:base64 of 32 bytes")]
    Malformed(usize),
    /// Two entries have the same id.
    #[error("entry {0} repeats the id of an earlier one")]
    RepeatedId(usize),
}

/// All instance secrets, the current one first. There is always one.
#[derive(Clone)]
pub struct InstanceSecrets {
    entries: Vec<Entry>,
    audit_keys: AuditKeys,
}

#[derive(Clone)]
struct Entry {
    id: String,
    bytes: Zeroizing<[u8; 32]>,
    digest_key: DigestKey,
}

impl Entry {
    /// A key for one purpose: HMAC-SHA256 of the purpose under the secret (one block of HKDF-Expand, RFC 5869).
    fn derive(&self, purpose: &str) -> [u8; 32] {
        hmac_sha256(self.bytes.as_slice(), purpose.as_bytes())
    }

    fn session_cookie_key(&self) -> Zeroizing<[u8; 64]> {
        let mut key = Zeroizing::new([0u8; 64]);
        key[..32].copy_from_slice(&self.derive("keyport session cookie v1 a"));
        key[32..].copy_from_slice(&self.derive("keyport session cookie v1 b"));
        key
    }

    fn audit_key(&self) -> AuditKey {
        AuditKey {
            secret_id: self.id.clone(),
            key: Zeroizing::new(self.derive("keyport audit head v1")),
        }
    }

    fn sealing_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.derive("keyport sealed values v1"))
    }
}

impl InstanceSecrets {
    /// Reads entries separated by commas or line ends; blank entries are skipped.
    ///
    /// # Errors
    /// If there is no entry, or one is malformed or repeats an id.
    pub fn parse(text: &Secret<String>) -> Result<Self, InstanceSecretError> {
        let mut entries: Vec<Entry> = Vec::new();
        for (index, part) in lines(text).into_iter().enumerate() {
            let entry = parse_entry(part).ok_or(InstanceSecretError::Malformed(index + 1))?;
            if entries.iter().any(|known| known.id == entry.id) {
                return Err(InstanceSecretError::RepeatedId(index + 1));
            }
            entries.push(entry);
        }
        if entries.is_empty() {
            return Err(InstanceSecretError::Empty);
        }
        let audit_keys = AuditKeys::new(entries.iter().map(Entry::audit_key).collect());
        Ok(Self {
            entries,
            audit_keys,
        })
    }

    /// A new secret as the text that [`InstanceSecrets::parse`] reads.
    pub fn generate(rng: &mut impl CryptoRng) -> Secret<String> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        rng.fill(bytes.as_mut_slice());
        Secret::new(format!(
            "{}:{}\n",
            base62_text(rng, 6),
            STANDARD.encode(bytes.as_slice())
        ))
    }

    /// The entries of a text with a new one: in front, where it is current at once, or at the end, where it only is known
    /// to whoever reads it.
    ///
    /// # Errors
    /// If the text cannot be read.
    pub fn with_new(
        text: &Secret<String>,
        rng: &mut impl CryptoRng,
        is_current: bool,
    ) -> Result<Secret<String>, InstanceSecretError> {
        Self::parse(text)?;
        let new = Self::generate(rng);
        let known = Zeroizing::new(lines(text).join("\n"));
        Ok(Secret::new(match is_current {
            true => format!("{}{}\n", new.expose(), *known),
            false => format!("{}\n{}", *known, new.expose()),
        }))
    }

    /// The entries of a text with that of this id in front; `None` if it has none.
    ///
    /// # Errors
    /// If the text cannot be read.
    pub fn with_current(
        text: &Secret<String>,
        id: &str,
    ) -> Result<Option<Secret<String>>, InstanceSecretError> {
        Self::parse(text)?;
        let (first, others): (Vec<&str>, Vec<&str>) = lines(text)
            .into_iter()
            .partition(|line| line.split(':').next() == Some(id));
        Ok((!first.is_empty()).then(|| Secret::new([first, others].concat().join("\n") + "\n")))
    }

    /// The entries of a text without that of this id; `None` if it has none, or only that.
    ///
    /// # Errors
    /// If the text cannot be read.
    pub fn without(
        text: &Secret<String>,
        id: &str,
    ) -> Result<Option<Secret<String>>, InstanceSecretError> {
        Self::parse(text)?;
        let all = lines(text);
        let left: Vec<&str> = all
            .iter()
            .copied()
            .filter(|line| line.split(':').next() != Some(id))
            .collect();
        let is_there = left.len() < all.len() && !left.is_empty();
        Ok(is_there.then(|| Secret::new(left.join("\n") + "\n")))
    }

    /// The ids of all entries, the current one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.id.as_str())
    }

    /// The id of the current secret, stored beside what was made under it.
    pub fn current_id(&self) -> &str {
        &self.current().id
    }

    /// Id and fingerprint of each entry, current first. A fingerprint tells secrets apart and nothing more.
    pub fn fingerprints(&self) -> impl Iterator<Item = (&str, [u8; 32])> {
        self.entries
            .iter()
            .map(|entry| (entry.id.as_str(), entry.derive("keyport fingerprint v1")))
    }

    /// The digest key of the current secret, for new API keys.
    pub fn current_digest_key(&self) -> &DigestKey {
        &self.current().digest_key
    }

    /// The place of the secret with this id, for [`InstanceSecrets::digest_key`]; `None` if it is not here any more.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id == id)
    }

    /// The digest key of the secret at this place.
    pub fn digest_key(&self, position: usize) -> Option<&DigestKey> {
        self.entries.get(position).map(|entry| &entry.digest_key)
    }

    /// The key that new sealed values are sealed under.
    pub(super) fn current_sealing_key(&self) -> Zeroizing<[u8; 32]> {
        self.current().sealing_key()
    }

    /// The key of the secret with this id, for sealed values; `None` if it is not here any more.
    pub(super) fn sealing_key(&self, id: &str) -> Option<Zeroizing<[u8; 32]>> {
        let entry = self.entries.iter().find(|entry| entry.id == id)?;
        Some(entry.sealing_key())
    }

    /// The keys that vouch for the head of the audit log.
    pub fn audit_keys(&self) -> &AuditKeys {
        &self.audit_keys
    }

    /// Keys for the encryption of the session cookie, the current one first.
    pub fn session_cookie_keys(&self) -> Vec<Zeroizing<[u8; 64]>> {
        self.entries.iter().map(Entry::session_cookie_key).collect()
    }

    /// The current one of [`InstanceSecrets::session_cookie_keys`].
    pub fn session_cookie_key(&self) -> Zeroizing<[u8; 64]> {
        self.current().session_cookie_key()
    }

    /// Id of each secret and the key under it for digests of recovery codes, current first.
    pub fn recovery_code_keys(&self) -> impl Iterator<Item = (&str, Zeroizing<[u8; 32]>)> {
        self.entries.iter().map(|entry| {
            let key = entry.derive("keyport recovery codes v1");
            (entry.id.as_str(), Zeroizing::new(key))
        })
    }

    /// Key under which form tokens are made.
    pub fn form_token_key(&self) -> [u8; 32] {
        self.current().derive("keyport form token v1")
    }

    /// Keys under which links that turn mails off are signed, the one of the current secret first: such links never end.
    pub fn unsubscribe_keys(&self) -> impl Iterator<Item = [u8; 32]> {
        self.entries
            .iter()
            .map(|entry| entry.derive("keyport unsubscribe link v1"))
    }

    /// A seed from which `keyport demo` makes the same passwords and keys each time.
    pub fn demo_seed(&self, of: &str) -> [u8; 32] {
        self.current().derive(&format!("keyport demo v1 {of}"))
    }

    fn current(&self) -> &Entry {
        self.entries
            .first()
            .expect("parse refuses a text without entries")
    }
}

/// Purpose label of the key that API keys are digested under.
const API_KEY_DIGEST: &str = "keyport api key digest v1";

/// The entries as they are written.
fn lines(text: &Secret<String>) -> Vec<&str> {
    let parts = text.expose().split([',', '\n', '\r']).map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

fn parse_entry(part: &str) -> Option<Entry> {
    let (id, encoded) = part.split_once(':')?;
    let id_is_plain = (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if !id_is_plain {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(decoded.as_slice().try_into().ok()?);
    let digest_key = Zeroizing::new(hmac_sha256(bytes.as_slice(), API_KEY_DIGEST.as_bytes()));
    Some(Entry {
        id: id.to_owned(),
        bytes,
        digest_key: DigestKey::new(&digest_key),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    const ONE: &str = "a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const TWO: &str = "b:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    #[test]
    fn a_generated_secret_reads_back() {
        let text = InstanceSecrets::generate(&mut StdRng::seed_from_u64(3));
        let secrets = InstanceSecrets::parse(&text).unwrap();
        assert!(text.expose().starts_with(secrets.current_id()));
    }

    #[test]
    fn the_first_entry_is_current_and_the_others_can_be_found() {
        let secrets = InstanceSecrets::parse(&secret(&format!("{ONE},{TWO}\n"))).unwrap();
        assert_eq!(secrets.current_id(), "a");
        assert!(secrets.position("b").is_some());
        assert!(secrets.position("c").is_none());
    }

    #[test]
    fn malformed_secrets_are_named_by_number_without_their_text() {
        let cases = [
            ("", InstanceSecretError::Empty),
            ("a:short", InstanceSecretError::Malformed(1)),
            ("nocolon", InstanceSecretError::Malformed(1)),
            (&format!("{ONE},x:AAAA"), InstanceSecretError::Malformed(2)),
            (&format!("{ONE},{ONE}"), InstanceSecretError::RepeatedId(2)),
        ];
        for (text, expected) in cases {
            assert_eq!(InstanceSecrets::parse(&secret(text)).err(), Some(expected));
        }
    }

    #[test]
    fn a_new_secret_comes_in_front_or_waits_at_the_end() {
        let rng = &mut StdRng::seed_from_u64(3);
        let one = secret(ONE);
        let ids = |text: &Secret<String>| -> Vec<String> {
            let secrets = InstanceSecrets::parse(text).unwrap();
            secrets.ids().map(ToOwned::to_owned).collect()
        };
        let rotated = InstanceSecrets::with_new(&one, rng, true).unwrap();
        assert_eq!(ids(&rotated)[1..], ["a"]);
        let prepared = InstanceSecrets::with_new(&one, rng, false).unwrap();
        assert_eq!(ids(&prepared)[0], "a");
        let new = ids(&prepared)[1].clone();
        let promoted = InstanceSecrets::with_current(&prepared, &new)
            .unwrap()
            .unwrap();
        assert_eq!(ids(&promoted), [new.as_str(), "a"]);
        let retired = InstanceSecrets::without(&promoted, "a").unwrap().unwrap();
        assert_eq!(ids(&retired), [new]);
        assert!(InstanceSecrets::with_current(&one, "b").unwrap().is_none());
        assert!(InstanceSecrets::without(&one, "a").unwrap().is_none());
        assert!(InstanceSecrets::without(&one, "b").unwrap().is_none());
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let secrets = InstanceSecrets::parse(&secret(ONE)).unwrap();
        let form = secrets.form_token_key();
        let cookie = secrets.session_cookie_key();
        assert_ne!(form[..], cookie[..32]);
        assert_ne!(cookie[..32], cookie[32..]);
    }
}
