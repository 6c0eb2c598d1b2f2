//! Checks organizations.

use url::Url;

use super::addresses::{address, comment};
use super::links::organization_contacts;
use super::problems::Problems;
use super::texts::{optional, required, unchanged};
use super::{Checked, NewOrganization};
use crate::domain::registry::fields::OrganizationFields;
use crate::domain::registry::organizations::{ContactLink, Organization};

const MAX_NAME_CHARS: usize = 100;
const MAX_TAX_ID_CHARS: usize = 30;
const MAX_URL_CHARS: usize = 255;
/// RFC 1035, section 2.3.4.
const MAX_LABEL_BYTES: usize = 63;

/// An organization that is asked for.
///
/// # Errors
/// All that cannot be accepted.
pub fn new_organization(fields: &OrganizationFields) -> Checked<NewOrganization> {
    let mut problems = Problems::default();
    let name = required(
        &mut problems,
        "orgName",
        fields.name.as_deref(),
        MAX_NAME_CHARS,
    );
    let dba_name = optional(
        &mut problems,
        "dbaName",
        fields.dba_name.as_deref(),
        MAX_NAME_CHARS,
    );
    let sent = fields.contacts.as_deref().unwrap_or_default();
    let contacts = problems.keep(organization_contacts(sent));
    let names = Names { name, dba_name };
    let accepts = fields.accepts_reassignments.unwrap_or(true);
    let organization = whole(&mut problems, fields, names, contacts, accepts);
    problems.or(organization)
}

/// An organization as it is to be.
///
/// # Errors
/// All that cannot be accepted, changes of what cannot be changed included.
pub fn changed_organization(
    fields: &OrganizationFields,
    present: &Organization,
) -> Checked<NewOrganization> {
    let mut problems = Problems::default();
    problems.own_handle(fields.handle.as_deref(), &present.handle);
    let (name, dba_name) = (&present.name, &present.dba_name);
    unchanged(&mut problems, "orgName", fields.name.as_deref(), Some(name));
    unchanged(
        &mut problems,
        "dbaName",
        fields.dba_name.as_deref(),
        dba_name.as_deref(),
    );
    let names = Names {
        name: name.clone(),
        dba_name: dba_name.clone(),
    };
    let contacts = match &fields.contacts {
        Some(sent) => problems.keep(organization_contacts(sent)),
        None => Some(present.contacts.clone()),
    };
    let accepts = fields
        .accepts_reassignments
        .unwrap_or(present.accepts_reassignments);
    let organization = whole(&mut problems, fields, names, contacts, accepts);
    problems.or(organization)
}

/// What an organization is called for good.
struct Names {
    name: String,
    dba_name: Option<String>,
}

fn whole(
    problems: &mut Problems,
    fields: &OrganizationFields,
    names: Names,
    contacts: Option<Vec<ContactLink>>,
    accepts_reassignments: bool,
) -> Option<NewOrganization> {
    let tax_id = optional(
        problems,
        "taxId",
        fields.tax_id.as_deref(),
        MAX_TAX_ID_CHARS,
    );
    let url = optional(problems, "orgUrl", fields.url.as_deref(), MAX_URL_CHARS);
    if !url
        .as_deref()
        .is_none_or(|text| is_web_address(text) || is_referral(text))
    {
        problems.add(
            "orgUrl",
            "Send a web address that begins with http:// or https://, or the host of a referral \
             server, such as rwhois.example.com:4321.",
        );
    }
    let address = address(problems, &fields.address);
    let comment = comment(problems, &fields.comment);
    Some(NewOrganization {
        name: names.name,
        dba_name: names.dba_name,
        tax_id,
        url,
        address: address?,
        comment,
        accepts_reassignments,
        contacts: contacts?,
    })
}

fn is_web_address(text: &str) -> bool {
    !text.contains(char::is_whitespace)
        && Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && text.contains("://")
        })
}

