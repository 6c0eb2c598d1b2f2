//! The usage log: every request that names a key is counted, beside the request path.

mod key_notes;
mod ledger;
pub mod outcome;
pub mod recorder;
pub mod retention;
pub mod summary;
pub mod tokens;
mod uses;
mod writing;

pub use self::uses::{Exposure, Exposures, UpstreamUse, Use, minute_of};
