//! What keeps an account its holder's.

pub mod devices;
pub mod one_time_links;
pub mod passkeys;
pub mod password;
pub mod recovery_codes;
pub mod sessions;
pub mod throttles;
pub mod two_step;