/// "rwhois.example.com" or "rwhois.example.com:4321".
fn is_referral(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    host.split('.').all(is_label) && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::super::addresses::tests::portland;
    use super::super::links::tests::complete;
    use super::*;
    use crate::domain::registry::samples;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn harbor() -> OrganizationFields {
        OrganizationFields {
            name: some("Harbor Example Networks"),
            address: portland(),
            contacts: Some(complete()),
            ..OrganizationFields::default()
        }
    }

    fn elements<T>(checked: Checked<T>) -> Vec<&'static str> {
        let problems = checked.err().unwrap_or_default();
        problems.iter().map(|problem| problem.element).collect()
    }

    #[test]
    fn an_organization_takes_reassignments_unless_it_says_no() {
        let organization = new_organization(&harbor()).unwrap();
        assert!(organization.accepts_reassignments);
        assert_eq!(organization.contacts.len(), 3);
        let fields = OrganizationFields {
            accepts_reassignments: Some(false),
            ..harbor()
        };
        assert!(!new_organization(&fields).unwrap().accepts_reassignments);
        let present = Organization {
            accepts_reassignments: false,
            ..samples::organization()
        };
        assert!(
            !changed_organization(&harbor(), &present)
                .unwrap()
                .accepts_reassignments
        );
    }

    #[test]
    fn everything_is_said_at_once() {
        assert_eq!(
            elements(new_organization(&OrganizationFields::default())),
            [
                "orgName",
                "pocLinks",
                "pocLinks",
                "pocLinks",
                "streetAddress",
                "city",
                "iso3166-1"
            ]
        );
        let fields = OrganizationFields {
            name: some(&"x".repeat(101)),
            dba_name: some("a\u{202E}b"),
            tax_id: some(&"1".repeat(31)),
            url: some("javascript:alert(1)"),
            comment: vec!["a\tb".to_owned()],
            ..harbor()
        };
        assert_eq!(
            elements(new_organization(&fields)),
            ["orgName", "dbaName", "taxId", "orgUrl", "comment"]
        );
    }

    #[test]
    fn an_address_on_the_web_or_a_referral_host() {
        for url in [
            "https://harbor.example.com/",
            "HTTP://example.com",
            "http://[2001:db8::1]:8080/x?y#z",
            "rwhois.example.com",
            "rwhois.example.com:4321",
            "localhost",
        ] {
            let fields = OrganizationFields {
                url: some(url),
                ..harbor()
            };
            assert_eq!(new_organization(&fields).unwrap().url.as_deref(), Some(url));
        }
        for url in [
            "ftp://example.com",
            "https://",
            "https:example.com",
            "rwhois://example.com",
            "example.com/",
            "a b",
            "example.com:",
            "example.com:0",
            "example.com:65536",
            "example.com:x",
            "-a.example",
            "mailto:a@b.c",
            "https://exa mple.com",
        ] {
            let fields = OrganizationFields {
                url: some(url),
                ..harbor()
            };
            assert_eq!(elements(new_organization(&fields)), ["orgUrl"], "{url}");
        }
    }

    #[test]
    fn a_change_clears_what_can_be_left_out_and_keeps_names_and_contacts() {
        let present = Organization {
            tax_id: some("12-345"),
            dba_name: some("Harbor"),
            ..samples::organization()
        };
        let fields = OrganizationFields {
            handle: some("hen-1"),
            name: None,
            contacts: None,
            ..harbor()
        };
        let organization = changed_organization(&fields, &present).unwrap();
        assert_eq!(organization.name, present.name);
        assert_eq!(organization.dba_name, present.dba_name);
        assert_eq!(organization.contacts, present.contacts);
        assert_eq!((organization.tax_id, organization.url), (None, None));
    }

    #[test]
    fn what_cannot_be_changed_is_named() {
        let fields = OrganizationFields {
            handle: some("HEN-2"),
            name: some("Harbour"),
            dba_name: some("Harbor"),
            contacts: Some(Vec::new()),
            ..harbor()
        };
        assert_eq!(
            elements(changed_organization(&fields, &samples::organization())),
            [
                "handle", "orgName", "dbaName", "pocLinks", "pocLinks", "pocLinks"
            ]
        );
    }
}
