//! Checks networks.

use super::addresses::comment;
use super::blocks::{joined, kind, range};
use super::customers::new_customer;
use super::links::{network_contacts, no_contacts};
use super::problems::{Problems, quoted};
use super::texts::{required, trimmed};
use super::{Checked, ImportedNetwork, NetworkChange, NewNetwork, Recipient};
use crate::domain::registry::fields::{BlockFields, NetworkFields};
use crate::domain::registry::handles::Handle;
use crate::domain::registry::networks::{Holder, Network, NetworkKind};
use crate::domain::registry::ranges::IpRange;

const MAX_NAME_CHARS: usize = 50;
/// No range of IPv6 needs more: one of each length on either side.
const MAX_BLOCKS: usize = 256;

/// A network that is to be cut from another one.
///
/// # Errors
/// All that cannot be accepted.
pub fn new_network(fields: &NetworkFields) -> Checked<NewNetwork> {
    let mut problems = Problems::default();
    let name = name(&mut problems, fields);
    let block = match fields.blocks.as_deref() {
        Some([block]) => Some(block),
        Some([_, _, ..]) => {
            problems.add(
                "netBlocks",
                "Send exactly one netBlock: a network is cut as one range.",
            );
            None
        }
        Some([]) | None => {
            problems.add("netBlocks", "Send the addresses as one netBlock.");
            None
        }
    };
    let range = block.and_then(|block| range(&mut problems, block));
    let kind = block.and_then(|block| kind(&mut problems, block));
    version(&mut problems, fields, range);
    no_contacts(
        &mut problems,
        fields.contacts.as_deref(),
        "A new network has no contacts of its own. Leave pocLinks out, and add them by a change.",
    );
    let recipient = recipient(&mut problems, fields);
    let comment = comment(&mut problems, &fields.comment);
    let network = range.zip(recipient).map(|(range, recipient)| NewNetwork {
        name,
        range,
        kind: kind.map(|kind| kind.code().to_owned()),
        parent: trimmed(fields.parent.as_deref()).map(str::to_owned),
        recipient,
        comment,
    });
    problems.or(network)
}

/// A network as it is to be.
///
/// # Errors
/// All that cannot be accepted, changes of what cannot be changed included.
pub fn changed_network(fields: &NetworkFields, present: &Network) -> Checked<NetworkChange> {
    let mut problems = Problems::default();
    problems.own_handle(fields.handle.as_deref(), &present.handle);
    let name = name(&mut problems, fields);
    version(&mut problems, fields, Some(present.range));
    if let Some(blocks) = &fields.blocks {
        same_blocks(&mut problems, blocks, present);
    }
    let (organization, customer) = match &present.holder {
        Holder::Organization(handle) => (Some(handle), None),
        Holder::Customer(handle) => (None, Some(handle)),
    };
    problems.same_handle("orgHandle", fields.organization.as_deref(), organization);
    problems.same_handle(
        "customerHandle",
        fields.customer_handle.as_deref(),
        customer,
    );
    if fields.customer.is_some() {
        problems.add("customer", "The holder cannot be changed. Leave this out.");
    }
    problems.same_handle(
        "parentNetHandle",
        fields.parent.as_deref(),
        present.parent.as_ref(),
    );
    let contacts = match (&fields.contacts, customer) {
        (Some(_), Some(_)) => {
            no_contacts(
                &mut problems,
                fields.contacts.as_deref(),
                "A customer's network has no contacts of its own. Leave pocLinks out.",
            );
            Vec::new()
        }
        (Some(sent), None) => network_contacts(&mut problems, sent),
        (None, _) => present.contacts.clone(),
    };
    let comment = comment(&mut problems, &fields.comment);
    problems.or(Some(NetworkChange {
        name,
        comment,
        contacts,
    }))
}

/// A network that an operator brings along: with its type, its contacts, and as many blocks as its range needs.
///
/// # Errors
/// All that cannot be accepted.
pub fn imported_network(fields: &NetworkFields) -> Checked<ImportedNetwork> {
    let mut problems = Problems::default();
    let name = name(&mut problems, fields);
    let blocks = fields.blocks.as_deref().unwrap_or_default();
    let range = whole_range(&mut problems, blocks);
    let kind = one_kind(&mut problems, blocks);
    version(&mut problems, fields, range);
    let holder = recipient(&mut problems, fields).and_then(|recipient| match recipient {
        Recipient::Organization(text) => {
            handle(&mut problems, "orgHandle", &text).map(Holder::Organization)
        }
        Recipient::Customer(text) => {
            handle(&mut problems, "customerHandle", &text).map(Holder::Customer)
        }
        Recipient::NewCustomer(_) => {
            problems.add(
                "customer",
                "Send the customer as a record of its own, and its handle here.",
            );
            None
        }
    });
    let sent = fields.contacts.as_deref().unwrap_or_default();
    let contacts = match holder {
        Some(Holder::Customer(_)) => {
            let words = "A customer's network has no contacts of its own. Leave pocLinks out.";
            no_contacts(&mut problems, Some(sent), words);
            Vec::new()
        }
        Some(Holder::Organization(_)) | None => network_contacts(&mut problems, sent),
    };
    let comment = comment(&mut problems, &fields.comment);
    let network = range.zip(kind).zip(holder);
    let network = network.map(|((range, kind), holder)| ImportedNetwork {
        name,
        range,
        kind,
        holder,
        parent: trimmed(fields.parent.as_deref()).map(str::to_owned),
        comment,
        contacts,
    });
    problems.or(network)
}

