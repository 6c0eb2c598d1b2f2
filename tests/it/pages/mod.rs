//! The pages.

mod access;
mod api_keys;
mod create;
mod detail;
mod notifications;
mod rotate;
mod sign_in;
mod usage;
