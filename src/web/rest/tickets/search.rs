//! Searches for tickets by type and status.

use super::{refers, views};
use crate::domain::api_keys::scopes::REGISTRY_READ;
use crate::domain::registry::tickets::documents::{self, Wish};
use crate::domain::registry::tickets::reading::Wanted;
use crate::domain::registry::tickets::{TicketKind, TicketStatus};
use crate::web::error::RestError;
use crate::web::rest::path::Target;
use crate::web::rest::xml::write;
use crate::web::rest::{Call, RestResult, document};

const ANY: &str = "ANY";
const ANY_OPEN: &str = "ANY_OPEN";

/// Types of the wire format that nothing here opens.
const OTHER_TYPES: [&str; 28] = [
    "QUESTION",
    "REASSIGNMENT_REPORT",
    "WHOWAS_REPORT",
    "WHOWAS_ACCESS",
    "EDIT_ORG_NAME",
    "ORG_RECOVERY",
    "TRANSFER_PREAPPROVAL",
    "TRANSFER_RECIPIENT_82",
    "TRANSFER_RECIPIENT_83",
    "TRANSFER_SOURCE_83",
    "TRANSFER_RECIPIENT_84",
    "TRANSFER_SOURCE_84",
    "TRANSFER_LISTING_SERVICE",
    "IPV4_SIMPLE_REASSIGN",
    "IPV4_DETAILED_REASSIGN",
    "IPV4_REALLOCATE",
    "IPV6_DETAILED_REASSIGN",
    "IPV6_REALLOCATE",
    "ISP_IPV4_REQUEST",
    "ISP_IPV6_REQUEST",
    "CREATE_RESOURCE_CERTIFICATE",
    "CREATE_ROA",
    "END_USER_IPV4_REQUEST",
    "END_USER_IPV6_REQUEST",
    "ASN_REQUEST",
    "EDIT_BILLING_CONTACT_INFO",
    "BULK_WHOIS_ACCESS",
    "IRR_REQUEST",
];

/// States of the wire format that no ticket here comes to.
const OTHER_STATUSES: [&str; 4] = [
    "PENDING_CONFIRMATION",
    "PENDING_CUSTOMER_REVIEW",
    "WAIT_LIST",
    "APPROVED",
];

/// Answers with tickets, or only with their summaries.
pub(super) async fn answer(call: Call, only_summaries: bool) -> RestResult {
    let wanted = wanted(&call.target)?;
    let refers = refers(&call.query)?;
    let reading = super::reading(&call);
    if !reading.reports && !reading.others {
        return Err(RestError::missing_scope(REGISTRY_READ));
    }
    let wish = Wish::Search(wanted);
    let found = if only_summaries {
        let tickets = (call.state.pool)
            .read(move |db| documents::select(db, reading, &wish))
            .await?;
        tickets.iter().map(views::summary).collect()
    } else {
        views::with_messages(&call, wish, refers).await?
    };
    Ok(document(write::tickets(&found), None))
}

fn wanted(target: &Target) -> Result<Wanted, RestError> {
    let (kind, status) = (
        target.parameter("ticketType"),
        target.parameter("ticketStatus"),
    );
    if kind.is_none() && status.is_none() {
        return Err(RestError::bad_request(
            "Say which tickets: ;ticketType=ANY, or ;ticketStatus=ANY_OPEN, for example.",
        ));
    }
    Ok(Wanted {
        kinds: kind.map(kinds).transpose()?.flatten(),
        statuses: status.map(statuses).transpose()?.flatten(),
    })
}

fn kinds(word: &str) -> Result<Option<Vec<TicketKind>>, RestError> {
    match (word, TicketKind::from_code(word)) {
        (ANY, _) => Ok(None),
        (_, Some(kind)) => Ok(Some(vec![kind])),
        (other, None) if OTHER_TYPES.contains(&other) => Ok(Some(Vec::new())),
        _ => Err(RestError::bad_request(
            "There is no such ticketType. ANY stands for all of them.",
        )),
    }
}

fn statuses(word: &str) -> Result<Option<Vec<TicketStatus>>, RestError> {
    match (word, TicketStatus::from_code(word)) {
        (ANY, _) => Ok(None),
        (ANY_OPEN, _) => Ok(Some(TicketStatus::OPEN.to_vec())),
        (_, Some(status)) => Ok(Some(vec![status])),
        (other, None) if OTHER_STATUSES.contains(&other) => Ok(Some(Vec::new())),
        _ => Err(RestError::bad_request(
            "There is no such ticketStatus. ANY stands for all of them, ANY_OPEN for those that are not CLOSED.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::rest::path::parse;

    fn of(path: &str) -> Result<Wanted, RestError> {
        wanted(&parse(path).unwrap())
    }

    #[test]
    fn type_or_status_is_asked_for_in_the_words_of_the_wire_format() {
        let none = Wanted {
            kinds: Some(Vec::new()),
            statuses: None,
        };
        assert_eq!(of("/ticket;ticketType=ANY").unwrap(), Wanted::default());
        assert_eq!(of("/ticket;ticketType=WHOWAS_REPORT").unwrap(), none);
        assert_eq!(
            of("/ticket;ticketStatus=ANY_OPEN").unwrap().statuses,
            Some(TicketStatus::OPEN.to_vec())
        );
        let both = of("/ticket/summary;ticketType=ORG_CREATE;ticketStatus=CLOSED").unwrap();
        assert_eq!(both.kinds, Some(vec![TicketKind::OrganizationRequest]));
        assert_eq!(both.statuses, Some(vec![TicketStatus::Closed]));
        for path in [
            "/ticket",
            "/ticket;ticketType=org_create",
            "/ticket;ticketStatus=DONE",
            "/ticket;ticketType=ANY_OPEN",
        ] {
            assert!(of(path).is_err(), "{path}");
        }
    }
}