fn name(problems: &mut Problems, fields: &NetworkFields) -> String {
    let name = required(problems, "netName", fields.name.as_deref(), MAX_NAME_CHARS);
    let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ' ');
    if !name.chars().all(is_sign) {
        problems.add("netName", "Use letters A to Z, digits, hyphens and spaces.");
    }
    name
}

/// Notes a version that is sent and is not that of the addresses.
fn version(problems: &mut Problems, fields: &NetworkFields, range: Option<IpRange>) {
    if let (Some(sent), Some(range)) = (fields.version, range)
        && sent != range.version()
    {
        problems.add(
            "version",
            format!(
                "These are addresses of IPv{}. Leave this out, or send that.",
                range.version()
            ),
        );
    }
}

/// Who is to hold a new network: named in exactly one way.
fn recipient(problems: &mut Problems, fields: &NetworkFields) -> Option<Recipient> {
    let organization = trimmed(fields.organization.as_deref());
    let customer_handle = trimmed(fields.customer_handle.as_deref());
    let sent = [
        organization.map(|_| "orgHandle"),
        customer_handle.map(|_| "customerHandle"),
        fields.customer.as_ref().map(|_| "customer"),
    ];
    let sent: Vec<&'static str> = sent.into_iter().flatten().collect();
    if sent.is_empty() {
        problems.add(
            "orgHandle",
            "Name who is to hold the network: by orgHandle, customerHandle or customer.",
        );
    }
    for element in sent.iter().skip(1) {
        problems.add(
            element,
            format!(
                "A network has one holder, and {} names it too. Send one of both.",
                sent[0]
            ),
        );
    }
    let new_customer = (fields.customer.as_ref())
        .and_then(|customer| problems.keep(new_customer(customer)))
        .map(Recipient::NewCustomer);
    let organization = organization.map(|text| Recipient::Organization(text.to_owned()));
    let customer = customer_handle.map(|text| Recipient::Customer(text.to_owned()));
    organization.or(customer).or(new_customer)
}

/// Notes blocks that are not the network's own.
fn same_blocks(problems: &mut Problems, blocks: &[BlockFields], present: &Network) {
    if blocks.len() > MAX_BLOCKS {
        problems.add(
            "netBlocks",
            "Leave the addresses out, or send them as they are.",
        );
        return;
    }
    for block in blocks {
        if kind(problems, block).is_some_and(|kind| kind != present.kind) {
            problems.add(
                "type",
                format!(
                    "This network is {} ({}), and that cannot be changed. Leave it out.",
                    present.kind.name(),
                    present.kind.code()
                ),
            );
        }
    }
    let ranges: Vec<Option<IpRange>> = blocks.iter().map(|block| range(problems, block)).collect();
    let is_readable = ranges.iter().all(Option::is_some);
    if is_readable && joined(ranges.into_iter().flatten().collect()) != Some(present.range) {
        problems.add(
            "netBlocks",
            format!(
                "This network is {}, and its addresses cannot be changed. Leave them out.",
                present.range
            ),
        );
    }
}

fn whole_range(problems: &mut Problems, blocks: &[BlockFields]) -> Option<IpRange> {
    if blocks.is_empty() || blocks.len() > MAX_BLOCKS {
        problems.add(
            "netBlocks",
            "Send the addresses as one netBlock or several.",
        );
        return None;
    }
    let ranges: Option<Vec<IpRange>> = (blocks.iter())
        .map(|block| range(problems, block))
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    let whole = joined(ranges?);
    if whole.is_none() {
        problems.add(
            "netBlocks",
            "A network is one range. Send blocks that lie side by side.",
        );
    }
    whole
}

fn one_kind(problems: &mut Problems, blocks: &[BlockFields]) -> Option<NetworkKind> {
    let kinds: Vec<Option<NetworkKind>> =
        blocks.iter().map(|block| kind(problems, block)).collect();
    let first = kinds.first().copied()?;
    if first.is_none() || kinds.iter().any(|kind| *kind != first) {
        problems.add("type", "Send the same type in every block: DA, A or S.");
    }
    first
}

fn handle(problems: &mut Problems, element: &'static str, text: &str) -> Option<Handle> {
    let handle = text.parse().ok();
    if handle.is_none() {
        problems.add(element, format!("{} is no handle.", quoted(text)));
    }
    handle
}

#[cfg(test)]
mod tests;
