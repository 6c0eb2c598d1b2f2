//! Writes networks.

use super::organizations::links;
use super::{CORE_ROOT, Document, document};
use crate::domain::registry::networks::{Holder, Network};
use crate::domain::registry::ranges::padded;

/// A `net`.
pub fn network(network: &Network) -> String {
    document("net", CORE_ROOT, |document| content(document, network))
}

/// A `ticketedRequest` that was carried out at once, with its network.
pub fn ticketed_network(network: &Network) -> String {
    document("ticketedRequest", CORE_ROOT, |document| {
        document.element("net", &[], |document| content(document, network));
    })
}

/// What is in a `net`.
pub(super) fn content(document: &mut Document, network: &Network) {
    document.text("version", &network.range.version().to_string());
    document.text("handle", network.handle.as_str());
    document.time("registrationDate", network.registered_at);
    document.text("netName", &network.name);
    document.element("netBlocks", &[], |document| {
        for block in network.range.prefixes() {
            document.element("netBlock", &[], |document| {
                document.text("type", network.kind.code());
                document.text("description", network.kind.name());
                document.text("startAddress", &padded(block.network()));
                document.text("endAddress", &padded(block.broadcast()));
                document.text("cidrLength", &block.prefix_len().to_string());
            });
        }
    });
    match &network.holder {
        Holder::Organization(handle) => document.text("orgHandle", handle.as_str()),
        Holder::Customer(handle) => document.text("customerHandle", handle.as_str()),
    }
    let parent = network.parent.as_ref();
    document.optional("parentNetHandle", parent.map(|parent| parent.as_str()));
    document.lines("comment", &network.comment);
    links(document, &network.contacts);
}
