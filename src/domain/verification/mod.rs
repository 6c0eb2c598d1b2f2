//! From a presented key to a verdict. Pages, the API, `/auth` and `/api/v1/verify` all go through [`Verifier::verify`].
//!
//! 1. The key is parsed: what is malformed costs no query.
//! 2. The worker's questions of this turn go to the verifier thread as one batch ([`gatherer`]).
//! 3. The thread confirms with the database what it remembers, fetches what it does not, and answers ([`engine`]).
//! 4. [`judge`] makes the verdict of the record, the time, the address and the scopes, in the documented order.
//! 5. Whatever else would be accepted is counted against the key's rate limit ([`limits`]).

pub mod engine;
pub mod figures;
pub mod gatherer;
pub mod limits;
mod memory;
pub mod moves;
pub mod record;

use std::net::IpAddr;
use std::sync::Arc;

use self::engine::Unverifiable;
use self::gatherer::Gatherer;
use self::limits::{RateLimiter, RateState};
use self::record::{Found, KeyRecord, SecretMatch};
use super::api_keys::key_string::PresentedKey;
use super::api_keys::policy::KeyPolicy;
use super::api_keys::scopes::needs_operator;
use crate::clock::{SharedClock, Timestamp};
use crate::domain::integrations::limits::{Call, Outside};
use crate::ids::ApiKeyId;
use crate::store::verification as rows;
use crate::store::{Db, StoreError};

pub use crate::store::verification::Epoch;

/// A key that was accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The key, with its owner.
    pub key: Arc<KeyRecord>,
    /// How it stands to its rate limit, if it has one.
    pub rate: Option<RateState>,
}

/// Why a key was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Malformed, an unknown id, or a wrong secret. They are not told apart.
    Invalid,
    /// Its owner may do nothing at present.
    OwnerDisabled,
    /// Someone ended it at this time.
    Deactivated(Timestamp),
    /// It ended by itself at this time.
    Expired(Timestamp),
    /// The key has another secret now; this one stopped working at this time.
    ReplacedSecret(Timestamp),
    /// It may not be used from this address; `None` for an address that is not known for sure.
    AddressNotAllowed(Option<IpAddr>),
    /// It may not be used for this scope.
    MissingScope(String),
    /// It may be used for calls of providers, but not for this one.
    OutsideLimits(Outside),
    /// It has this scope, but its owner no longer has the authority that the scope needs.
    NoAuthority(String),
    /// It has made as many requests as it may.
    RateLimited(RateState),
}

/// The answer to a presented key.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The key that is meant, also if it was refused; `None` if the presented text names none.
    pub key: Option<Arc<KeyRecord>>,
    /// What the presented secret is to that key.
    pub secret: SecretMatch,
    /// When it was judged.
    pub at: Timestamp,
    /// Where the database was when the key's record was confirmed. What was read at this very epoch, or after it and before
    /// the next, is what the database held while the request was under way.
    pub confirmed: Option<Epoch>,
    /// Yes, with the state of the rate limit, or no.
    pub outcome: Result<Option<RateState>, Refusal>,
}

impl Verdict {
    /// Yes, or why not.
    ///
    /// # Errors
    /// The refusal.
    pub fn into_result(self) -> Result<Accepted, Refusal> {
        match (self.outcome, self.key) {
            (Ok(rate), Some(key)) => Ok(Accepted { key, rate }),
            (Ok(_), None) => Err(Refusal::Invalid),
            (Err(refusal), _) => Err(refusal),
        }
    }
}

/// What a key is asked to be good for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Need<'a> {
    /// All of these scopes.
    pub scopes: &'a [&'a str],
    /// The client's address; `None` if it is not known for sure.
    pub address: Option<IpAddr>,
    /// A call of a provider.
    pub call: Option<Call<'a>>,
    /// True if the request is refused whatever the verdict is: then it does not use up the rate limit.
    pub is_refused: bool,
}

/// Gives verdicts. One for each worker; stays on its thread.
#[derive(Clone)]
pub struct Verifier {
    gatherer: Gatherer,
    policy: Arc<KeyPolicy>,
    limiter: RateLimiter,
    clock: SharedClock,
}

impl Verifier {
    /// For one worker.
    pub fn new(
        gatherer: Gatherer,
        policy: Arc<KeyPolicy>,
        limiter: RateLimiter,
        clock: SharedClock,
    ) -> Self {
        Self {
            gatherer,
            policy,
            limiter,
            clock,
        }
    }

