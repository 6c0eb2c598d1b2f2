//! What is done to objects of the registry, and what it is called.

/// Something that is done to an object of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make a contact.
    ContactCreate,
    /// Ask for an organization.
    OrganizationCreate,
    /// Ask for the report of one's own associations.
    AssociationsReport,
    /// Ask to be linked to a contact.
    LinkRequest,
    /// Read a contact.
    ContactView,
    /// Change a contact.
    ContactChange,
    /// Delete a contact.
    ContactDelete,
    /// Read an organization.
    OrganizationView,
    /// Change an organization and its contacts.
    OrganizationChange,
    /// Delete an organization.
    OrganizationDelete,
    /// Read a network.
    NetworkView,
    /// Change a network.
    NetworkChange,
    /// Remove a network.
    NetworkRemove,
    /// Cut a network out of this one, for someone else.
    NetworkReassign,
    /// Make a customer under this network.
    CustomerCreate,
    /// Read a customer.
    CustomerView,
    /// Change a customer.
    CustomerChange,
    /// Delete a customer.
    CustomerDelete,
    /// Ask for the report of what was cut out of this network, or download it.
    ReassignmentReport,
    /// Read a ticket.
    TicketView,
    /// Add a message to a ticket.
    TicketMessage,
    /// Close a ticket that was decided.
    TicketClose,
    /// Withdraw a ticket that was not.
    TicketWithdraw,
    /// Decide about a request to be linked.
    LinkDecide,
    /// Download a report that is not one's own.
    ReportDownload,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::ContactCreate,
        Self::OrganizationCreate,
        Self::AssociationsReport,
        Self::LinkRequest,
        Self::ContactView,
        Self::ContactChange,
        Self::ContactDelete,
        Self::OrganizationView,
        Self::OrganizationChange,
        Self::OrganizationDelete,
        Self::NetworkView,
        Self::NetworkChange,
        Self::NetworkRemove,
        Self::NetworkReassign,
        Self::CustomerCreate,
        Self::CustomerView,
        Self::CustomerChange,
        Self::CustomerDelete,
        Self::ReassignmentReport,
        Self::TicketView,
        Self::TicketMessage,
        Self::TicketClose,
        Self::TicketWithdraw,
        Self::LinkDecide,
        Self::ReportDownload,
    ];

    /// Its name in the documentation and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::ContactCreate => "poc.create",
            Self::OrganizationCreate => "org.create",
            Self::AssociationsReport => "report.associations",
            Self::LinkRequest => "link.request",
            Self::ContactView => "poc.view",
            Self::ContactChange => "poc.change",
            Self::ContactDelete => "poc.delete",
            Self::OrganizationView => "org.view",
            Self::OrganizationChange => "org.change",
            Self::OrganizationDelete => "org.delete",
            Self::NetworkView => "net.view",
            Self::NetworkChange => "net.change",
            Self::NetworkRemove => "net.remove",
            Self::NetworkReassign => "net.reassign",
            Self::CustomerCreate => "customer.create",
            Self::CustomerView => "customer.view",
            Self::CustomerChange => "customer.change",
            Self::CustomerDelete => "customer.delete",
            Self::ReassignmentReport => "report.reassignment",
            Self::TicketView => "ticket.view",
            Self::TicketMessage => "ticket.message",
            Self::TicketClose => "ticket.close",
            Self::TicketWithdraw => "ticket.withdraw",
            Self::LinkDecide => "link.decide",
            Self::ReportDownload => "report.download",
        }
    }

    /// For people: "change this network".
    pub fn words(self) -> &'static str {
        match self {
            Self::ContactCreate => "make a contact",
            Self::OrganizationCreate => "ask for an organization",
            Self::AssociationsReport => "ask for the associations report",
            Self::LinkRequest => "ask to be linked to a contact",
            Self::ContactView => "read this contact",
            Self::ContactChange => "change this contact",
            Self::ContactDelete => "delete this contact",
            Self::OrganizationView => "read this organization",
            Self::OrganizationChange => "change this organization",
            Self::OrganizationDelete => "delete this organization",
            Self::NetworkView => "read this network",
            Self::NetworkChange => "change this network",
            Self::NetworkRemove => "remove this network",
            Self::NetworkReassign => "reassign from this network",
            Self::CustomerCreate => "make a customer under this network",
            Self::CustomerView => "read this customer",
            Self::CustomerChange => "change this customer",
            Self::CustomerDelete => "delete this customer",
            Self::ReassignmentReport => "get the reassignment report of this network",
            Self::TicketView => "read this ticket",
            Self::TicketMessage => "write on this ticket",
            Self::TicketClose => "close this ticket",
            Self::TicketWithdraw => "withdraw this ticket",
            Self::LinkDecide => "decide about this request",
            Self::ReportDownload => "download this report",
        }
    }
}
