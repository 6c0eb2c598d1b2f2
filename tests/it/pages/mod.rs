//! The pages.

mod api_keys;
mod create;
mod rotate;
mod sign_in;
mod usage;
