//! Passwords to Argon2id strings and back to a yes or no.
//!
//! Parameters are OWASP's (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane. The PHC string carries
//! them, so raising them later upgrades each hash at its owner's next sign-in.

use std::sync::LazyLock;

use argon2::password_hash::{self, PasswordHasher, PasswordVerifier, phc};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::{CryptoRng, RngExt};

use crate::secret::Secret;

/// A stored password: an Argon2id string in PHC form. Not printable, since it invites guessing offline.
#[derive(Clone)]
pub struct PasswordHash(Secret<String>);

impl PasswordHash {
    /// Takes a hash as it came from the database.
    pub fn from_stored(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The PHC string, for the database.
    pub fn as_stored(&self) -> &str {
        self.0.expose()
    }
}

/// Hashes a password under a new random salt. Takes 15 to 20 ms of CPU and 19 MiB: never on an async thread.
pub fn hash(password: &Secret<String>, rng: &mut impl CryptoRng) -> PasswordHash {
    let mut salt = [0u8; 16];
    rng.fill(&mut salt);
    hash_with_salt(password.expose(), &salt)
}

/// True if `password` is the one that `stored` was made from; as slow as [`hash`]. `None` stands for an
/// account that does not exist or has no password: the same work is done, and the answer is no.
pub fn verify(password: &Secret<String>, stored: Option<&PasswordHash>) -> bool {
    static NOBODY: LazyLock<PasswordHash> =
        LazyLock::new(|| hash_with_salt("nobody has this password", &[0; 16]));
    let stored_text = stored.unwrap_or(&NOBODY).as_stored();
    let matches = phc::PasswordHash::new(stored_text).is_ok_and(|parsed| {
        argon2()
            .verify_password(password.expose().as_bytes(), &parsed)
            .is_ok()
    });
    matches && stored.is_some()
}

/// True if the hash was made with other parameters than today's.
pub fn is_outdated(stored: &PasswordHash) -> bool {
    let Ok(parsed) = phc::PasswordHash::new(stored.as_stored()) else {
        return false;
    };
    let today = argon2();
    let same = parsed.algorithm == Algorithm::Argon2id.ident()
        && Params::try_from(&parsed).is_ok_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost())
                == (
                    today.params().m_cost(),
                    today.params().t_cost(),
                    today.params().p_cost(),
                )
        });
    !same
}

/// Makes the hash that stands in for unknown accounts, so that the first such sign-in is not slower than others.
pub fn prepare() {
    verify(&Secret::new(String::new()), None);
}

fn hash_with_salt(password: &str, salt: &[u8]) -> PasswordHash {
    let hashed: password_hash::Result<phc::PasswordHash> =
        argon2().hash_password_with_salt(password.as_bytes(), salt);
    let hashed = hashed.expect("Argon2 accepts a 16-byte salt and any password of up to 4 GiB");
    PasswordHash(Secret::new(hashed.to_string()))
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("OWASP's parameters are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn the_right_password_is_accepted_and_others_are_not() {
        let stored = hash(&secret("correct horse"), &mut StdRng::seed_from_u64(1));
        assert!(verify(&secret("correct horse"), Some(&stored)));
        assert!(!verify(&secret("correct horsf"), Some(&stored)));
        assert!(!verify(&secret(""), Some(&stored)));
    }

    #[test]
    fn the_stored_form_names_owasps_parameters() {
        let stored = hash(&secret("correct horse"), &mut StdRng::seed_from_u64(1));
        assert!(
            stored
                .as_stored()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
    }

    #[test]
    fn a_hash_with_other_parameters_is_outdated_and_still_verifies() {
        let today = hash(&secret("correct horse"), &mut StdRng::seed_from_u64(1));
        assert!(!is_outdated(&today));
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8, 1, 1, None).unwrap(),
        );
        let old: phc::PasswordHash = weak
            .hash_password_with_salt(b"correct horse", &[7; 16])
            .unwrap();
        let old = PasswordHash::from_stored(old.to_string());
        assert!(is_outdated(&old));
        assert!(verify(&secret("correct horse"), Some(&old)));
    }

    #[test]
    fn nobody_signs_in_with_the_stand_in_or_a_damaged_hash() {
        assert!(!verify(&secret("nobody has this password"), None));
        let damaged = PasswordHash::from_stored("$argon2id$v=19$".to_owned());
        assert!(!verify(&secret("x"), Some(&damaged)));
    }
}
