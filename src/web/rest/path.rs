//! What a path under `/rest` means: a pure function of the raw path. It is split at `/`, each segment is cut at `;` into
//! its name and matrix parameters, and only then percent-decoded, so that an escaped slash stays a part of a value.

use percent_encoding::percent_decode_str;

/// A thing that can be asked for. Values are as they were written, decoded: what they must look like is said later, to
/// those whose key is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `/poc`
    Contacts,
    /// `/poc/H`
    Contact(String),
    /// `/poc/H/phone`
    Phones(String),
    /// `/poc/H/phone/NUMBER`
    Phone(String, String),
    /// `/poc/H/email/ADDRESS`
    Email(String, String),
    /// `/org`
    Organizations,
    /// `/org/H`
    Organization(String),
    /// `/org/H/poc`
    OrganizationContacts(String),
    /// `/org/H/poc/P`
    OrganizationContact(String, String),
    /// `/net/H`
    Network(String),
    /// `/net/mostSpecificNet/S/E`
    MostSpecificNetwork(String, String),
    /// `/net/parentNet/S/E`
    ParentNetwork(String, String),
    /// `/net/netsByIpRange/S/E`
    NetworksInRange(String, String),
    /// `/net/H/remove`
    NetworkRemoval(String),
    /// `/net/P/reassign`
    Reassignment(String),
    /// `/net/P/reallocate`
    Reallocation(String),
    /// `/net/P/customer`
    NetworkCustomers(String),
    /// `/customer/H`
    Customer(String),
    /// `/ticket`
    Tickets,
    /// `/ticket/summary`
    TicketSummaries,
    /// `/ticket/N`
    Ticket(String),
    /// `/ticket/N/summary`
    TicketSummary(String),
    /// `/ticket/N/message`
    Messages(String),
    /// `/ticket/N/message/M`
    Message(String, String),
    /// `/ticket/N/message/M/attachment/A`
    Attachment(String, String, String),
    /// `/ticket/N/ticketStatus/S`
    TicketStatus(String, String),
    /// `/report/associations`
    AssociationsReport,
    /// `/report/reassignment/NET`
    ReassignmentReport(String),
}

impl Resource {
    /// Its methods, for `Allow`. HEAD goes where GET goes, except where GET opens a ticket.
    pub fn methods(&self) -> &'static str {
        match self {
            Self::Contacts | Self::Organizations | Self::NetworkCustomers(_) => "POST",
            Self::Contact(_) | Self::Organization(_) | Self::Network(_) | Self::Customer(_) => {
                "GET, HEAD, PUT, DELETE"
            }
            Self::Phones(_) | Self::OrganizationContact(..) => "PUT, DELETE",
            Self::Phone(..) | Self::OrganizationContacts(_) => "DELETE",
            Self::Email(..) => "POST, DELETE",
            Self::MostSpecificNetwork(..)
            | Self::ParentNetwork(..)
            | Self::NetworksInRange(..)
            | Self::Tickets
            | Self::TicketSummaries
            | Self::TicketSummary(_)
            | Self::Message(..)
            | Self::Attachment(..) => "GET, HEAD",
            Self::NetworkRemoval(_)
            | Self::Reassignment(_)
            | Self::Reallocation(_)
            | Self::TicketStatus(..) => "PUT",
            Self::Ticket(_) => "GET, HEAD, PUT",
            Self::Messages(_) => "PUT, POST",
            Self::AssociationsReport | Self::ReassignmentReport(_) => "GET",
        }
    }

    /// True if it takes this method.
    pub fn takes(&self, method: &str) -> bool {
        self.methods().split(", ").any(|taken| taken == method)
    }
}

/// A resource, with the matrix parameters of its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What is asked for.
    pub resource: Resource,
    /// Names and values, wherever in the path they stood.
    pub parameters: Vec<(String, String)>,
}

impl Target {
    /// The value of a parameter, whose name is exact; the last one if it is repeated.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        (self.parameters.iter().rev())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads the part of a raw path behind `/rest`; `None` if nothing is offered there.
pub fn parse(raw: &str) -> Option<Target> {
    let mut parameters = Vec::new();
    let mut segments = Vec::new();
    for segment in raw.trim_start_matches('/').split('/') {
        let mut parts = segment.split(';');
        segments.push(decoded(parts.next().unwrap_or_default())?);
        for part in parts.filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            parameters.push((decoded(name)?, decoded(value)?));
        }
    }
    // A slash at the end, with parameters behind it or not.
    if segments.last().is_some_and(String::is_empty) {
        segments.pop();
    }
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    resource(&segments).map(|resource| Target {
        resource,
        parameters,
    })
}

