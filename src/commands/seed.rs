//! `keyport seed`: many valid keys for load tests, 1,000 an account.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use chrono::TimeDelta;

use super::{CommandError, create_private, opened, print};
use crate::clock::{SharedClock, Timestamp};
use crate::config::Config;
use crate::crypto::random::system_rng;
use crate::domain::api_keys::key_string::FullKey;
use crate::domain::api_keys::policy::KeyPolicy;
use crate::ids::{AccountId, ApiKeyId};
use crate::store::accounts::{self, AccountRow};
use crate::store::api_keys::{self, ApiKeyRow};
use crate::store::{Db, StoreError};

/// Keys of one account.
const KEYS_PER_ACCOUNT: u64 = 1_000;
/// Accounts written in one transaction.
const ACCOUNTS_PER_TRANSACTION: u64 = 20;

/// Makes `keys` keys that expire in a year and writes each full key as a line of `out`.
///
/// # Errors
/// If the file exists or cannot be written, or the database fails.
pub fn run(
    config: &Config,
    clock: &SharedClock,
    keys: u64,
    out: &Path,
) -> Result<(), CommandError> {
    // The file first: if it cannot be written, nothing was made.
    let mut file = BufWriter::new(create_private(out)?);
    let opened = opened(config, clock)?;
    let now = clock.now();
    let mut left = keys;
    while left > 0 {
        let batch = left.min(KEYS_PER_ACCOUNT * ACCOUNTS_PER_TRANSACTION);
        let made = opened
            .pool
            .write_now(|db| make_batch(db, &opened.policy, now, batch))?;
        // After the commit: a line in the file is a key that exists.
        for full_key in &made {
            writeln!(file, "{}", full_key.reveal())?;
        }
        left -= batch;
    }
    file.flush()?;
    print(format!(
        "Made {keys} keys. {} has one full key a line.",
        out.display()
    ))
}

/// Rows are written directly: the rules for one key (limit, audit entry) would make a million take many minutes.
fn make_batch(
    db: &mut Db,
    policy: &KeyPolicy,
    now: Timestamp,
    keys: u64,
) -> Result<Vec<FullKey>, StoreError> {
    let rng = &mut system_rng();
    let digest_key = policy.secrets.current_digest_key();
    let expires_at = now + TimeDelta::days(365);
    let mut made = Vec::new();
    let mut account_id = AccountId::random(rng);
    for number in 0..keys {
        if number % KEYS_PER_ACCOUNT == 0 {
            account_id = AccountId::random(rng);
            accounts::insert(db, &seed_account(account_id, now))?;
        }
        let id = ApiKeyId::random(rng);
        let full_key = FullKey::generate(&policy.brand, id, rng);
        api_keys::insert(
            db,
            &ApiKeyRow {
                id,
                account_id,
                brand: policy.brand.as_str().to_owned(),
                name: format!("Seed {}", number % KEYS_PER_ACCOUNT + 1),
                digest: full_key.digest(digest_key).as_bytes().to_vec(),
                digest_secret_id: policy.secrets.current_id().to_owned(),
                scopes: None,
                created_at: now,
                expires_at: Some(expires_at),
                deactivated_at: None,
                deactivated_by: None,
                ends_at: expires_at,
                deleted_at: None,
                allowed_addresses: None,
                rate_limit: None,
                secret_number: 1,
                overlap_ends_at: None,
                call_limits: None,
            },
        )?;
        made.push(full_key);
    }
    Ok(made)
}

fn seed_account(id: AccountId, now: Timestamp) -> AccountRow {
    AccountRow {
        id,
        email: format!("seed-{id}@example.com").to_ascii_lowercase(),
        name: format!("Seed {id}"),
        time_zone: "UTC".to_owned(),
        password_hash: None,
        password_set_at: None,
        is_operator: false,
        disabled_at: None,
        created_at: now,
        unverified_since: None,
        closed_at: None,
    }
}
