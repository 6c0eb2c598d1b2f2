//! What keeps an account its holder's.

pub mod devices;
pub mod one_time_links;
pub mod password;
pub mod sessions;
pub mod throttles;
