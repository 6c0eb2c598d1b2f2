//! The navigation: which pages there are in it, on top and in the side column, and where one is.

use super::Layout;
use crate::web::markup::Icon;

/// A page of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nav {
    /// None of them.
    None,
    /// Overview.
    Overview,
    /// API reference.
    ApiReference,
    /// Settings: profile.
    Profile,
    /// Settings: security.
    Security,
    /// Settings: notifications.
    Notifications,
    /// Settings: API keys.
    ApiKeys,
    /// Settings: usage.
    Usage,
    /// Settings: integrations.
    Integrations,
    /// Settings: contacts.
    Contacts,
    /// Settings: audit log.
    Audit,
    /// Downloads & Services.
    Downloads,
    /// Tickets.
    Tickets,
    /// Operator: health.
    OperatorHealth,
    /// Operator: accounts.
    OperatorAccounts,
    /// Operator: invitations.
    OperatorInvitations,
    /// Operator: mail queue.
    OperatorMail,
    /// Operator: organizations, contacts and networks.
    OperatorRegistry,
    /// Operator: tickets.
    OperatorTickets,
    /// Operator: reports and grants.
    OperatorReports,
    /// Operator: provider keys of the server.
    OperatorIntegrations,
    /// Operator: audit log.
    OperatorAudit,
    /// Operator: configuration.
    OperatorConfiguration,
}

impl Nav {
    /// True for the pages of the operator area.
    pub fn is_operators(self) -> bool {
        match self {
            Self::OperatorHealth
            | Self::OperatorAccounts
            | Self::OperatorInvitations
            | Self::OperatorMail
            | Self::OperatorRegistry
            | Self::OperatorTickets
            | Self::OperatorReports
            | Self::OperatorIntegrations
            | Self::OperatorAudit
            | Self::OperatorConfiguration => true,
            Self::None
            | Self::Overview
            | Self::ApiReference
            | Self::Profile
            | Self::Security
            | Self::Notifications
            | Self::ApiKeys
            | Self::Usage
            | Self::Integrations
            | Self::Contacts
            | Self::Audit
            | Self::Downloads
            | Self::Tickets => false,
        }
    }
}

/// A link of the navigation.
pub struct NavItem {
    /// Where it leads.
    pub href: &'static str,
    /// Its words.
    pub label: &'static str,
    /// Its icon, in the side column.
    pub icon: Icon,
    /// True on the page itself and those below it.
    pub is_current: bool,
}

/// A group of the side column.
pub struct NavGroup {
    /// Its heading.
    pub label: &'static str,
    /// Its links.
    pub items: Vec<NavItem>,
}

impl Layout {
    /// Links of the top bar.
    pub fn top(&self) -> Vec<NavItem> {
        let mut items =
            vec![self.item("/docs/api", "API reference", "book-open", Nav::ApiReference)];
        if self.holder.is_some() {
            items.insert(
                0,
                self.item("/", "Overview", "layout-dashboard", Nav::Overview),
            );
        }
        if self.has_registry && self.holder.is_some() {
            let label = "Downloads & Services";
            items.insert(
                1,
                self.item("/downloads", label, "download", Nav::Downloads),
            );
            items.insert(
                2,
                self.item("/tickets", "Tickets", "list-checks", Nav::Tickets),
            );
        }
        if (self.holder.as_ref()).is_some_and(|holder| holder.is_operator) {
            items.push(NavItem {
                href: "/operator",
                label: "Operator",
                icon: Icon("terminal"),
                is_current: self.nav.is_operators(),
            });
        }
        items
    }

    /// What the side column is of.
    pub fn side_name(&self) -> &'static str {
        if self.nav.is_operators() {
            "Operator"
        } else {
            "Settings"
        }
    }

    /// The side column; empty outside the settings and the operator area.
    pub fn side(&self) -> Vec<NavGroup> {
        if self.nav.is_operators() {
            return self.operator_side();
        }
        if !matches!(
            self.nav,
            Nav::Profile
                | Nav::Security
                | Nav::Notifications
                | Nav::ApiKeys
                | Nav::Usage
                | Nav::Integrations
                | Nav::Contacts
                | Nav::Audit
        ) {
            return Vec::new();
        }
        vec![
            NavGroup {
                label: "Account",
                items: vec![
                    self.item("/settings/profile", "Profile", "user", Nav::Profile),
                    self.item(
                        "/settings/security",
                        "Security",
                        "shield-check",
                        Nav::Security,
                    ),
                    self.item(
                        "/settings/notifications",
                        "Notifications",
                        "bell",
                        Nav::Notifications,
                    ),
                ],
            },
            NavGroup {
                label: "Access",
                items: vec![
                    self.item("/settings/api", "API keys", "key-round", Nav::ApiKeys),
                    self.item(
                        "/settings/integrations",
                        "Integrations",
                        "plug",
                        Nav::Integrations,
                    ),
                    self.item("/settings/usage", "Usage", "chart-column", Nav::Usage),
                ],
            },
            NavGroup {
                label: "Records",
                items: self.records(),
            },
        ]
    }

    fn records(&self) -> Vec<NavItem> {
        let mut items = vec![self.item("/settings/audit", "Audit log", "scroll-text", Nav::Audit)];
        if self.has_registry {
            let contacts = self.item("/settings/contacts", "Contacts", "id-card", Nav::Contacts);
            items.insert(0, contacts);
        }
        items
    }

    fn operator_side(&self) -> Vec<NavGroup> {
        let mut items = vec![
            self.item(
                "/operator/health",
                "Health",
                "circle-check",
                Nav::OperatorHealth,
            ),
            self.item(
                "/operator/accounts",
                "Accounts",
                "user",
                Nav::OperatorAccounts,
            ),
            self.item(
                "/operator/invitations",
                "Invitations",
                "plus",
                Nav::OperatorInvitations,
            ),
            self.item("/operator/mail", "Mail queue", "bell", Nav::OperatorMail),
            self.item(
                "/operator/integrations",
                "Integrations",
                "plug",
                Nav::OperatorIntegrations,
            ),
            self.item(
                "/operator/audit",
                "Audit log",
                "scroll-text",
                Nav::OperatorAudit,
            ),
            self.item(
                "/operator/configuration",
                "Configuration",
                "settings",
                Nav::OperatorConfiguration,
            ),
        ];
        if self.has_registry {
            items.insert(
                3,
                self.item(
                    "/operator/organizations",
                    "Organizations and contacts",
                    "id-card",
                    Nav::OperatorRegistry,
                ),
            );
            items.insert(
                4,
                self.item(
                    "/operator/tickets",
                    "Tickets",
                    "list-checks",
                    Nav::OperatorTickets,
                ),
            );
            let reports = self.item(
                "/operator/reports",
                "Reports and grants",
                "download",
                Nav::OperatorReports,
            );
            items.insert(5, reports);
        }
        let label = "Operator";
        vec![NavGroup { label, items }]
    }

    /// The words of the current page of the side column.
    pub fn side_current(&self) -> &'static str {
        self.side()
            .iter()
            .flat_map(|group| &group.items)
            .find(|item| item.is_current)
            .map_or("", |item| item.label)
    }

    fn item(
        &self,
        href: &'static str,
        label: &'static str,
        icon: &'static str,
        nav: Nav,
    ) -> NavItem {
        NavItem {
            href,
            label,
            icon: Icon(icon),
            is_current: self.nav == nav,
        }
    }
}
