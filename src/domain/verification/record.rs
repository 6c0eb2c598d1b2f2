//! The record of a key: all that its verdicts depend on, as the database had it at one moment.
//!
//! A record holds no verdict. Those depend on the request and on the time, and are made for each request anew.

use std::borrow::Cow;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::crypto::digest::KeyDigest;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::domain::api_keys::addresses::AllowedAddresses;
use crate::domain::api_keys::key_string::{self, PresentedKey};
use crate::domain::api_keys::rate_limit::RateLimit;
use crate::domain::api_keys::scopes::{Access, needs_operator};
use crate::domain::integrations::limits::CallLimits;
use crate::ids::{AccountId, ApiKeyId};
use crate::store::verification::{Epoch, ReplacedSecretRow, VerificationRow};

/// Whose key it is.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Id of the account.
    pub id: AccountId,
    /// Name of the account.
    pub name: Box<str>,
    /// True if the account has the operator role.
    pub is_operator: bool,
    /// True if the account may do nothing at present.
    pub is_disabled: bool,
}

/// A key, as verification needs it.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    /// The public id.
    pub id: ApiKeyId,
    /// Whose it is.
    pub owner: Owner,
    /// As its owner wrote it.
    pub name: Box<str>,
    /// What it may be used for.
    pub access: Access,
    /// From where it may be used.
    pub allowed_addresses: AllowedAddresses,
    /// How many requests a minute it may make; `None` for any number.
    pub rate_limit: Option<RateLimit>,
    /// Which calls of providers it may make.
    pub call_limits: CallLimits,
    /// When time ends it; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// True if someone ended it, at `ends_at`.
    pub is_deactivated: bool,
    /// When it stops working for whichever reason.
    pub ends_at: Timestamp,
    pub(super) brand: Box<str>,
    pub(super) secret_number: i64,
    pub(super) current: StoredDigest,
    /// The secret before the current one, which may still work.
    pub(super) previous: Option<ReplacedSecret>,
}

/// A stored digest with the place of the instance secret that it was made under.
#[derive(Clone, Debug)]
pub(super) struct StoredDigest {
    pub(super) bytes: Box<[u8]>,
    /// `None` if that instance secret is not here: then nothing matches.
    pub(super) secret: Option<usize>,
}

/// A secret that another one has replaced.
#[derive(Clone, Debug)]
pub(super) struct ReplacedSecret {
    pub(super) number: i64,
    pub(super) digest: StoredDigest,
    pub(super) ends_at: Timestamp,
}

/// Which of a key's secrets was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretMatch {
    /// The current one.
    Current,
    /// One that was replaced and works until this time.
    Replaced {
        /// Which, counted from 1.
        number: i64,
        /// Until when it works.
        ends_at: Timestamp,
    },
    /// None of them: the id is public, and someone made up the rest.
    Wrong,
}

/// A record, found for a presented key.
#[derive(Clone, Debug)]
pub struct Found {
    /// The record.
    pub record: Arc<KeyRecord>,
    /// What the presented secret is to it.
    pub secret: SecretMatch,
    /// Where the database was when the verifier confirmed the record; `None` if someone else read it.
    pub confirmed: Option<Epoch>,
}

impl KeyRecord {
    /// Makes a record of rows. The second half holds the replaced secrets before the previous one: they matter only
    /// to tell an old secret from a wrong one, so the record itself does without them.
    pub(super) fn of(
        row: VerificationRow,
        secrets: &InstanceSecrets,
    ) -> (Self, Vec<ReplacedSecret>) {
        let digest = |bytes: Vec<u8>, id: &str| StoredDigest {
            bytes: bytes.into(),
            secret: secrets.position(id),
        };
        let mut replaced = row
            .replaced
            .into_iter()
            .map(|row: ReplacedSecretRow| ReplacedSecret {
                number: row.number,
                digest: digest(row.digest, &row.digest_secret_id),
                ends_at: row.ends_at,
            });
        let (key, owner) = (row.key, row.owner);
        let record = Self {
            id: key.id,
            owner: Owner {
                id: owner.id,
                name: owner.name.into(),
                is_operator: owner.is_operator,
                is_disabled: owner.disabled_at.is_some(),
            },
            name: key.name.into(),
            access: Access::from_stored(key.scopes.as_deref()),
            allowed_addresses: AllowedAddresses::from_stored(key.allowed_addresses.as_deref()),
            // The schema forbids 0 and less; a larger number than we offer is as good as the largest.
            rate_limit: key.rate_limit.map(RateLimit::from_stored),
            call_limits: CallLimits::from_stored(key.call_limits.as_deref()),
            expires_at: key.expires_at,
            is_deactivated: key.deactivated_at.is_some(),
            ends_at: key.ends_at,
            brand: key.brand.into(),
            secret_number: key.secret_number,
            current: digest(key.digest, &key.digest_secret_id),
            previous: replaced.next(),
        };
        (record, replaced.collect())
    }

