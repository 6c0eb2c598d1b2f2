//! A provider key as it is entered, as it lies in the database, and the way from one to the other.

use crate::crypto::instance_secret::InstanceSecrets;
use crate::crypto::random::system_rng;
use crate::crypto::seal::{self, Binding};
use crate::ids::{AccountId, ProviderKeyId};
use crate::secret::Secret;
use crate::store::provider_keys::{self as rows, ProviderKeyRow};
use crate::store::{Db, StoreError};

/// The longest key, in bytes. Those of providers have some 50 to 200.
const MOST_BYTES: usize = 4096;
/// A key is shown in part if so many of its bytes stay hidden at least.
const HIDDEN_BYTES: usize = 8;
/// Bytes that are shown at each end.
const SHOWN_BYTES: usize = 4;

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProviderKey {
    /// There is nothing.
    #[error("Enter the key.")]
    Empty,
    /// More than one line or word.
    #[error("Enter the key alone, without spaces and line ends in it.")]
    Spaces,
    /// Characters that no header can hold.
    #[error("Enter the key as the provider shows it: letters, digits and signs only.")]
    Characters,
    /// More than 4,096 bytes.
    #[error("Enter a key of at most 4,096 characters.")]
    Long,
}

/// A key that someone has entered. Cannot be printed, and is wiped when it is no longer needed.
#[derive(Clone, Debug)]
pub struct NewProviderKey(Secret<String>);

impl NewProviderKey {
    /// Reads it. Spaces and line ends around it, which come with copying, do not count.
    ///
    /// # Errors
    /// If it is empty, too long, or has characters that no header can hold.
    pub fn parse(text: &Secret<String>) -> Result<Self, BadProviderKey> {
        let key = text.expose().trim();
        if key.is_empty() {
            return Err(BadProviderKey::Empty);
        }
        if key.len() > MOST_BYTES {
            return Err(BadProviderKey::Long);
        }
        if key.chars().any(char::is_whitespace) {
            return Err(BadProviderKey::Spaces);
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadProviderKey::Characters);
        }
        Ok(Self(Secret::new(key.to_owned())))
    }

    /// The key, for the call that checks it.
    pub fn secret(&self) -> &Secret<String> {
        &self.0
    }

    /// What is shown of it: the first 4 and the last 4 characters. Nothing of a short one, since too little would be left.
    pub fn hint(&self) -> String {
        let key = self.0.expose();
        if key.len() < 2 * SHOWN_BYTES + HIDDEN_BYTES {
            return String::new();
        }
        let (first, last) = (&key[..SHOWN_BYTES], &key[key.len() - SHOWN_BYTES..]);
        format!("{first}…{last}")
    }

    pub(super) fn seal(
        &self,
        secrets: &InstanceSecrets,
        account_id: Option<AccountId>,
        provider: &str,
        id: ProviderKeyId,
    ) -> Vec<u8> {
        let row = row_words(account_id, provider, id);
        let plain = self.0.expose().as_bytes();
        seal::seal(secrets, &mut system_rng(), binding(&row), plain)
    }
}

/// Opens the key of a row. `None` if its secret is gone, or it is not what was sealed for this row.
pub(super) fn open(secrets: &InstanceSecrets, row: &ProviderKeyRow) -> Option<Secret<String>> {
    let words = row_words(row.account_id, &row.provider, row.id);
    let plain = seal::open(secrets, binding(&words), &row.sealed).ok()?;
    let text = std::str::from_utf8(&plain).ok()?;
    Some(Secret::new(text.to_owned()))
}

/// Seals keys anew that were sealed under an older instance secret, `limit` at most; how many.
///
/// # Errors
/// If the database fails.
pub fn seal_anew(db: &mut Db, secrets: &InstanceSecrets, limit: i64) -> Result<usize, StoreError> {
    let current = seal::header(secrets.current_id());
    let mut moved = 0;
    for row in rows::list_sealed_elsewhere(db, &current, limit)? {
        // What its secret has left behind stays as it is: the pages say so.
        let Some(key) = open(secrets, &row) else {
            continue;
        };
        let new = NewProviderKey(key).seal(secrets, row.account_id, &row.provider, row.id);
        rows::set_sealed(db, row.id, &row.sealed, &new)?;
        moved += 1;
    }
    Ok(moved)
}

