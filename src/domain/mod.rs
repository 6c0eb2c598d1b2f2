//! The rules, in the product's words. No HTTP, no templates, no SQL.
//!
//! Rules are plain synchronous functions over a connection; time and randomness are arguments.

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod closing;
pub mod emails;
pub mod health;
pub mod housekeeping;
pub mod instance;
pub mod integrations;
pub mod invitations;
pub mod leaks;
pub mod mail;
pub mod operators;
pub mod passwords;
pub mod registry;
pub mod reports;
pub mod secret_rotation;
pub mod security;
pub mod sign_in;
pub mod sign_up;
pub mod text;
pub mod usage;
pub mod verification;
