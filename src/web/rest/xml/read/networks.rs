//! Reads networks.

use super::fields::Fields;
use super::records::{customer, links};
use super::tree::Element;
use crate::domain::registry::fields::{BlockFields, NetworkFields};

/// Types of blocks that follow the schema: those that networks have here, and those that other registries give.
const TYPES: [&str; 18] = [
    "DA", "A", "S", "AF", "AP", "AR", "AV", "FX", "IR", "IU", "LN", "LX", "PV", "PX", "RD", "RN",
    "RV", "RX",
];

/// What is in a `net`.
pub(super) fn network(fields: &mut Fields, element: &Element) -> NetworkFields {
    let names = [
        "version",
        "handle",
        "netName",
        "netBlocks",
        "orgHandle",
        "customerHandle",
        "customer",
        "parentNetHandle",
        "comment",
        "pocLinks",
    ];
    let found = fields.children(element, &names, &[]);
    NetworkFields {
        handle: fields.text(&found, "handle"),
        version: fields.one_of(&found, "version", "4 and 6", |text| match text {
            "4" => Some(4),
            "6" => Some(6),
            _ => None,
        }),
        name: fields.text(&found, "netName"),
        blocks: found.get("netBlocks").map(|blocks| {
            let blocks = fields.list(blocks, "netBlock");
            (blocks.into_iter().map(|element| block(fields, element))).collect()
        }),
        organization: fields.text(&found, "orgHandle"),
        customer_handle: fields.text(&found, "customerHandle"),
        customer: (found.get("customer"))
            .filter(|element| !element.is_empty())
            .map(|element| customer(fields, element)),
        parent: fields.text(&found, "parentNetHandle"),
        comment: fields.lines(&found, "comment"),
        contacts: links(fields, &found),
    }
}

fn block(fields: &mut Fields, element: &Element) -> BlockFields {
    let names = ["type", "startAddress", "endAddress", "cidrLength"];
    let found = fields.children(element, &names, &[]);
    let words = "the types of networks, such as A and S";
    let kind = |text: &str| TYPES.contains(&text).then(|| text.to_owned());
    BlockFields {
        start: fields.text(&found, "startAddress"),
        end: fields.text(&found, "endAddress"),
        length: fields.text(&found, "cidrLength"),
        kind: fields.one_of(&found, "type", words, kind),
    }
}
