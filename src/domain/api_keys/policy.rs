//! What the operator decided about keys, in one value that making and verifying keys both take.

use chrono::TimeDelta;

use super::key_string::{Brand, Malformed, PresentedKey};
use super::scopes::ScopeCatalog;
use crate::crypto::instance_secret::InstanceSecrets;

/// The rules of an instance for its keys.
#[derive(Clone)]
pub struct KeyPolicy {
    /// The first part of new keys.
    pub brand: Brand,
    /// First parts of older keys that are still accepted.
    pub old_brands: Vec<Brand>,
    /// The most active keys of an account.
    pub max_active: i64,
    /// The longest life of a new key; `None` for no limit.
    pub longest_life: Option<TimeDelta>,
    /// The scopes that can be chosen.
    pub scopes: ScopeCatalog,
    /// What keys are digested under.
    pub secrets: InstanceSecrets,
}

impl KeyPolicy {
    /// Reads a presented key of this instance.
    ///
    /// # Errors
    /// If it is not well-formed, or of another brand.
    pub fn parse(&self, raw: &[u8]) -> Result<PresentedKey, Malformed> {
        PresentedKey::parse(raw, std::iter::once(&self.brand).chain(&self.old_brands))
    }
}
