//! keyport: the API-key portal as one library and one binary.
//!
//! One direction: `web` → `domain` → `store` and `outbound`, over leaves that import nothing of ours. See `docs/architecture.md`.
//!
//! - [`config`]: all settings, read once · [`server`]: puts the parts together · [`commands`]: the other commands
//! - [`web`]: pages and API · [`domain`]: the rules · [`store`]: the SQL · [`outbound`]: clients of other servers
//! - leaves: [`clock`], [`ids`], [`base62`], [`secret`], [`crypto`]

pub mod base62;
pub mod cidr;
pub mod clock;
pub mod commands;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod ids;
pub mod outbound;
pub mod secret;
pub mod server;
pub mod store;
pub mod web;
