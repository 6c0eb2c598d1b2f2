//! The API: a file per resource with its request, response, handlers and notes for the OpenAPI document.

pub mod account;
pub mod contacts;
pub mod key_creation;
pub mod keys;
pub mod leaks;
pub mod openapi;
pub mod organizations;
pub mod registry;
pub mod rotation;
pub mod usage;
pub mod verify;