    /// What it may be used for as long as its owner is what it is now: without the operator role, its scopes for
    /// operators are worth nothing.
    pub fn usable_access(&self) -> Cow<'_, Access> {
        match &self.access {
            Access::Chosen(scopes) if !self.owner.is_operator => {
                let mut usable = scopes.clone();
                usable.retain(|scope| !needs_operator(scope.as_str()));
                Cow::Owned(Access::Chosen(usable))
            }
            access => Cow::Borrowed(access),
        }
    }

    /// `<brand>_<id>`: the part of the key that is shown.
    pub fn prefix(&self) -> String {
        key_string::prefix(&self.brand, self.id)
    }

    /// Which of its secrets is the current one, counted from 1.
    pub fn secret_number(&self) -> i64 {
        self.secret_number
    }

    /// True if the secret before the current one still works at `now`.
    pub fn has_overlap_at(&self, now: Timestamp) -> bool {
        (self.previous.as_ref()).is_some_and(|previous| previous.ends_at > now)
    }

    /// Which secret of the key this is. Takes the same time for each of them and for a wrong one.
    pub(super) fn match_secret<'a>(
        &'a self,
        older: impl Iterator<Item = &'a ReplacedSecret>,
        presented: &PresentedKey,
        secrets: &InstanceSecrets,
    ) -> SecretMatch {
        let mut digests = Digests::new(presented, secrets);
        if digests.match_stored(&self.current) {
            return SecretMatch::Current;
        }
        (self.previous.iter().chain(older))
            .find(|replaced| digests.match_stored(&replaced.digest))
            .map_or(SecretMatch::Wrong, |replaced| SecretMatch::Replaced {
                number: replaced.number,
                ends_at: replaced.ends_at,
            })
    }
}

/// Which of a key's digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Which {
    /// That of the secret it has.
    Current,
    /// That of the replaced secret with this number.
    Replaced(i64),
}

/// A digest that can be stored in the place of an older one.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) which: Which,
    pub(super) old: Box<[u8]>,
    pub(super) new: Box<[u8]>,
    /// The instance secret that the new one was made under.
    pub(super) secret_id: Box<str>,
}

impl KeyRecord {
    /// The digest of the presented key under the current instance secret, if the one that it was found to match was made
    /// under another.
    pub(super) fn moved<'a>(
        &'a self,
        mut older: impl Iterator<Item = &'a ReplacedSecret>,
        matched: SecretMatch,
        presented: &PresentedKey,
        secrets: &InstanceSecrets,
    ) -> Option<Moved> {
        let (which, stored) = match matched {
            SecretMatch::Current => (Which::Current, &self.current),
            SecretMatch::Replaced { number, .. } => {
                let mut replaced = self.previous.iter().chain(older.by_ref());
                let replaced = replaced.find(|replaced| replaced.number == number)?;
                (Which::Replaced(number), &replaced.digest)
            }
            SecretMatch::Wrong => return None,
        };
        stored.secret.filter(|position| *position > 0)?;
        let new = presented.digest(secrets.current_digest_key());
        Some(Moved {
            which,
            old: stored.bytes.clone(),
            new: (*new.as_bytes()).into(),
            secret_id: secrets.current_id().into(),
        })
    }
}

/// Digests of one presented key, made once for each instance secret that asks for it.
struct Digests<'a> {
    presented: &'a PresentedKey,
    secrets: &'a InstanceSecrets,
    made: Option<(usize, KeyDigest)>,
}

impl<'a> Digests<'a> {
    fn new(presented: &'a PresentedKey, secrets: &'a InstanceSecrets) -> Self {
        Self {
            presented,
            secrets,
            made: None,
        }
    }

    fn match_stored(&mut self, stored: &StoredDigest) -> bool {
        let Some(position) = stored.secret else {
            return false;
        };
        if self.made.as_ref().is_none_or(|(made, _)| *made != position) {
            let key = self.secrets.digest_key(position);
            self.made = key.map(|key| (position, self.presented.digest(key)));
        }
        self.made
            .as_ref()
            .is_some_and(|(_, digest)| digest.matches(&stored.bytes))
    }
}

/// The work that a known id costs, for an unknown one: how long a refusal takes must not tell the two apart.
pub(super) fn match_nothing(presented: &PresentedKey, secrets: &InstanceSecrets) {
    let digest = presented.digest(secrets.current_digest_key());
    std::hint::black_box(digest.matches(&[0; 32]));
}
