//! The records that the verifier remembers, bounded: what was not asked for lately is forgotten.

use std::collections::HashMap;
use std::sync::Arc;

use super::record::KeyRecord;
use crate::ids::{AccountId, ApiKeyId};

/// Two generations. A record that is used moves into the young one; when that is full it becomes the old one, and what
/// the old one still held is forgotten. So a record stays if it is used once in a generation, and keys that are asked
/// for only once drive out nothing else for long.
#[derive(Debug)]
pub(super) struct Memory {
    young: Generation,
    old: Generation,
    most_young: usize,
}

type Generation = HashMap<ApiKeyId, Arc<KeyRecord>>;

impl Memory {
    /// Remembers `most` records at most.
    pub(super) fn new(most: usize) -> Self {
        Self {
            young: Generation::new(),
            old: Generation::new(),
            most_young: (most / 2).max(1),
        }
    }

    pub(super) fn get(&mut self, id: ApiKeyId) -> Option<Arc<KeyRecord>> {
        if let Some(record) = self.young.get(&id) {
            return Some(record.clone());
        }
        let record = self.old.remove(&id)?;
        self.keep(record.clone());
        Some(record)
    }

    pub(super) fn keep(&mut self, record: Arc<KeyRecord>) {
        self.old.remove(&record.id);
        if self.young.len() >= self.most_young && !self.young.contains_key(&record.id) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(record.id, record);
    }

    pub(super) fn forget(&mut self, id: ApiKeyId) {
        self.young.remove(&id);
        self.old.remove(&id);
    }

    /// Looks at every record: accounts change seldom.
    pub(super) fn forget_account(&mut self, account: AccountId) {
        self.young.retain(|_, record| record.owner.id != account);
        self.old.retain(|_, record| record.owner.id != account);
    }

    pub(super) fn forget_all(&mut self) {
        self.young = Generation::new();
        self.old = Generation::new();
    }
}
