//! keyport: the API-key portal as one library and one binary.

pub mod base62;
pub mod clock;
pub mod crypto;
pub mod domain;
pub mod ids;
pub mod secret;
pub mod store;
