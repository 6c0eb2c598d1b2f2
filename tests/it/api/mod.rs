//! The API.

mod keys;
mod presenting;
