//! The chain that the entries of the audit log form, and the head that says where it ends.
//!
//! 1. An entry's hash covers the hash of the entry before and everything that the entry says, its id too. Ids are counted
//!    without gaps. So whoever changes, removes, adds or moves an entry has to make all later hashes anew.
//! 2. The head holds both ends of the chain, and MACs under keys that follow from the instance secrets. Whoever can
//!    write the database and nothing else can make hashes, but not that.
//! 3. Before an entry is added, the MAC of the head is compared. If it is not right, the entry is still written, since
//!    what happens now must not go unwritten; but the head says from then on, under its new MAC, from which entry on it
//!    could not be confirmed. Otherwise the next entry would vouch for a chain that was rewritten.
//!
//! There is one MAC for the head and none for each entry: an entry has to be comparable for as long as it is kept, and
//! instance secrets are replaced and forgotten sooner. The head is vouched for anew at the first start with another secret.

use super::verify::Finding;
use crate::crypto::audit_key::{AuditKeys, MacCheck};
use crate::crypto::digest::sha256;
use crate::store::audit::{self as rows, AuditRow, HeadRow};
use crate::store::{Db, StoreError};

/// The hash before the first entry.
const NO_HASH: [u8; 32] = [0; 32];

/// Adds an entry to the chain. The id and the hash that it comes with are replaced.
///
/// # Errors
/// If the database fails, or has no head.
pub(super) fn append(db: &mut Db, keys: &AuditKeys, mut entry: AuditRow) -> Result<(), StoreError> {
    let mut head = lock_head(db, keys)?;
    entry.id = head.last_id + 1;
    let hash = hash_of(&head.last_hash, &entry).to_vec();
    entry.hash = Some(hash.clone());
    rows::insert(db, &entry)?;
    head.last_id = entry.id;
    head.last_hash = hash;
    set_head(db, keys, head)
}

/// The head, locked, with a note if it is not what keyport wrote last.
pub(super) fn lock_head(db: &mut Db, keys: &AuditKeys) -> Result<HeadRow, StoreError> {
    let mut head = rows::lock_head(db)?;
    if check_head(&head, keys) != MacCheck::Right && head.unconfirmed_from.is_none() {
        tracing::error!(
            "the head of the audit log is not as it was written: see keyport audit verify"
        );
        head.unconfirmed_from = Some(head.last_id + 1);
    }
    Ok(head)
}

/// Writes the head with its MAC.
pub(super) fn set_head(db: &mut Db, keys: &AuditKeys, head: HeadRow) -> Result<(), StoreError> {
    rows::set_head(
        db,
        &HeadRow {
            mac: Some(keys.mac(&head_message(&head))),
            mac_secret_id: Some(keys.ids()),
            ..head
        },
    )
}

/// Vouches for the head under the current instance secret, if it is one of an empty chain, or one that another of the
/// secrets vouches for. Any other is left as it is.
///
/// # Errors
/// If the database fails.
pub fn take_on_head(db: &mut Db, keys: &AuditKeys) -> Result<(), StoreError> {
    let is_current = |head: &HeadRow| head.mac_secret_id.as_deref() == Some(&*keys.ids());
    if rows::read_head(db)?.as_ref().is_none_or(is_current) {
        return Ok(());
    }
    let head = rows::lock_head(db)?;
    if is_unused(&head) || check_head(&head, keys) == MacCheck::Right {
        set_head(db, keys, head)?;
    }
    Ok(())
}

/// What the head's MAC says.
pub(super) fn check_head(head: &HeadRow, keys: &AuditKeys) -> MacCheck {
    match (&head.mac, &head.mac_secret_id) {
        (Some(mac), Some(secret_id)) => keys.check(secret_id, &head_message(head), mac),
        _ => MacCheck::Wrong,
    }
}

/// True for the head that the migration made: nothing was added to its chain yet.
pub(super) fn is_unused(head: &HeadRow) -> bool {
    head.mac.is_none()
        && head.mac_secret_id.is_none()
        && head.unconfirmed_from.is_none()
        && head.last_id == head.before_id
        && head.anchor_id == head.before_id
        && head.last_hash == NO_HASH
        && head.anchor_hash == NO_HASH
}

/// Follows the chain from its anchor, entry by entry.
pub(super) struct Walk<'a> {
    head: &'a HeadRow,
    /// The last entry that fitted, and its hash.
    pub(super) id: i64,
    pub(super) hash: Vec<u8>,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is from before there was a chain, and nothing vouches for it.
    BeforeChain,
    /// It is the next one of the chain.
    InChain,
}

impl<'a> Walk<'a> {
    pub(super) fn new(head: &'a HeadRow) -> Self {
        Self {
            head,
            id: head.anchor_id,
            hash: head.anchor_hash.clone(),
        }
    }

