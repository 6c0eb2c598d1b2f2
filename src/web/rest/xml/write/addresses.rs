//! Writes postal addresses.

use super::Document;
use crate::domain::registry::postal::PostalAddress;

/// The elements of an address, with `street` in place of its own lines.
pub(super) fn address(document: &mut Document, address: &PostalAddress, street: &[String]) {
    document.lines("streetAddress", street);
    document.text("city", &address.city);
    document.optional("iso3166-2", address.state.as_deref());
    document.optional("postalCode", address.postal_code.as_deref());
    let country = address.country;
    document.element("iso3166-1", &[], |document| {
        document.text("name", country.name);
        document.text("code2", country.code2);
        document.text("code3", country.code3);
        if let Some(code) = country.dialing_code {
            document.text("e164", &code.to_string());
        }
    });
}
