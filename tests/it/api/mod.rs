//! The API.

mod keys;
mod limits;
mod openapi;
mod presenting;
