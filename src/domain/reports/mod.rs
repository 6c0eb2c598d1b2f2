//! Reports: what accounts can download, and the files that they are kept in.
//!
//! Own reports ([`own`]) tell an account of itself and are made when they are asked for. The whole registry ([`bulk`]) is
//! made once for each state of it. What operators publish ([`published`]) has editions. The latter two need a grant
//! ([`grants`]), unless everyone may have them.

pub mod archive;
pub mod bulk;
pub mod error;
pub mod files;
pub mod grants;
pub mod offers;
pub mod own;
pub mod published;
pub mod slug;
pub mod spool;

pub use error::ReportError;
pub use slug::Slug;

use crate::domain::audit::{Act, Action, Outcome};
use crate::ids::AccountId;
use crate::store::{Db, StoreError};

/// The slug of the whole registry.
pub const BULK_SLUG: &str = "bulk-registry";

/// Writes down that an account downloads something, before its first byte is sent. `what` says what, and which part.
///
/// # Errors
/// If the database fails: then nothing must be sent.
pub fn record_download(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    what: &str,
) -> Result<(), StoreError> {
    act.record(db, Some(me), Action::Download, Some(what), Outcome::Done)
}
