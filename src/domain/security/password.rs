//! Which passwords are taken, and the worker that hashes them off the async threads, a bounded number at once.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use rand::CryptoRng;
use tokio::sync::Semaphore;

use crate::crypto::password::{self, PasswordHash};
use crate::crypto::random::system_rng;
use crate::secret::Secret;

/// Fewest characters of a password (NIST SP 800-63B-4, section 3.1.1.2).
const MIN_CHARS: usize = 8;
/// Most characters of a password.
const MAX_CHARS: usize = 256;

/// The most common passwords of at least eight characters, in lower case, one a line.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Why a password is not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Fewer than 8 characters.
    #[error("a password has at least 8 characters")]
    TooShort,
    /// More than 256 characters.
    #[error("a password has at most 256 characters")]
    TooLong,
    /// On the list of common passwords, in any case, or nothing but spaces.
    #[error("the password is on the list of common ones")]
    Common,
    /// The address of its account, in any case.
    #[error("the password is the account's address")]
    Address,
}

/// A password that may be set.
#[derive(Clone, Debug)]
pub struct NewPassword(Secret<String>);

impl NewPassword {
    /// Accepts any 8 to 256 characters that are not a common password. Nothing is trimmed or cut.
    ///
    /// # Errors
    /// If it is too short, too long or common.
    pub fn parse(text: Secret<String>) -> Result<Self, BadPassword> {
        let length = text.expose().chars().count();
        if length < MIN_CHARS {
            return Err(BadPassword::TooShort);
        }
        if length > MAX_CHARS {
            return Err(BadPassword::TooLong);
        }
        let is_blank = text.expose().trim().is_empty();
        if is_blank || COMMON.contains(text.expose().to_lowercase().as_str()) {
            return Err(BadPassword::Common);
        }
        Ok(Self(text))
    }

    /// The same password, for the account with this address.
    ///
    /// # Errors
    /// If it is that address.
    pub fn for_account(self, email: &str) -> Result<Self, BadPassword> {
        if self.0.expose().trim().to_lowercase() == email.to_lowercase() {
            return Err(BadPassword::Address);
        }
        Ok(self)
    }

    /// Hashes it on this thread, which takes 15 to 20 ms: for commands. Requests use a [`PasswordWorker`].
    pub fn hash(&self, rng: &mut impl CryptoRng) -> PasswordHash {
        password::hash(&self.0, rng)
    }
}

/// Too many passwords are waiting to be hashed.
#[derive(Debug, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct TooBusy;

/// Hashes passwords on blocking threads: half the cores at most, so that verification never waits behind sign-ins.
#[derive(Clone)]
pub struct PasswordWorker {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// How a password was found.
pub struct Checked {
    /// True if it is the stored one.
    pub matches: bool,
    /// To be stored in place of the old one.
    pub new_hash: Option<PasswordHash>,
}

/// How many may wait for their turn; at 20 ms each the last one waits some seconds.
const MAX_WAITING: usize = 200;

impl PasswordWorker {
    /// A worker for a machine with this many cores.
    pub fn new(cores: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new((cores / 2).max(1))),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
        }
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// If too many are waiting.
    pub async fn hash(&self, password: NewPassword) -> Result<PasswordHash, TooBusy> {
        self.run(move || password.hash(&mut system_rng())).await
    }

    /// True if the password is the stored one; takes as long when there is none.
    ///
    /// # Errors
    /// If too many are waiting.
    pub async fn verify(
        &self,
        password: Secret<String>,
        stored: Option<PasswordHash>,
    ) -> Result<bool, TooBusy> {
        self.run(move || password::verify(&password, stored.as_ref()))
            .await
    }

    /// [`PasswordWorker::verify`], and a new hash of the password if it is right and the stored one was made with other
    /// parameters than today's.
    ///
    /// # Errors
    /// If too many are waiting.
    pub async fn check(
        &self,
        password: Secret<String>,
        stored: Option<PasswordHash>,
    ) -> Result<Checked, TooBusy> {
        self.run(move || {
            let matches = password::verify(&password, stored.as_ref());
            let is_outdated = stored.as_ref().is_some_and(password::is_outdated);
            Checked {
                matches,
                new_hash: (matches && is_outdated)
                    .then(|| password::hash(&password, &mut system_rng())),
            }
        })
        .await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where hashing leaves the async threads"
    )]
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, TooBusy> {
        let place = self.waiting.clone().try_acquire_owned().or(Err(TooBusy))?;
        let turn = self
            .running
            .clone()
            .acquire_owned()
            .await
            .or(Err(TooBusy))?;
        let worked = tokio::task::spawn_blocking(move || {
            // Both are held until the work is done, even if the client has gone meanwhile.
            let _held = (place, turn);
            work()
        });
        worked.await.or(Err(TooBusy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<NewPassword, BadPassword> {
        NewPassword::parse(Secret::new(text.to_owned()))
    }

    #[test]
    fn eight_to_256_characters_of_any_kind_are_taken() {
        for text in [
            "eight ch",
            "äöäöäöäö",
            "  spaces around  ",
            &"x1".repeat(128),
        ] {
            assert!(parse(text).is_ok(), "{text:?}");
        }
        assert_eq!(parse("seven77").err(), Some(BadPassword::TooShort));
        assert_eq!(parse(&"x".repeat(257)).err(), Some(BadPassword::TooLong));
    }

    #[test]
    fn common_passwords_are_refused_in_any_case() {
        for text in [
            "password",
            "PassWord1",
            "12345678",
            "iloveyou",
            "qwertyuiop",
            "          ",
            "    \u{a0}\u{a0}\u{a0}\u{a0}",
        ] {
            assert_eq!(parse(text).err(), Some(BadPassword::Common), "{text:?}");
        }
    }

    #[test]
    fn an_account_s_own_address_is_no_password() {
        let own =
            |text: &str| parse(text).and_then(|password| password.for_account("maren@example.com"));
        assert_eq!(own("Maren@Example.com ").err(), Some(BadPassword::Address));
        assert!(own("maren@example.org").is_ok());
    }

    #[test]
    fn the_list_has_the_thousands_that_asvs_asks_for() {
        assert!(COMMON.len() >= 3000);
        assert!(COMMON.iter().all(|line| line.chars().count() >= MIN_CHARS));
    }
}
