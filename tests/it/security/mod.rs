//! What must hold for every route and every file.

mod access;
mod failures;
mod nul;
mod secrets;
