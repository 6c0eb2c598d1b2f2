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
