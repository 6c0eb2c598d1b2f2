//! What the pages of single records of the registry share: name, dates and comment, addresses, and who acts for them.

use crate::domain::registry::contacts::LinkedContact;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::postal::PostalAddress;
use crate::web::error::PageError;
use crate::web::markup::TimeView;

/// What every record has.
pub(super) struct Record {
    pub(super) handle: String,
    pub(super) name: String,
    /// Lines.
    pub(super) comment: Vec<String>,
    pub(super) registered: TimeView,
    pub(super) updated: TimeView,
    /// Which time zone the times are in.
    pub(super) zone: String,
}

/// A contact that acts for a record.
pub(super) struct ContactRow {
    pub(super) function: &'static str,
    pub(super) handle: String,
    pub(super) name: String,
}

impl From<&LinkedContact> for ContactRow {
    fn from(linked: &LinkedContact) -> Self {
        Self {
            function: linked.link.function.name(),
            handle: linked.link.contact.to_string(),
            name: linked.name.clone(),
        }
    }
}

/// Lines of an address, as on a letter.
pub(super) fn address_lines(address: &PostalAddress) -> Vec<String> {
    let town = [
        Some(address.city.as_str()),
        address.state.as_deref(),
        address.postal_code.as_deref(),
    ];
    let town: Vec<&str> = town.into_iter().flatten().collect();
    let mut lines = address.street.clone();
    lines.push(town.join(" "));
    lines.push(address.country.name.to_owned());
    lines
}

/// The handle that a path names. What is none names nothing.
pub(super) fn handle_of(text: &str) -> Result<Handle, PageError> {
    text.parse().or(Err(PageError::NotFound))
}
