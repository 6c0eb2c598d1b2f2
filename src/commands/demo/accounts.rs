//! The accounts of the demonstration and their keys.

/// A key of the demonstration. Ages and lives in minutes.
pub(super) struct DemoKey {
    pub(super) name: &'static str,
    pub(super) scopes: &'static [&'static str],
    pub(super) age: i64,
    pub(super) life: Option<i64>,
    pub(super) deactivated: Option<i64>,
    pub(super) used: Option<(i64, &'static str, &'static str)>,
}

/// An account of the demonstration.
pub(super) struct DemoAccount {
    pub(super) email: &'static str,
    pub(super) name: &'static str,
    pub(super) operator: bool,
    pub(super) keys: &'static [DemoKey],
}

/// In minutes.
pub(super) const HOUR: i64 = 60;
/// In minutes.
pub(super) const DAY: i64 = 24 * HOUR;

/// Addresses are of the documentation ranges (RFC 5737), names of example.com (RFC 2606).
pub(super) const ACCOUNTS: [DemoAccount; 6] = [
    DemoAccount {
        email: "maren@example.com",
        name: "Maren Okafor",
        operator: false,
        keys: &[
            key("One-off import", &[], 29, Some(HOUR), None, None),
            key(
                "CI deploy, production",
                &["keys:read"],
                87 * DAY - 6 * HOUR,
                Some(90 * DAY),
                None,
                Some((4, "203.0.113.9", "curl/8.14")),
            ),
            key(
                "Mobile app, staging",
                &[],
                12 * DAY,
                Some(30 * DAY),
                None,
                Some((DAY + HOUR, "198.51.100.61", "okhttp/5.1")),
            ),
            key(
                "Grafana data source",
                &["reports:read", "usage:read"],
                69 * DAY,
                Some(90 * DAY),
                None,
                Some((1, "203.0.113.24", "Grafana/12.3")),
            ),
            key(
                "Nightly report sync",
                &["reports:read"],
                324 * DAY,
                Some(365 * DAY),
                None,
                Some((16 * HOUR, "192.0.2.140", "python-requests/2.32")),
            ),
            key(
                "Zone file archive",
                &[],
                629 * DAY,
                None,
                None,
                Some((245 * DAY, "192.0.2.17", "Wget/1.25")),
            ),
            key(
                "Acme vendor trial",
                &[],
                33 * DAY,
                Some(7 * DAY),
                None,
                Some((28 * DAY, "198.51.100.7", "curl/8.14")),
            ),
            key(
                "Jenkins (old CI)",
                &[],
                529 * DAY,
                None,
                Some(82 * DAY),
                Some((83 * DAY, "198.51.100.90", "python-requests/2.32")),
            ),
            key(
                "Load test",
                &[],
                137 * DAY,
                Some(HOUR),
                None,
                Some((137 * DAY - HOUR, "192.0.2.140", "k6/1.2")),
            ),
        ],
    },
    DemoAccount {
        email: "ravi@example.com",
        name: "Ravi Lindqvist",
        operator: false,
        keys: &[],
    },
    DemoAccount {
        email: "operator@example.com",
        name: "Ines Calder",
        operator: true,
        keys: &[key(
            "Gateway",
            &["keys:verify"],
            40 * DAY,
            Some(365 * DAY),
            None,
            Some((0, "192.0.2.1", "nginx")),
        )],
    },
    DemoAccount {
        email: "ines@example.com",
        name: "Ines Duarte",
        operator: false,
        keys: &[key(
            "Abuse desk",
            &[],
            60 * DAY,
            Some(365 * DAY),
            None,
            Some((3 * HOUR, "203.0.113.41", "python-requests/2.32")),
        )],
    },
    DemoAccount {
        email: "tomas@example.com",
        name: "Tomas Rey",
        operator: false,
        keys: &[key(
            "Reassignments",
            &[],
            50 * DAY,
            Some(365 * DAY),
            None,
            Some((30, "198.51.100.12", "pyregrws/1.0.1")),
        )],
    },
    DemoAccount {
        email: "outsider@example.com",
        name: "Olu Marsh",
        operator: false,
        keys: &[key(
            "Bulk data mirror",
            &[],
            45 * DAY,
            Some(365 * DAY),
            None,
            Some((7 * HOUR, "192.0.2.200", "Wget/1.25")),
        )],
    },
];

const fn key(
    name: &'static str,
    scopes: &'static [&'static str],
    age: i64,
    life: Option<i64>,
    deactivated: Option<i64>,
    used: Option<(i64, &'static str, &'static str)>,
) -> DemoKey {
    DemoKey {
        name,
        scopes,
        age,
        life,
        deactivated,
        used,
    }
}
