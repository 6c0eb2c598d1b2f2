//! Which mails there are, whom they go to, and the queue that they wait in.
//!
//! A mail is queued in the transaction of its cause, so there is never one without the other. Its words are made when it
//! is sent (`web::mail`), from the facts that are kept sealed in the queue.

pub mod delivery;
mod kinds;
pub mod links;
pub mod notices;
mod once;
pub mod postman;
pub mod queue;
pub mod reminders;
pub mod unsubscribe;

use super::accounts::Account;
use crate::clock::Timestamp;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::crypto::random::system_rng;
use crate::crypto::seal::{self, Binding, OpenError};
use crate::ids::{AccountId, MailId};
use crate::store::mails as rows;
use crate::store::{Db, StoreError};

pub use crate::store::mails::{MailCounts, MailCursor, MailRow, MailState};
pub use kinds::{
    LeakFate, LinkToken, Mail, MailedAccount, MailedContact, MailedKey, OPTIONAL, Place,
};
pub use once::OncePer;

/// Whom a mail goes to.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// The account that it concerns; `None` for someone without one.
    pub account_id: Option<AccountId>,
    /// The address.
    pub email: &'a str,
}

impl<'a> From<&'a Account> for Recipient<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            account_id: Some(account.id),
            email: &account.email,
        }
    }
}

/// What seals mails into the queue, and opens them.
#[derive(Clone)]
pub struct Outbox {
    secrets: InstanceSecrets,
}

impl Outbox {
    /// With these secrets.
    pub fn new(secrets: InstanceSecrets) -> Self {
        Self { secrets }
    }

    /// Queues a mail, in the transaction of its cause; not if the account does not want it.
    ///
    /// # Errors
    /// If the database fails; the cause is then undone with it.
    pub fn queue(
        &self,
        db: &mut Db,
        now: Timestamp,
        to: Recipient<'_>,
        mail: &Mail,
    ) -> Result<(), StoreError> {
        self.insert(db, now, to, mail, None).map(drop)
    }

    /// Queues a mail unless one for the same occasion was queued before; false if there was.
    ///
    /// # Errors
    /// As [`Outbox::queue`].
    pub fn queue_once(
        &self,
        db: &mut Db,
        now: Timestamp,
        to: Recipient<'_>,
        mail: &Mail,
        occasion: OncePer<'_>,
    ) -> Result<bool, StoreError> {
        self.insert(db, now, to, mail, Some(occasion.key(mail.kind())))
    }

    fn insert(
        &self,
        db: &mut Db,
        now: Timestamp,
        to: Recipient<'_>,
        mail: &Mail,
        once_key: Option<String>,
    ) -> Result<bool, StoreError> {
        if let Some(account_id) = to.account_id
            && mail.is_optional()
            && rows::is_unwanted(db, account_id, mail.kind())?
        {
            return Ok(false);
        }
        let id = MailId::random(&mut system_rng());
        let row = MailRow {
            id,
            account_id: to.account_id,
            kind: mail.kind().to_owned(),
            recipient: to.email.to_owned(),
            sealed: Some(self.seal(id, mail)),
            once_key,
            created_at: now,
            next_try_at: now,
            tries: 0,
            last_error: None,
            sent_at: None,
            gave_up_at: None,
        };
        rows::insert(db, &row)
    }

    /// Seals what a mail says.
    pub fn seal(&self, id: MailId, mail: &Mail) -> Vec<u8> {
        let facts = serde_json::to_vec(mail).expect("a mail is plain data");
        seal::seal(
            &self.secrets,
            &mut system_rng(),
            binding(&id.to_string()),
            &facts,
        )
    }

    /// What a queued mail says.
    ///
    /// # Errors
    /// If the instance secret that it was sealed with is gone, or it is damaged.
    pub fn open(&self, id: MailId, sealed: &[u8]) -> Result<Mail, OpenError> {
        let facts = seal::open(&self.secrets, binding(&id.to_string()), sealed)?;
        serde_json::from_slice(&facts).or(Err(OpenError::Damaged))
    }
}

fn binding(id: &str) -> Binding<'_> {
    Binding {
        kind: "mail",
        row: id,
    }
}
