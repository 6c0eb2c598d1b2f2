//! The secret that a set-up page offers. Until its first code was right it is nowhere but on that page: as QR code and
//! text for the app, and sealed, bound to account and time, in the form that brings it back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::crypto::seal::{self, Binding};
use crate::crypto::totp::Totp;
use crate::ids::AccountId;

/// How long a set-up page can be used.
const LIFE: TimeDelta = TimeDelta::hours(1);
/// Bytes of the time in front of the secret.
const TIME_BYTES: usize = 8;
/// In place of a time: there is no secret before.
const NOTHING: i64 = i64::MIN;

/// A secret that is being set up.
pub struct SetUp {
    totp: Totp,
    replaces: Option<Timestamp>,
    sealed: String,
}

impl SetUp {
    /// A new secret for the account, to take the place of the one that was confirmed at this time, if there is one.
    pub fn new(
        secrets: &InstanceSecrets,
        rng: &mut impl CryptoRng,
        account_id: AccountId,
        now: Timestamp,
        replaces: Option<Timestamp>,
    ) -> Self {
        let totp = Totp::random(rng);
        let mut plain = Zeroizing::new(now.as_millis().to_be_bytes().to_vec());
        let replaced = replaces.map_or(NOTHING, Timestamp::as_millis);
        plain.extend_from_slice(&replaced.to_be_bytes());
        plain.extend_from_slice(totp.as_bytes());
        let id = account_id.to_string();
        let sealed = seal::seal(secrets, rng, binding(&id), &plain);
        Self {
            totp,
            replaces,
            sealed: URL_SAFE_NO_PAD.encode(sealed),
        }
    }

    /// The secret of a form that came back; `None` if it is another account's, altered, or older than an hour.
    pub fn open(
        secrets: &InstanceSecrets,
        account_id: AccountId,
        now: Timestamp,
        sealed: &str,
    ) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let id = account_id.to_string();
        let plain = seal::open(secrets, binding(&id), &bytes).ok()?;
        let (time, rest) = plain.split_first_chunk::<TIME_BYTES>()?;
        let (replaced, secret) = rest.split_first_chunk::<TIME_BYTES>()?;
        let replaced = i64::from_be_bytes(*replaced);
        let made_at = Timestamp::from_millis(i64::from_be_bytes(*time));
        (made_at <= now && now < made_at + LIFE).then(|| Self {
            totp: Totp::from_bytes(secret),
            replaces: (replaced != NOTHING).then(|| Timestamp::from_millis(replaced)),
            sealed: sealed.to_owned(),
        })
    }

    /// The secret, for the page.
    pub fn totp(&self) -> &Totp {
        &self.totp
    }

    /// When the secret was confirmed whose place it takes, if there was one.
    pub(super) fn replaces(&self) -> Option<Timestamp> {
        self.replaces
    }

    /// The secret sealed, for the form.
    pub fn sealed(&self) -> &str {
        &self.sealed
    }

    /// No two set-ups are sealed alike, so the form is known by it.
    pub(super) fn form_id(&self) -> &str {
        &self.sealed
    }
}

fn binding(account_id: &str) -> Binding<'_> {
    Binding {
        kind: "totp set-up",
        row: account_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[test]
    fn it_comes_back_within_an_hour_and_only_to_its_account() {
        let text = "a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let secrets = InstanceSecrets::parse(&Secret::new(text.to_owned())).unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let [mine, other] = [AccountId::random(&mut rng), AccountId::random(&mut rng)];
        let now = Timestamp::from_millis(1_000_000_000_000);
        let set_up = SetUp::new(&secrets, &mut rng, mine, now, Some(now));
        let open = |id, at| SetUp::open(&secrets, id, at, set_up.sealed());
        let last = now + LIFE - TimeDelta::milliseconds(1);
        assert_eq!(
            open(mine, last).unwrap().totp().as_bytes(),
            set_up.totp().as_bytes()
        );
        assert_eq!(open(mine, last).unwrap().replaces(), Some(now));
        assert!(open(mine, now + LIFE).is_none());
        assert!(open(mine, now - TimeDelta::milliseconds(1)).is_none());
        assert!(open(other, now).is_none());
        assert!(SetUp::open(&secrets, mine, now, "").is_none());
    }
}
