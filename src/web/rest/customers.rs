//! Calls about customers.

use super::{Call, RestResult};
use crate::web::error::RestError;

/// Answers a call about customers.
pub(super) async fn answer(_call: Call) -> RestResult {
    Err(RestError::bad_request("This call is not answered yet."))
}
