//! The pages.

mod api_keys;
mod create;
mod sign_in;
