//! All SQL, and only SQL: rows in, rows out. Knows no rule, no HTTP and no clock.
//!
//! One query text serves SQLite and PostgreSQL. Where they differ, one function matches on the engine.

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod backup;
pub mod connection;
pub mod custom_providers;
pub mod error;
pub mod idempotency_keys;
pub mod instance_secrets;
pub mod invitations;
mod joins;
pub mod known_devices;
pub mod last_uses;
pub mod mails;
pub mod migrations;
pub mod one_time_links;
pub mod passkeys;
pub mod pool;
pub mod provider_keys;
pub mod recovery_codes;
pub mod registry;
pub mod reminders;
pub mod reports;
pub(crate) mod schema;
pub mod secret_uses;
pub mod sessions;
pub mod shared_providers;
pub mod shown_forms;
pub mod stored_files;
pub mod throttles;
pub mod token_days;
pub mod totp;
pub mod usage;
pub mod verification;

/// Rows that SQLite is given in one statement where there are many: half the work of as many statements.
const ROWS_AT_ONCE: usize = 50;

pub use connection::{DatabaseUrl, Db};
pub use error::{Constraint, StoreError};
pub use pool::Pool;
