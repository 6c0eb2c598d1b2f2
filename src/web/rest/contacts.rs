//! Calls about contacts.

use super::{Call, RestResult};
use crate::web::error::RestError;

/// Answers a call about contacts.
pub(super) async fn answer(_call: Call) -> RestResult {
    Err(RestError::bad_request("This call is not answered yet."))
}
