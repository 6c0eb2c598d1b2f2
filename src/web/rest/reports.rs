//! Calls about reports.

use super::{Call, RestResult};
use crate::web::error::RestError;

/// Answers a call about reports.
pub(super) async fn answer(_call: Call) -> RestResult {
    Err(RestError::bad_request("This call is not answered yet."))
}
