//! Sealing: what must be kept but not be readable in the database. XChaCha20-Poly1305 under a key that is derived from
//! the instance secret, with the id of that secret in front, so that it can be rotated.
//!
//! A sealed value is bound to what it is and to whom it belongs: moved to another row, it does not open.
//!
//! Layout: version (1 byte), length of the secret's id (1 byte), the id, nonce (24 bytes), ciphertext and tag.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use rand::{CryptoRng, RngExt as _};
use zeroize::Zeroizing;

use super::instance_secret::InstanceSecrets;

const VERSION: u8 = 1;
/// Bytes of a nonce: so many that random ones never meet (draft-irtf-cfrg-xchacha, section 3.1).
const NONCE_BYTES: usize = 24;

/// What a sealed value is, and whose.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// What kind of value: a name that no other kind has.
    pub kind: &'a str,
    /// The row that it belongs to.
    pub row: &'a str,
}

impl Binding<'_> {
    /// The associated data; lengths keep two bindings from reading alike.
    fn bytes(self, header: &[u8]) -> Vec<u8> {
        let mut bytes = header.to_vec();
        for part in [self.kind, self.row] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// Why a sealed value does not open.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The instance secret with this id is gone.
    #[error("it was sealed with the instance secret {0}, which is gone")]
    SecretGone(String),
    /// It was altered, belongs elsewhere, or is no sealed value.
    #[error("it is damaged, or belongs elsewhere")]
    Damaged,
}

/// Seals under the current instance secret.
pub fn seal(
    secrets: &InstanceSecrets,
    rng: &mut impl CryptoRng,
    binding: Binding<'_>,
    plain: &[u8],
) -> Vec<u8> {
    let mut sealed = header(secrets.current_id());
    let payload = Payload {
        msg: plain,
        aad: &binding.bytes(&sealed),
    };
    let mut nonce = [0u8; NONCE_BYTES];
    rng.fill(&mut nonce);
    let ciphertext = cipher(&secrets.current_sealing_key())
        .encrypt(&XNonce::from(nonce), payload)
        .expect("a value in memory is shorter than the cipher's limit");
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&ciphertext);
    sealed
}

/// Opens what was sealed under any instance secret that is still here.
///
/// # Errors
/// If that secret is gone, or the value is not what was sealed for this binding.
pub fn open(
    secrets: &InstanceSecrets,
    binding: Binding<'_>,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (header, id, rest) = split(sealed).ok_or(OpenError::Damaged)?;
    let key = secrets
        .sealing_key(id)
        .ok_or_else(|| OpenError::SecretGone(id.to_owned()))?;
    let (nonce, ciphertext) = rest
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or(OpenError::Damaged)?;
    let payload = Payload {
        msg: ciphertext,
        aad: &binding.bytes(header),
    };
    cipher(&key)
        .decrypt(&XNonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .or(Err(OpenError::Damaged))
}

/// What every value begins with that is sealed under the instance secret with this id.
pub fn header(id: &str) -> Vec<u8> {
    let id_length = u8::try_from(id.len()).expect("an id has at most 32 bytes");
    [&[VERSION, id_length], id.as_bytes()].concat()
}

/// Header, id in it, and what follows.
fn split(sealed: &[u8]) -> Option<(&[u8], &str, &[u8])> {
    let [VERSION, id_length, ..] = sealed else {
        return None;
    };
    let (header, rest) = sealed.split_at_checked(2 + usize::from(*id_length))?;
    let id = std::str::from_utf8(&header[2..]).ok()?;
    Some((header, id, rest))
}

fn cipher(key: &Zeroizing<[u8; 32]>) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(**key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    const ONE: &str = "a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const TWO: &str = "b:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const HERE: Binding<'_> = Binding {
        kind: "totp",
        row: "1",
    };

    fn secrets(text: &str) -> InstanceSecrets {
        InstanceSecrets::parse(&Secret::new(text.to_owned())).unwrap()
    }

    fn sealed() -> Vec<u8> {
        seal(
            &secrets(ONE),
            &mut StdRng::seed_from_u64(1),
            HERE,
            b"hunter22",
        )
    }

    #[test]
    fn what_was_sealed_opens_also_after_the_secret_was_rotated() {
        for now in [ONE.to_owned(), format!("{TWO},{ONE}")] {
            let opened = open(&secrets(&now), HERE, &sealed()).unwrap();
            assert_eq!(opened.as_slice(), b"hunter22");
        }
        assert!(sealed().starts_with(&header("a")));
    }

    #[test]
    fn without_its_secret_it_stays_sealed_and_says_so() {
        let gone = open(&secrets(TWO), HERE, &sealed());
        assert_eq!(gone, Err(OpenError::SecretGone("a".to_owned())));
    }

    #[test]
    fn elsewhere_or_altered_it_does_not_open() {
        for (kind, row) in [("totp", "2"), ("mail", "1"), ("tot", "p1")] {
            let moved = open(&secrets(ONE), Binding { kind, row }, &sealed());
            assert_eq!(moved, Err(OpenError::Damaged), "{kind} {row}");
        }
        for place in 0..sealed().len() {
            let mut altered = sealed();
            altered[place] ^= 1;
            assert!(
                open(&secrets(ONE), HERE, &altered).is_err(),
                "byte {place} can be altered"
            );
        }
        for length in 0..sealed().len() {
            assert!(open(&secrets(ONE), HERE, &sealed()[..length]).is_err());
        }
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut once = || seal(&secrets(ONE), &mut rng, HERE, b"hunter22");
        assert_ne!(once(), once());
    }
}
