//! The operator area.

mod accounts;
mod acts;
mod invitations;
mod mail;
mod overview;
