//! Clients of other servers: what they are asked, how long they may take, and what happens while they are gone.
//!
//! Leaf-only: the rules of `domain` call these; nothing here knows a rule.

pub mod leak_keys;
pub mod mail;
pub mod providers;
pub mod redis;
pub mod tls;
