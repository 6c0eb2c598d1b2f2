//! The pages.

mod access;
mod api_keys;
mod create;
mod detail;
mod passkeys;
mod rotate;
mod sign_in;
mod sign_in_confirm;
mod two_step;
mod usage;