    /// Goes on to the entry with the next greater id that there is.
    pub(super) fn step(&mut self, row: &AuditRow) -> Result<Place, Finding> {
        let head = self.head;
        if row.id <= head.before_id {
            // Retention drops them before the first one of the chain.
            let may_be_there = head.anchor_id == head.before_id && row.id > 0;
            return if may_be_there && row.hash.is_none() {
                Ok(Place::BeforeChain)
            } else {
                Err(Finding::Inserted(row.id))
            };
        }
        if row.id <= head.anchor_id || row.id > head.last_id {
            return Err(Finding::Inserted(row.id));
        }
        if row.id > self.id + 1 {
            return Err(Finding::Removed(self.id + 1, row.id - 1));
        }
        let hash = hash_of(&self.hash, row);
        if row.hash.as_deref() != Some(&hash) {
            return Err(Finding::Altered(row.id));
        }
        self.id = row.id;
        self.hash = hash.to_vec();
        Ok(Place::InChain)
    }
}

/// The hash of an entry that follows the one with the hash `previous`.
fn hash_of(previous: &[u8], row: &AuditRow) -> [u8; 32] {
    let mut message = Message::new("keyport audit entry v1");
    message
        .bytes(Some(previous))
        .number(Some(row.id))
        .number(Some(row.at.as_millis()))
        .number(row.account_id.map(|id| id.as_number()))
        .text(Some(&row.actor))
        .text(row.actor_id.as_deref())
        .text(row.actor_words.as_deref())
        .text(Some(&row.action))
        .text(row.target.as_deref())
        .text(Some(&row.result))
        .text(row.address.as_deref())
        .text(row.client.as_deref())
        .text(row.request_id.as_deref());
    sha256(&message.0)
}

fn head_message(head: &HeadRow) -> Vec<u8> {
    let mut message = Message::new("keyport audit head v1");
    message
        .number(Some(head.last_id))
        .bytes(Some(&head.last_hash))
        .number(Some(head.anchor_id))
        .bytes(Some(&head.anchor_hash))
        .number(Some(head.before_id))
        .number(head.unconfirmed_from);
    message.0
}

/// Fields one after the other, each with its length before it, so that no two lists of fields give the same bytes.
struct Message(Vec<u8>);

impl Message {
    fn new(purpose: &str) -> Self {
        let mut message = Self(Vec::with_capacity(512));
        message.text(Some(purpose));
        message
    }

    fn bytes(&mut self, field: Option<&[u8]>) -> &mut Self {
        match field {
            None => self.0.push(0),
            Some(bytes) => {
                self.0.push(1);
                self.0.extend((bytes.len() as u64).to_be_bytes());
                self.0.extend(bytes);
            }
        }
        self
    }

    fn text(&mut self, field: Option<&str>) -> &mut Self {
        self.bytes(field.map(str::as_bytes))
    }

    fn number(&mut self, field: Option<i64>) -> &mut Self {
        self.bytes(
            field
                .map(i64::to_be_bytes)
                .as_ref()
                .map(<[u8; 8]>::as_slice),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn row() -> AuditRow {
        AuditRow {
            id: 7,
            at: Timestamp::from_millis(1_000),
            account_id: None,
            actor: "account".to_owned(),
            actor_id: Some("a".to_owned()),
            actor_words: Some("b".to_owned()),
            action: "sign_in".to_owned(),
            target: Some("c".to_owned()),
            result: "done".to_owned(),
            address: None,
            client: Some("d".to_owned()),
            request_id: None,
            hash: None,
        }
    }

    #[test]
    fn every_field_and_the_hash_before_change_the_hash() {
        let plain = hash_of(&NO_HASH, &row());
        let changes: [fn(&mut AuditRow); 12] = [
            |row| row.id = 8,
            |row| row.at = Timestamp::from_millis(1_001),
            |row| row.account_id = "0000000000".parse().ok(),
            |row| row.actor = "command".to_owned(),
            |row| row.actor_id = None,
            |row| row.actor_words = Some(String::new()),
            |row| row.action = "sign_out".to_owned(),
            |row| row.target = None,
            |row| row.result = "refused".to_owned(),
            |row| row.address = Some(String::new()),
            |row| row.client = None,
            |row| row.request_id = Some("x".to_owned()),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = row();
            change(&mut changed);
            assert_ne!(hash_of(&NO_HASH, &changed), plain, "change {number}");
        }
        assert_ne!(hash_of(&[1; 32], &row()), plain);
    }

    #[test]
    fn text_that_moves_from_one_field_to_the_next_changes_the_hash() {
        let (mut one, mut other) = (row(), row());
        (one.actor_id, one.actor_words) = (Some("ab".to_owned()), Some("c".to_owned()));
        (other.actor_id, other.actor_words) = (Some("a".to_owned()), Some("bc".to_owned()));
        assert_ne!(hash_of(&NO_HASH, &one), hash_of(&NO_HASH, &other));
    }
}
