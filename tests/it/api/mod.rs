//! The API.

mod forward_auth;
mod keys;
mod leaks;
mod limits;
mod openapi;
mod presenting;
mod rotation;
mod usage;
mod verify;
