//! The text of a key: `<brand>_<id>_<secret><check>`.
//!
//! 10 characters of id, 32 of secret (190 bits), 6 of check, all base62; the check is the CRC-32 of zlib and PNG
//! over everything before it. A key that was mistyped or made up is refused by the check alone, without a query.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::base62::{self, Encoded};
use crate::crypto::digest::{DigestKey, KeyDigest};
use crate::crypto::random::base62_text;
use crate::ids::ApiKeyId;
use crate::secret::Secret;

const ID_LENGTH: usize = 10;
const SECRET_LENGTH: usize = 32;
const CHECK_LENGTH: usize = 6;

/// The longest text that is looked at: longer ones are malformed whatever they hold.
pub const MAX_PRESENTED_LENGTH: usize = 200;

/// The first part of every key of an instance: what scanners recognise it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand(String);

/// A text that is no brand.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a brand has 1 to 16 characters: a lower-case letter, then lower-case letters, digits or _"
)]
pub struct BadBrand;

impl Brand {
    /// The brand as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Brand {
    fn default() -> Self {
        Self("kp".to_owned())
    }
}

impl FromStr for Brand {
    type Err = BadBrand;

    fn from_str(text: &str) -> Result<Self, BadBrand> {
        let rest_is_valid = text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let first_is_letter = text.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        if text.len() > 16 || !first_is_letter || !rest_is_valid {
            return Err(BadBrand);
        }
        Ok(Self(text.to_owned()))
    }
}

/// `<brand>_<id>`: the only part of a key that is ever shown again.
pub fn prefix(brand: &str, id: ApiKeyId) -> String {
    format!("{brand}_{id}")
}

/// A full key at its birth. Shown once; cannot be printed by accident.
#[derive(Clone)]
pub struct FullKey(Secret<String>);

impl FullKey {
    /// A new key for this id.
    pub fn generate(brand: &Brand, id: ApiKeyId, rng: &mut impl CryptoRng) -> Self {
        let secret = Zeroizing::new(base62_text(rng, SECRET_LENGTH));
        let body = Zeroizing::new(format!("{}_{}", prefix(brand.as_str(), id), *secret));
        let check = check(body.as_bytes());
        Self(Secret::new(format!("{}{}", *body, check.as_str())))
    }

    /// The key itself, for the one page, answer or line of output that shows it.
    pub fn reveal(&self) -> &str {
        self.0.expose()
    }

    /// What is stored of it.
    pub fn digest(&self, key: &DigestKey) -> KeyDigest {
        key.digest(self.0.expose().as_bytes())
    }
}

impl fmt::Debug for FullKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FullKey(…)")
    }
}

/// A text that is no key of this instance.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed API key")]
pub struct Malformed;

/// A well-formed key that somebody presented. Whether it is a true one only the database can tell.
#[derive(Clone)]
pub struct PresentedKey {
    /// The id that it names.
    pub id: ApiKeyId,
    text: Secret<String>,
}

impl PresentedKey {
    /// Reads what came in a header: outer spaces are trimmed, then brand, lengths, characters and check must fit.
    ///
    /// # Errors
    /// If any of them does not.
    pub fn parse<'a>(
        raw: &[u8],
        mut brands: impl Iterator<Item = &'a Brand>,
    ) -> Result<Self, Malformed> {
        let text = raw.trim_ascii();
        if text.len() > MAX_PRESENTED_LENGTH {
            return Err(Malformed);
        }
        let text = str::from_utf8(text).or(Err(Malformed))?;
        if !text.bytes().all(|b| base62::is_digit(b) || b == b'_') {
            return Err(Malformed);
        }
        // From the right, since a brand may itself hold an underscore.
        let tail = SECRET_LENGTH + CHECK_LENGTH;
        let check_at = text.len().checked_sub(CHECK_LENGTH).ok_or(Malformed)?;
        let secret_at = text.len().checked_sub(tail).ok_or(Malformed)?;
        let id_at = secret_at.checked_sub(1 + ID_LENGTH).ok_or(Malformed)?;
        let brand_end = id_at.checked_sub(1).ok_or(Malformed)?;
        let separated =
            text.as_bytes()[secret_at - 1] == b'_' && text.as_bytes()[brand_end] == b'_';
        let secret_is_plain = !text.as_bytes()[secret_at..].contains(&b'_');
        let brand = &text[..brand_end];
        if !separated || !secret_is_plain || !brands.any(|known| known.as_str() == brand) {
            return Err(Malformed);
        }
        if check(&text.as_bytes()[..check_at]).as_str() != &text[check_at..] {
            return Err(Malformed);
        }
        let id = text[id_at..secret_at - 1].parse().or(Err(Malformed))?;
        Ok(Self {
            id,
            text: Secret::new(text.to_owned()),
        })
    }

    /// What would be stored of it.
    pub fn digest(&self, key: &DigestKey) -> KeyDigest {
        key.digest(self.text.expose().as_bytes())
    }
}

impl fmt::Debug for PresentedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedKey({})", self.id)
    }
}

/// The check of everything before it.
fn check(body: &[u8]) -> Encoded<CHECK_LENGTH> {
    Encoded::of(u64::from(crc32fast::hash(body)))
}

