//! Tests through the doors that users have: pages, API and commands, on both databases.

#![expect(
    unreachable_pub,
    reason = "the support modules serve two test binaries"
)]
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod api;
mod audit_chain;
mod checklist;
mod colours;
mod commands;
mod hardship;
mod icons;
mod integrations;
mod layers;
mod mail;
mod metrics;
mod migrations;
mod pages;
mod proxies;
mod readiness;
mod registry;
mod retention;
mod secret_rotation;
mod security;
mod strictness;
mod support;