/// Whose row it is: copied to another account, provider or key, it does not open.
fn row_words(account_id: Option<AccountId>, provider: &str, id: ProviderKeyId) -> String {
    let owner = account_id.map_or_else(|| "instance".to_owned(), |id| id.to_string());
    format!("{owner}/{provider}/{id}")
}

fn binding(row: &str) -> Binding<'_> {
    Binding {
        kind: "provider key",
        row,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    fn key(text: &str) -> Result<NewProviderKey, BadProviderKey> {
        NewProviderKey::parse(&Secret::new(text.to_owned()))
    }

    #[test]
    fn a_key_is_taken_without_what_is_around_it() {
        let parsed = key("  sk-ant-api03-abc\r\n").unwrap();
        assert_eq!(parsed.secret().expose(), "sk-ant-api03-abc");
        assert!(!format!("{parsed:?}").contains("sk-"));
        assert!(key(&"a".repeat(4096)).is_ok());
    }

    #[test]
    fn what_no_header_can_hold_is_refused() {
        for (text, problem) in [
            ("", BadProviderKey::Empty),
            (" \n ", BadProviderKey::Empty),
            ("sk ant", BadProviderKey::Spaces),
            ("sk-1\r\nx-admin: 1", BadProviderKey::Spaces),
            ("sk-\u{a0}x", BadProviderKey::Spaces),
            ("sk-é", BadProviderKey::Characters),
            ("sk-\u{0}", BadProviderKey::Characters),
            ("sk-\u{7f}", BadProviderKey::Characters),
        ] {
            assert_eq!(key(text).unwrap_err(), problem, "{text:?}");
        }
        assert_eq!(key(&"a".repeat(10_240)).unwrap_err(), BadProviderKey::Long);
    }

    #[test]
    fn four_characters_are_shown_at_each_end_and_nothing_of_a_short_key() {
        let hint = |text: &str| key(text).unwrap().hint();
        assert_eq!(hint("sk-proj-abcdefghw3Fq"), "sk-p…w3Fq");
        assert_eq!(hint("0123456789abcdef"), "0123…cdef");
        assert_eq!(hint("0123456789abcde"), "");
        assert_eq!(hint("a"), "");
    }

    #[test]
    fn a_key_opens_in_its_row_and_in_no_other() {
        let text = Secret::new("a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned());
        let secrets = InstanceSecrets::parse(&text).unwrap();
        let rng = &mut StdRng::seed_from_u64(1);
        let [mine, other] = [AccountId::random(rng), AccountId::random(rng)];
        let [id, other_id] = [ProviderKeyId::random(rng), ProviderKeyId::random(rng)];
        let new = key("sk-proj-abcdefghw3Fq").unwrap();
        let row = ProviderKeyRow {
            id,
            account_id: Some(mine),
            provider: "openai".to_owned(),
            place: rows::CURRENT.to_owned(),
            sealed: new.seal(&secrets, Some(mine), "openai", id),
            hint: new.hint(),
            checked_at: None,
            refused_status: None,
            refused_words: None,
            refused_since: None,
            created_at: crate::clock::Timestamp::from_millis(0),
            last_used_at: None,
        };
        let opens = |row: &ProviderKeyRow| open(&secrets, row).is_some();
        assert_eq!(open(&secrets, &row).as_ref(), Some(new.secret()));
        let elsewhere = [
            ProviderKeyRow {
                account_id: Some(other),
                ..row.clone()
            },
            ProviderKeyRow {
                account_id: None,
                ..row.clone()
            },
            ProviderKeyRow {
                provider: "anthropic".to_owned(),
                ..row.clone()
            },
            ProviderKeyRow {
                id: other_id,
                ..row.clone()
            },
        ];
        assert!(!elsewhere.iter().any(opens));
        // Its place is not sealed: a pending one becomes the current one as it is.
        assert!(opens(&ProviderKeyRow {
            place: rows::PENDING.to_owned(),
            ..row
        }));
    }
}