fn resource(segments: &[&str]) -> Option<Resource> {
    let own = |text: &str| text.to_owned();
    if segments.iter().any(|segment| segment.is_empty()) {
        return None;
    }
    Some(match *segments {
        ["poc"] => Resource::Contacts,
        ["poc", handle] => Resource::Contact(own(handle)),
        ["poc", handle, "phone"] => Resource::Phones(own(handle)),
        ["poc", handle, "phone", number] => Resource::Phone(own(handle), own(number)),
        ["poc", handle, "email", address] => Resource::Email(own(handle), own(address)),
        ["org"] => Resource::Organizations,
        ["org", handle] => Resource::Organization(own(handle)),
        ["org", handle, "poc"] => Resource::OrganizationContacts(own(handle)),
        ["org", handle, "poc", contact] => Resource::OrganizationContact(own(handle), own(contact)),
        ["net", "mostSpecificNet", start, end] => {
            Resource::MostSpecificNetwork(own(start), own(end))
        }
        ["net", "parentNet", start, end] => Resource::ParentNetwork(own(start), own(end)),
        ["net", "netsByIpRange", start, end] => Resource::NetworksInRange(own(start), own(end)),
        ["net", handle] => Resource::Network(own(handle)),
        ["net", handle, "remove"] => Resource::NetworkRemoval(own(handle)),
        ["net", handle, "reassign"] => Resource::Reassignment(own(handle)),
        ["net", handle, "reallocate"] => Resource::Reallocation(own(handle)),
        ["net", handle, "customer"] => Resource::NetworkCustomers(own(handle)),
        ["customer", handle] => Resource::Customer(own(handle)),
        ["ticket"] => Resource::Tickets,
        ["ticket", "summary"] => Resource::TicketSummaries,
        ["ticket", number] => Resource::Ticket(own(number)),
        ["ticket", number, "summary"] => Resource::TicketSummary(own(number)),
        ["ticket", number, "message"] => Resource::Messages(own(number)),
        ["ticket", number, "message", message] => Resource::Message(own(number), own(message)),
        [
            "ticket",
            number,
            "message",
            message,
            "attachment",
            attachment,
        ] => Resource::Attachment(own(number), own(message), own(attachment)),
        ["ticket", number, "ticketStatus", status] => {
            Resource::TicketStatus(own(number), own(status))
        }
        ["report", "associations"] => Resource::AssociationsReport,
        ["report", "reassignment", network] => Resource::ReassignmentReport(own(network)),
        _ => return None,
    })
}

/// `+` stays a plus; what is not UTF-8 is nothing of ours.
fn decoded(text: &str) -> Option<String> {
    (percent_decode_str(text).decode_utf8().ok()).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(raw: &str) -> Target {
        parse(raw).unwrap_or_else(|| panic!("{raw} is nothing"))
    }

    #[test]
    fn parameters_may_stand_before_and_behind_a_slash_at_the_end() {
        for raw in [
            "/poc;makeLink=true",
            "/poc/;makeLink=true",
            "/poc;makeLink=true/",
        ] {
            let target = target(raw);
            assert_eq!(target.resource, Resource::Contacts, "{raw}");
            assert_eq!(target.parameter("makeLink"), Some("true"), "{raw}");
            assert_eq!(target.parameter("makelink"), None, "{raw}");
        }
        let phones = target("/poc/MO1-KP/phone/;type=O");
        assert_eq!(phones.resource, Resource::Phones("MO1-KP".to_owned()));
        assert_eq!(phones.parameter("type"), Some("O"));
    }

    #[test]
    fn values_are_decoded_after_they_were_cut_apart() {
        let email = target("/poc/MO1-KP/email/maren%2Fx%3By+z@example.com");
        let address = "maren/x;y+z@example.com".to_owned();
        assert_eq!(
            email.resource,
            Resource::Email("MO1-KP".to_owned(), address)
        );
    }

    #[test]
    fn words_are_exact_and_win_over_handles() {
        let (start, end) = ("192.0.2.0".to_owned(), "192.0.2.255".to_owned());
        assert_eq!(
            target("/net/parentNet/192.0.2.0/192.0.2.255").resource,
            Resource::ParentNetwork(start, end)
        );
        for raw in [
            "/net/parentnet/192.0.2.0/192.0.2.255",
            "/",
            "",
            "/delegation/1",
            "/poc//email/a",
            "/ticket/1/2",
            "/poc/%FF",
        ] {
            assert_eq!(parse(raw), None, "{raw}");
        }
    }

    #[test]
    fn each_resource_takes_its_methods() {
        assert!(target("/poc/A").resource.takes("HEAD"));
        assert!(!target("/poc/A").resource.takes("POST"));
        assert!(!target("/report/associations").resource.takes("HEAD"));
    }
}
