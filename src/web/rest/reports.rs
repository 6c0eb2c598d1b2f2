//! Calls for reports, which open tickets.

use super::path::Resource;
use super::{Call, RestResult, document, tickets};
use crate::domain::registry::handles::Handle;
use crate::domain::registry::tickets::opening::{self, ReportRequest};
use crate::web::error::RestError;

/// Answers a call for a report.
pub(super) async fn answer(call: Call) -> RestResult {
    let report = match &call.target.resource {
        Resource::AssociationsReport => ReportRequest::Associations,
        Resource::ReassignmentReport(network) => {
            let network: Handle = network.parse().map_err(|_malformed| {
                RestError::no_record("There is no network with this handle.")
            })?;
            ReportRequest::Reassignments(network)
        }
        _ => return Err(RestError::bad_request("This is no call for a report.")),
    };
    let (act, me) = (call.act, call.me);
    let ticket = (call.state.pool)
        .write(move |db| opening::open_report_request(db, &act, me, &report, false))
        .await?;
    if let Some(preparer) = &call.state.preparer {
        preparer.wake();
    }
    Ok(document(tickets::opened(&ticket), None))
}
