//! The API.

mod forward_auth;
mod keys;
mod limits;
mod openapi;
mod presenting;
mod rotation;
mod usage;
mod verify;
