//! The pages.

mod access;
mod api_keys;
mod audit;
mod create;
mod detail;
mod notifications;
mod operator;
mod rotate;
mod sign_in;
mod sign_in_confirm;
mod usage;
