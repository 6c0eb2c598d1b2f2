//! The operator area.

mod accounts;
mod acts;
mod mail;
mod overview;
