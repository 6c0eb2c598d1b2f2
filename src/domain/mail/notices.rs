//! The mails about keys and passwords, each to be queued in the transaction of what it tells of.

use chrono::TimeDelta;

use super::{Mail, MailedKey, OncePer, Outbox, Place, Recipient};
use crate::clock::Timestamp;
use crate::domain::accounts::Account;
use crate::domain::api_keys::{ApiKey, Deactivated, key_string};
use crate::domain::audit::{Act, Actor, Origin};
use crate::ids::{AccountId, ApiKeyId};
use crate::store::{Db, StoreError, accounts, usage};

/// The owner of a dead key is told of its uses once in this time at most.
const TELL_EVERY: TimeDelta = TimeDelta::hours(24);
const HOUR_MS: i64 = 60 * 60 * 1_000;

impl From<&Origin> for Place {
    fn from(origin: &Origin) -> Self {
        Self {
            address: origin.address.clone(),
            client: origin.client.clone().filter(|client| !client.is_empty()),
        }
    }
}

impl From<&ApiKey> for MailedKey {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            prefix: key.prefix.clone(),
            name: key.name.clone(),
            // Such a key is not found any more.
            is_deleted: false,
        }
    }
}

impl Outbox {
    /// Tells the owner that a key was made. Programs may make many: of those that keys make, one an hour.
    ///
    /// # Errors
    /// If the database fails.
    pub fn tell_created(&self, db: &mut Db, act: &Act, key: &ApiKey) -> Result<(), StoreError> {
        let is_by_key = matches!(act.actor, Actor::ApiKey { .. });
        let mail = Mail::KeyCreated {
            key: key.into(),
            by: act.actor.words(),
            place: (&act.origin).into(),
            stands_for_hour: is_by_key,
        };
        if !is_by_key {
            return self.tell_owner(db, act, key.account_id, &mail);
        }
        let Some(owner) = accounts::find(db, key.account_id)?.map(Account::from) else {
            return Ok(());
        };
        let hour = act.now.as_millis().div_euclid(HOUR_MS).to_string();
        let occasion = OncePer::Account {
            id: owner.id,
            what: &hour,
        };
        self.queue_once(db, act.now, (&owner).into(), &mail, occasion)
            .map(drop)
    }

    /// Tells the owner that a key has another secret.
    ///
    /// # Errors
    /// If the database fails.
    pub fn tell_rotated(&self, db: &mut Db, act: &Act, key: &ApiKey) -> Result<(), StoreError> {
        let mail = Mail::KeyRotated {
            key: key.into(),
            by: act.actor.words(),
            place: (&act.origin).into(),
        };
        self.tell_owner(db, act, key.account_id, &mail)
    }

    /// Tells the owner that a key was ended, unless it had ended before.
    ///
    /// # Errors
    /// If the database fails.
    pub fn tell_deactivated(
        &self,
        db: &mut Db,
        act: &Act,
        done: &Deactivated,
    ) -> Result<(), StoreError> {
        let Deactivated::Now(key) = done else {
            return Ok(());
        };
        let mail = Mail::KeyDeactivated {
            key: key.into(),
            by: act.actor.words(),
            place: (&act.origin).into(),
        };
        self.tell_owner(db, act, key.account_id, &mail)
    }

    /// Tells the owner that the true secret of a dead key was presented, last at `at`, unless they were told within a day.
    ///
    /// # Errors
    /// If the database fails.
    pub fn tell_attempts(
        &self,
        db: &mut Db,
        id: ApiKeyId,
        at: Timestamp,
        place: Place,
    ) -> Result<(), StoreError> {
        let Some(owner) = usage::take_attempts_to_tell(db, id, at, at - TELL_EVERY)? else {
            return Ok(());
        };
        let to = Recipient {
            account_id: Some(owner.account_id),
            email: &owner.email,
        };
        let mail = Mail::DeadKeyUsed {
            key: MailedKey {
                id: id.to_string(),
                prefix: key_string::prefix(&owner.brand, id),
                name: owner.name,
                is_deleted: owner.is_deleted,
            },
            attempts: owner.attempts,
            place,
        };
        self.queue(db, at, to, &mail)
    }

    fn tell_owner(
        &self,
        db: &mut Db,
        act: &Act,
        account_id: AccountId,
        mail: &Mail,
    ) -> Result<(), StoreError> {
        match accounts::find(db, account_id)?.map(Account::from) {
            Some(owner) => self.queue(db, act.now, (&owner).into(), mail),
            None => Ok(()),
        }
    }
}
