//! What tickets are about, how they stand, and how they end: the words of the wire format that there are here.

/// What a ticket is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketKind {
    /// An organization is asked for.
    OrganizationRequest,
    /// A network is to be removed with all under it.
    RemovalRequest,
    /// An account asks to be linked to a role.
    LinkRequest,
    /// What the links of an account reach.
    AssociationsReport,
    /// What was cut out of a network.
    ReassignmentReport,
}

impl TicketKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::OrganizationRequest,
        Self::RemovalRequest,
        Self::LinkRequest,
        Self::AssociationsReport,
        Self::ReassignmentReport,
    ];

    /// Those that keyport prepares by itself.
    pub const REPORTS: [Self; 2] = [Self::AssociationsReport, Self::ReassignmentReport];

    /// The word in the wire format and in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::OrganizationRequest => "ORG_CREATE",
            Self::RemovalRequest => "NET_DELETE_REQUEST",
            Self::LinkRequest => "POC_RECOVERY",
            Self::AssociationsReport => "ASSOCIATIONS_REPORT",
            Self::ReassignmentReport => "USER_REASSIGNMENT_REPORT",
        }
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrganizationRequest => "New organization",
            Self::RemovalRequest => "Remove network",
            Self::LinkRequest => "Request to link",
            Self::AssociationsReport => "Associations report",
            Self::ReassignmentReport => "Reassignment report",
        }
    }

    /// The kind with this word, which is exact.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// True if keyport prepares it by itself.
    pub fn is_report(self) -> bool {
        Self::REPORTS.contains(&self)
    }

    /// True if operators decide about it.
    pub fn is_for_operators(self) -> bool {
        matches!(self, Self::OrganizationRequest | Self::RemovalRequest)
    }
}

/// How a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketStatus {
    /// It waits for a decision.
    PendingReview,
    /// An operator has taken it.
    Assigned,
    /// It is being prepared.
    InProgress,
    /// It was decided.
    Resolved,
    /// It has ended.
    Closed,
}

impl TicketStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::PendingReview,
        Self::Assigned,
        Self::InProgress,
        Self::Resolved,
        Self::Closed,
    ];

    /// Those that have not ended.
    pub const OPEN: [Self; 4] = [
        Self::PendingReview,
        Self::Assigned,
        Self::InProgress,
        Self::Resolved,
    ];

    /// The word in the wire format and in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::PendingReview => "PENDING_REVIEW",
            Self::Assigned => "ASSIGNED",
            Self::InProgress => "IN_PROGRESS",
            Self::Resolved => "RESOLVED",
            Self::Closed => "CLOSED",
        }
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::PendingReview => "Pending review",
            Self::Assigned => "Assigned",
            Self::InProgress => "In progress",
            Self::Resolved => "Resolved",
            Self::Closed => "Closed",
        }
    }

    /// The status with this word, which is exact.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// True if someone or something has yet to answer.
    pub fn is_undecided(self) -> bool {
        matches!(
            self,
            Self::PendingReview | Self::Assigned | Self::InProgress
        )
    }
}

/// How a ticket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// What was asked for was done.
    Accepted,
    /// It was refused.
    Denied,
    /// Who asked took it back.
    Withdrawn,
    /// No one answered in time, or there is nothing left to decide.
    Abandoned,
    /// It was prepared.
    Processed,
    /// It could not be prepared.
    Unsuccessful,
}

impl Resolution {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Accepted,
        Self::Denied,
        Self::Withdrawn,
        Self::Abandoned,
        Self::Processed,
        Self::Unsuccessful,
    ];

    /// The word in the wire format and in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Denied => "DENIED",
            Self::Withdrawn => "WITHDRAWN",
            Self::Abandoned => "ABANDONED",
            Self::Processed => "PROCESSED",
            Self::Unsuccessful => "UNSUCCESSFUL",
        }
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Denied => "Denied",
            Self::Withdrawn => "Withdrawn",
            Self::Abandoned => "Abandoned",
            Self::Processed => "Processed",
            Self::Unsuccessful => "Unsuccessful",
        }
    }

    /// The resolution with this word, which is exact.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|resolution| resolution.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_are_exact() {
        for kind in TicketKind::ALL {
            assert_eq!(TicketKind::from_code(kind.code()), Some(kind));
        }
        for status in TicketStatus::ALL {
            assert_eq!(TicketStatus::from_code(status.code()), Some(status));
        }
        for resolution in Resolution::ALL {
            assert_eq!(Resolution::from_code(resolution.code()), Some(resolution));
        }
        assert_eq!(TicketKind::from_code("org_create"), None);
    }
}
