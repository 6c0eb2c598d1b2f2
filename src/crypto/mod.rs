//! Cryptography as pure functions: no clock, no database, randomness handed in.

pub mod audit_key;
pub mod digest;
pub mod instance_secret;
pub mod password;
pub mod random;
pub mod seal;
pub mod totp;