    /// Makes sure that keys can be judged now: the verifier looks at the database, as for a key.
    ///
    /// # Errors
    /// If the database cannot be asked.
    pub async fn confirm(&self) -> Result<(), Unverifiable> {
        self.gatherer.confirm().await
    }

    /// Judges a presented key, as its bytes came.
    ///
    /// # Errors
    /// If the database cannot be asked: that is neither a yes nor a no.
    pub async fn verify(&self, presented: &[u8], need: Need<'_>) -> Result<Verdict, Unverifiable> {
        let Ok(presented) = self.policy.parse(presented) else {
            return Ok(self.no_key());
        };
        let found = self.gatherer.look_up(presented).await?;
        let Some(Found {
            record,
            secret,
            confirmed,
        }) = found
        else {
            return Ok(self.no_key());
        };
        // Asked for only now: a key that expires while the database is slow is expired.
        let at = self.clock.now();
        let outcome = match judge(&record, secret, at, need) {
            Some(refusal) => Err(refusal),
            None => match record.rate_limit {
                Some(limit) if !need.is_refused => (self.limiter.take(record.id, limit, at).await)
                    .map(Some)
                    .map_err(Refusal::RateLimited),
                _ => Ok(None),
            },
        };
        Ok(Verdict {
            key: Some(record),
            secret,
            at,
            confirmed,
            outcome,
        })
    }

    fn no_key(&self) -> Verdict {
        Verdict {
            key: None,
            secret: SecretMatch::Wrong,
            at: self.clock.now(),
            confirmed: None,
            outcome: Err(Refusal::Invalid),
        }
    }
}

/// What a key would be answered now if it were asked for each of these scopes from this address; `None` for yes, as far
/// as its rate limit allows. For people who want to know why: nothing is counted.
///
/// # Errors
/// If the database fails.
pub fn explain(
    db: &mut Db,
    policy: &KeyPolicy,
    id: ApiKeyId,
    now: Timestamp,
    scopes: &[String],
    address: Option<IpAddr>,
) -> Result<Vec<Option<Refusal>>, StoreError> {
    let Some(row) = rows::read_key(db, id)? else {
        return Ok(scopes.iter().map(|_| Some(Refusal::Invalid)).collect());
    };
    let (record, _) = KeyRecord::of(row, &policy.secrets);
    let answer = |scope: &String| {
        let need = Need {
            scopes: &[scope.as_str()],
            address,
            ..Need::default()
        };
        judge(&record, SecretMatch::Current, now, need)
    };
    Ok(scopes.iter().map(answer).collect())
}

/// The key whose true secret this is or once was; `None` if it is nobody's. For reports of keys that were found: nothing
/// is counted, and no last use moves.
///
/// # Errors
/// If the database fails.
pub fn recognise(
    db: &mut Db,
    policy: &KeyPolicy,
    presented: &PresentedKey,
) -> Result<Option<Found>, StoreError> {
    let Some(row) = rows::read_key(db, presented.id)? else {
        return Ok(None);
    };
    let (record, older) = KeyRecord::of(row, &policy.secrets);
    let secret = record.match_secret(older.iter(), presented, &policy.secrets);
    Ok((secret != SecretMatch::Wrong).then(|| Found {
        record: Arc::new(record),
        secret,
        confirmed: None,
    }))
}

/// The verdict but for the rate limit: `None` for yes. The order is the documented one: right secret, owner enabled, not
/// deactivated, not expired, secret not replaced, address, scopes, the owner's authority, limits of calls.
pub fn judge(
    key: &KeyRecord,
    secret: SecretMatch,
    now: Timestamp,
    need: Need<'_>,
) -> Option<Refusal> {
    if secret == SecretMatch::Wrong {
        return Some(Refusal::Invalid);
    }
    if key.owner.is_disabled {
        return Some(Refusal::OwnerDisabled);
    }
    if key.is_deactivated {
        return Some(Refusal::Deactivated(key.ends_at));
    }
    if key.ends_at <= now {
        return Some(Refusal::Expired(key.ends_at));
    }
    if let SecretMatch::Replaced { ends_at, .. } = secret
        && ends_at <= now
    {
        return Some(Refusal::ReplacedSecret(ends_at));
    }
    if !key.allowed_addresses.allow(need.address) {
        return Some(Refusal::AddressNotAllowed(need.address));
    }
    let lacking = (need.scopes.iter())
        .find(|scope| !key.access.allows(scope))
        .map(|scope| Refusal::MissingScope((*scope).to_owned()));
    let without_authority = || {
        (need.scopes.iter())
            .find(|scope| needs_operator(scope) && !key.owner.is_operator)
            .map(|scope| Refusal::NoAuthority((*scope).to_owned()))
    };
    let outside = || {
        let checked = key.call_limits.check(need.call?);
        checked.err().map(Refusal::OutsideLimits)
    };
    lacking.or_else(without_authority).or_else(outside)
}