/// The first and last id whose prefix begins with `text`, which may start with any brand; `None` if none can.
pub fn ids_beginning_with(text: &str) -> Option<(ApiKeyId, ApiKeyId)> {
    let start = text.rsplit_once('_').map_or(text, |(_, start)| start);
    if start.is_empty() || start.len() > ID_LENGTH || !start.bytes().all(base62::is_digit) {
        return None;
    }
    let missing = ID_LENGTH - start.len();
    let first = format!("{start}{}", "0".repeat(missing));
    let last = format!("{start}{}", "z".repeat(missing));
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// The text with an ellipsis in place of the secret of everything in it that has the form of a full key, whatever its brand
/// and check: people put keys into paths and clients' names by mistake, and those are logged and shown.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    const TAIL: usize = SECRET_LENGTH + CHECK_LENGTH;
    let bytes = text.as_bytes();
    let digits = |from: usize, count: usize| {
        (bytes.get(from..from + count))
            .is_some_and(|part| part.iter().copied().all(base62::is_digit))
    };
    let is_key_at = |at: usize| {
        bytes[at] == b'_'
            && digits(at + 1, ID_LENGTH)
            && bytes.get(at + 1 + ID_LENGTH) == Some(&b'_')
            && digits(at + 2 + ID_LENGTH, TAIL)
    };
    if bytes.len() <= ID_LENGTH + TAIL || !(0..bytes.len()).any(is_key_at) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for at in 0..bytes.len() {
        if at >= from && is_key_at(at) {
            let secret = at + 2 + ID_LENGTH;
            kept.push_str(&text[from..secret]);
            kept.push('…');
            from = secret + TAIL;
        }
    }
    kept.push_str(&text[from..]);
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn key_of(brand: &str) -> String {
        let mut rng = StdRng::seed_from_u64(11);
        let id = ApiKeyId::random(&mut rng);
        FullKey::generate(&brand.parse().unwrap(), id, &mut rng)
            .reveal()
            .to_owned()
    }

    fn parse(raw: impl AsRef<[u8]>) -> Result<PresentedKey, Malformed> {
        let brands = [Brand::default(), "ari_k".parse().unwrap()];
        PresentedKey::parse(raw.as_ref(), brands.iter())
    }

    #[test]
    fn a_key_has_52_characters_that_a_double_click_selects() {
        let key = key_of("kp");
        assert_eq!(key.len(), 52);
        assert!(key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    }

    #[test]
    fn a_generated_key_is_well_formed_and_names_its_id() {
        for brand in ["kp", "ari_k"] {
            let key = key_of(brand);
            let presented = parse(&key).unwrap();
            assert!(key.starts_with(&prefix(brand, presented.id)));
        }
    }

    #[test]
    fn the_check_is_the_crc_32_of_png() {
        // The check value of CRC-32/ISO-HDLC for "123456789" is 0xCBF43926.
        assert_eq!(
            base62::decode(check(b"123456789").as_str()),
            Some(0xCBF4_3926)
        );
    }

    #[test]
    fn outer_spaces_are_trimmed_and_inner_ones_are_not() {
        let key = key_of("kp");
        assert!(parse(format!("  {key}\t")).is_ok());
        assert!(parse(key.replacen('_', "_ ", 1)).is_err());
    }

    #[test]
    fn every_single_wrong_character_is_noticed() {
        let key = key_of("kp");
        for at in 0..key.len() {
            let mut wrong = key.clone().into_bytes();
            wrong[at] = if wrong[at] == b'a' { b'b' } else { b'a' };
            assert!(parse(&wrong).is_err(), "at {at}");
        }
    }

    #[test]
    fn what_is_no_key_is_malformed() {
        let key = key_of("kp");
        let cases: Vec<Vec<u8>> = vec![
            Vec::new(),
            b"kp".to_vec(),
            key[..51].into(),
            key_of("xx").into(),
            format!("{key}x").into(),
            "k".repeat(10_240).into(),
            vec![0xff; 52],
            "kp_é".repeat(11).into(),
            "_".repeat(52).into(),
        ];
        for case in cases {
            assert!(parse(&case).is_err(), "{}", String::from_utf8_lossy(&case));
        }
    }

    #[test]
    fn nothing_prints_the_secret() {
        let key = key_of("kp");
        let printed = format!("{:?}", parse(&key).unwrap());
        assert!(!printed.contains(&key[14..]));
    }

    #[test]
    fn the_secrets_of_keys_in_a_text_are_left_out() {
        let (one, two) = (key_of("kp"), key_of("ari_k"));
        let text = format!("/v1/{one}/x?{two}é");
        let kept = without_secrets(&text);
        assert_eq!(kept, format!("/v1/{}…/x?{}…é", &one[..14], &two[..17]));
        for plain in ["/v1/invoices", "", "_", &one[..51], "curl/8.14 (é)"] {
            assert!(matches!(without_secrets(plain), Cow::Borrowed(kept) if kept == plain));
        }
    }

    #[test]
    fn brands_follow_the_rule() {
        for brand in ["kp", "ari_k", "a", "abcdefghij_12345"] {
            assert!(brand.parse::<Brand>().is_ok(), "{brand}");
        }
        for brand in ["", "1a", "_a", "A", "a-b", "abcdefghij_123456"] {
            assert_eq!(brand.parse::<Brand>(), Err(BadBrand), "{brand}");
        }
    }

    #[test]
    fn a_prefix_being_typed_finds_its_ids() {
        let id: ApiKeyId = "Qa9mEj2rXn".parse().unwrap();
        for typed in ["Qa9", "kp_Qa9", "ari_k_Qa9mEj2rXn"] {
            let (first, last) = ids_beginning_with(typed).unwrap();
            assert!((first..=last).contains(&id), "{typed}");
        }
        assert_eq!(ids_beginning_with("kp_"), None);
        assert_eq!(ids_beginning_with("CI deploy"), None);
    }
}
