//! What the demonstration is made of: events, performed in the order of their times, so that the audit log tells them in
//! that order.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::commands::{CommandError, refuse};
use crate::domain::accounts::{self, Account};
use crate::domain::api_keys::policy::KeyPolicy;
use crate::domain::audit::{Act, Origin};
use crate::domain::text::EmailAddress;
use crate::store::Db;

/// What happens in an event.
type Deed = Box<dyn FnOnce(&mut Db, &mut Scene<'_>, Timestamp) -> Result<(), CommandError>>;

/// Something that is made to have happened.
pub(super) struct Event {
    minutes_ago: i64,
    deed: Deed,
}

impl Event {
    /// So long ago.
    pub(super) fn new(
        minutes_ago: i64,
        deed: impl FnOnce(&mut Db, &mut Scene<'_>, Timestamp) -> Result<(), CommandError> + 'static,
    ) -> Self {
        Self {
            minutes_ago,
            deed: Box::new(deed),
        }
    }
}

/// Who and what there is.
pub(super) struct Scene<'a> {
    /// The rules for keys.
    pub(super) policy: &'a KeyPolicy,
    /// Ends the handles of contacts.
    pub(super) suffix: &'a str,
    /// When the command runs.
    pub(super) now: Timestamp,
    accounts: HashMap<&'static str, Account>,
    handles: HashMap<&'static str, String>,
}

impl<'a> Scene<'a> {
    /// With those of these accounts that are there.
    pub(super) fn new(
        db: &mut Db,
        policy: &'a KeyPolicy,
        suffix: &'a str,
        now: Timestamp,
        emails: impl Iterator<Item = &'static str>,
    ) -> Result<Self, CommandError> {
        let mut accounts = HashMap::new();
        for email in emails {
            let address = EmailAddress::parse(email).or_else(|error| refuse(error.to_string()))?;
            if let Some(account) = accounts::find_by_email(db, &address)? {
                accounts.insert(email, account);
            }
        }
        Ok(Self {
            policy,
            suffix,
            now,
            accounts,
            handles: HashMap::new(),
        })
    }

    /// The account with this address, if it is there.
    pub(super) fn find(&self, email: &str) -> Option<&Account> {
        self.accounts.get(email)
    }

    /// The account with this address, which was made before.
    pub(super) fn account(&self, email: &str) -> Result<Account, CommandError> {
        match self.accounts.get(email) {
            Some(account) => Ok(account.clone()),
            None => refuse(format!("there is no account {email}")),
        }
    }

    /// Notes an account.
    pub(super) fn add(&mut self, email: &'static str, account: Account) {
        self.accounts.insert(email, account);
    }

    /// Notes the handle that a record got.
    pub(super) fn name(&mut self, what: &'static str, handle: impl ToString) {
        self.handles.insert(what, handle.to_string());
    }

    /// The handle of a record that was made before.
    pub(super) fn handle(&self, what: &str) -> Result<String, CommandError> {
        match self.made(what) {
            Some(handle) => Ok(handle.clone()),
            None => refuse(format!("{what} was not made")),
        }
    }

    /// The handle of a record, if it was made in this run.
    pub(super) fn made(&self, what: &str) -> Option<&String> {
        self.handles.get(what)
    }

    /// An act of someone with a shell on the server.
    pub(super) fn by_command(&self, at: Timestamp) -> Act {
        Act::by_command(at, self.policy.secrets.audit_keys())
    }

    /// An act of an account.
    pub(super) fn by(&self, account: &Account, at: Timestamp) -> Act {
        Act {
            now: at,
            actor: account.as_actor(),
            origin: Origin::default(),
            keys: self.policy.secrets.audit_keys().clone(),
        }
    }
}

/// Performs events, the oldest first; of two at one time the one that was named first.
pub(super) fn perform(
    db: &mut Db,
    scene: &mut Scene<'_>,
    mut events: Vec<Event>,
) -> Result<(), CommandError> {
    events.sort_by_key(|event| Reverse(event.minutes_ago));
    for event in events {
        let at = scene.now - TimeDelta::minutes(event.minutes_ago);
        (event.deed)(db, scene, at)?;
    }
    Ok(())
}