#[cfg(test)]
mod tests {
    use super::record::{Owner, StoredDigest};
    use super::*;
    use crate::domain::api_keys::addresses::AllowedAddresses;
    use crate::domain::api_keys::scopes::{Access, KEYS_VERIFY, KEYS_WRITE, Scope};
    use crate::domain::integrations::limits::CallLimits;
    use chrono::TimeDelta;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);
    const CURRENT: SecretMatch = SecretMatch::Current;

    fn key() -> KeyRecord {
        KeyRecord {
            id: "0000000002".parse().unwrap(),
            owner: Owner {
                id: "0000000001".parse().unwrap(),
                name: "A".into(),
                is_operator: false,
                is_disabled: false,
            },
            name: "Key".into(),
            access: Access::All,
            allowed_addresses: AllowedAddresses::default(),
            rate_limit: None,
            call_limits: CallLimits::default(),
            expires_at: None,
            is_deactivated: false,
            ends_at: Timestamp::NEVER,
            brand: "kp".into(),
            secret_number: 1,
            current: StoredDigest {
                bytes: Box::new([0; 32]),
                secret: Some(0),
            },
            previous: None,
        }
    }

    fn until(ends_at: Timestamp) -> SecretMatch {
        SecretMatch::Replaced { number: 1, ends_at }
    }

    #[test]
    fn a_key_expires_at_the_very_millisecond() {
        let mut key = key();
        let end = NOW + TimeDelta::hours(1);
        key.expires_at = Some(end);
        key.ends_at = end;
        let before = end - TimeDelta::milliseconds(1);
        assert_eq!(judge(&key, CURRENT, before, Need::default()), None);
        let refused = judge(&key, CURRENT, end, Need::default());
        assert_eq!(refused, Some(Refusal::Expired(end)));
    }

    #[test]
    fn a_replaced_secret_works_to_the_end_of_its_overlap_and_no_longer() {
        let key = key();
        let next = NOW + TimeDelta::milliseconds(1);
        assert_eq!(judge(&key, until(next), NOW, Need::default()), None);
        let refused = judge(&key, until(NOW), NOW, Need::default());
        assert_eq!(refused, Some(Refusal::ReplacedSecret(NOW)));
    }

    #[test]
    fn a_scope_of_operators_goes_with_the_role() {
        let mut key = key();
        let scope: Scope = KEYS_VERIFY.parse().unwrap();
        key.access = Access::Chosen([scope].into());
        let need = Need {
            scopes: &[KEYS_VERIFY],
            ..Need::default()
        };
        let refused = Refusal::NoAuthority(KEYS_VERIFY.to_owned());
        assert_eq!(judge(&key, CURRENT, NOW, need), Some(refused));
        key.owner.is_operator = true;
        assert_eq!(judge(&key, CURRENT, NOW, need), None);
    }

    #[test]
    fn refusals_come_in_the_documented_order() {
        let mut key = key();
        let scopes = ["keys:read", KEYS_WRITE];
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let need = Need {
            scopes: &scopes,
            address: Some(address),
            ..Need::default()
        };
        let lacking = Refusal::MissingScope(KEYS_WRITE.to_owned());
        assert_eq!(judge(&key, CURRENT, NOW, need), Some(lacking));
        key.allowed_addresses = AllowedAddresses::parse(["192.0.2.2"]).unwrap();
        let elsewhere = Refusal::AddressNotAllowed(Some(address));
        assert_eq!(judge(&key, CURRENT, NOW, need), Some(elsewhere));
        let replaced = Refusal::ReplacedSecret(NOW);
        assert_eq!(judge(&key, until(NOW), NOW, need), Some(replaced));
        key.ends_at = NOW;
        assert_eq!(
            judge(&key, until(NOW), NOW, need),
            Some(Refusal::Expired(NOW))
        );
        key.is_deactivated = true;
        let deactivated = Refusal::Deactivated(NOW);
        assert_eq!(judge(&key, CURRENT, NOW, need), Some(deactivated));
        key.owner.is_disabled = true;
        assert_eq!(
            judge(&key, CURRENT, NOW, need),
            Some(Refusal::OwnerDisabled)
        );
        assert_eq!(
            judge(&key, SecretMatch::Wrong, NOW, need),
            Some(Refusal::Invalid)
        );
    }
}
