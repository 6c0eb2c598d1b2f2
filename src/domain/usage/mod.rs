//! The usage log: every request that names a key is counted, beside the request path.

mod ledger;
pub mod outcome;
pub mod recorder;
pub mod retention;
pub mod summary;
pub mod tokens;
mod writing;

pub use self::ledger::{Exposure, Exposures, UpstreamUse, Use, minute_of};
