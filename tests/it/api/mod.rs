//! The API.

mod keys;
mod openapi;
mod presenting;
