//! Downloads: how files and reports are sent, by session and by key.
//!
//! 1. The caller is known, and the report exists.
//! 2. The download is counted against the account's limit.
//! 3. Rights are read, anew each time.
//! 4. What is sent is found or made ([`fetch`]).
//! 5. What the request already has, and which part it wants, is decided (`conditions`).
//! 6. The audit entry is written. If it cannot be, nothing is sent.
//! 7. The bytes follow chunk by chunk (`body`); nothing is held in between.

mod body;
mod bulk;
pub mod calls;
mod conditions;
pub mod fetch;
pub mod send;
