//! Keys for the APIs of other providers: kept sealed, checked, and used without being revealed.
//!
//! 1. Someone enters a key (`provider_keys`). It is checked with one call, outside of any transaction, and saved by what
//!    that has shown: taken, not yet known, or not at all.
//! 2. A call through keyport opens it (`calls`), the account's own before the instance's (`sharing`), and tells afterwards
//!    what the provider made of it.
//! 3. What a key of ours may call is limited (`limits`), and where a call may lead (`paths`); what it used is read along
//!    (`tokens`).
//! 4. It is opened nowhere else, and nothing shows more of it than its first 4 and last 4 characters.

pub mod calls;
pub mod custom;
pub mod limits;
pub mod paths;
pub mod provider_keys;
pub mod providers;
pub mod sealing;
pub mod sharing;
pub mod tokens;

pub use crate::outbound::providers::{
    Allowed, Answer, AnswerBody, BaseUrl, CDN_LOOP, CallBody, CallError, CallRules, CheckCall,
    Checked, Connector, Endpoint, KeyHeader, ProviderClient, Said, refusal_words,
};
