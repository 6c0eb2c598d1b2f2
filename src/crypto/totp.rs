//! Codes of authenticator apps (RFC 6238): SHA-1, six digits, a new one every 30 seconds. The instant is handed in.

use rand::{CryptoRng, RngExt as _};
use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

/// Bytes of a secret: 160 bits, as RFC 4226, section 4, recommends.
pub const SECRET_BYTES: usize = 20;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// How long a code is shown (RFC 6238, section 5.2).
const STEP_SECONDS: i64 = 30;
/// Steps before and after the present one whose codes are accepted, for clocks that differ and codes that are typed
/// slowly (RFC 6238, section 5.2).
const SKEW_STEPS: i64 = 1;
/// Steps before those whose codes are recognised, to say that they are old: ten minutes.
const REMEMBERED_STEPS: i64 = 20;

/// The secret of an authenticator app.
#[derive(Clone)]
pub struct Totp(totp_rs::Totp);

/// A code that fits the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is the code of this step, which is near enough to the present one.
    Fresh(i64),
    /// It was the code of this step, some minutes ago.
    Old(i64),
}

impl Totp {
    /// A new secret.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0u8; SECRET_BYTES]);
        rng.fill(bytes.as_mut_slice());
        Self::from_bytes(bytes.as_slice())
    }

    /// A secret that was made before.
    pub fn from_bytes(secret: &[u8]) -> Self {
        Self(builder(secret).build_noncompliant())
    }

    /// The secret, to seal it.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.secret().as_bytes()
    }

    /// Which step's code this is at `second` since 1970. Of several (one in some hundred thousand), the latest that is
    /// fresh; `None` if it is no code of the last minutes.
    pub fn find(&self, code: &str, second: i64) -> Option<Match> {
        let present = step_at(second);
        let is_code_of = |step: &i64| {
            u64::try_from(step * STEP_SECONDS)
                .is_ok_and(|second| self.0.check(code, second).is_some())
        };
        let mut fresh = (present - SKEW_STEPS..=present + SKEW_STEPS).rev();
        if let Some(step) = fresh.find(is_code_of) {
            return Some(Match::Fresh(step));
        }
        let mut old = (present - SKEW_STEPS - REMEMBERED_STEPS..present - SKEW_STEPS).rev();
        old.find(is_code_of).map(Match::Old)
    }

    /// The code at `second` since 1970, as the app shows it.
    pub fn code_at(&self, second: i64) -> String {
        let second = u64::try_from(second).unwrap_or_default();
        self.0.generate(second).to_string()
    }

    /// The secret as people type it: base32 (RFC 4648).
    pub fn base32(&self) -> String {
        self.0.secret().to_base32()
    }

    /// What the app reads from the QR code (Google Authenticator's "Key Uri Format"). Colons part the issuer from the
    /// account there, so they are replaced.
    pub fn url(&self, issuer: &str, account: &str) -> String {
        builder(self.as_bytes())
            .with_issuer(Some(issuer.replace(':', "-")))
            .with_account_name(account.replace(':', "-"))
            .build_noncompliant()
            .to_url()
            .expect("issuer and account hold no colon")
    }
}

fn builder(secret: &[u8]) -> Builder {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_secret(secret)
        // Which steps are accepted is decided here, one by one.
        .with_skew(0)
}

/// The step of an instant: its number since 1970.
fn step_at(second: i64) -> i64 {
    second.div_euclid(STEP_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;
    use totp_lite::Sha1;

    /// RFC 6238, appendix B: the secret of its SHA-1 rows.
    const RFC_SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_agree_with_rfc_6238_appendix_b() {
        // The table has eight digits; a code of six is their end (RFC 4226, section 5.3).
        for (second, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let totp = Totp::from_bytes(RFC_SECRET);
            assert_eq!(totp.code_at(second), code[2..], "{second}");
            assert_eq!(
                totp.find(&code[2..], second),
                Some(Match::Fresh(second / 30))
            );
        }
    }

    #[test]
    fn codes_agree_with_another_implementation() {
        let mut rng = StdRng::seed_from_u64(5);
        for _ in 0..200 {
            let totp = Totp::random(&mut rng);
            let second = rng.random_range(0..4_000_000_000u64);
            let other = totp_lite::totp_custom::<Sha1>(30, 6, totp.as_bytes(), second);
            assert_eq!(totp.code_at(second.cast_signed()), other);
        }
    }

    #[test]
    fn a_code_is_fresh_for_one_step_around_its_own_and_then_old() {
        let totp = Totp::from_bytes(RFC_SECRET);
        let step = 40_000_000;
        let code = totp.code_at(step * 30);
        for (second, expected) in [
            (step * 30 - 31, None),
            (step * 30 - 30, Some(Match::Fresh(step))),
            (step * 30 + 59, Some(Match::Fresh(step))),
            (step * 30 + 60, Some(Match::Old(step))),
            (step * 30 + 600, Some(Match::Old(step))),
            (step * 30 + 700, None),
        ] {
            assert_eq!(totp.find(&code, second), expected, "{second}");
        }
    }

    #[test]
    fn what_is_no_code_fits_nothing() {
        let totp = Totp::from_bytes(RFC_SECRET);
        for code in ["", "12345", "1234567", "+12345", "12345a", "１２３４５６"] {
            assert_eq!(totp.find(code, 59), None, "{code:?}");
        }
    }

    #[test]
    fn the_url_names_issuer_account_and_secret() {
        let totp = Totp::from_bytes(RFC_SECRET);
        assert_eq!(
            totp.url("keys.example", "maren@example.com"),
            "otpauth://totp/keys.example:maren%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=keys.example"
        );
        assert_eq!(totp.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
