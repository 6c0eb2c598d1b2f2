//! The pages.

mod access;
mod api_keys;
mod audit;
mod closing;
mod create;
mod detail;
mod devices;
mod emails;
mod invitations;
mod notifications;
mod operator;
mod passkeys;
mod passwords;
mod resets;
mod rotate;
mod sessions;
mod sign_in;
mod sign_in_confirm;
mod sign_up;
mod throttles;
mod two_step;
mod usage;
