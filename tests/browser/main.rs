//! What needs a real browser: the seeds' flows, pages without JavaScript, the keyboard, Back, looks and accessibility.

#![expect(
    unreachable_pub,
    dead_code,
    reason = "the support modules serve two test binaries"
)]
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod browser;
mod flows;
mod integrations;
mod keyboard;
mod looks;
mod once;
mod passkeys;
mod pictures;
mod registry;
#[path = "../it/support/mod.rs"]
mod support;
