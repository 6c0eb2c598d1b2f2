//! What was cut out of a network: all networks below it, by address, and lines for what it has not given away.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::IpAddr;

use super::super::ReportError;
use super::cells::Lines;
use super::{BATCH, no_network};
use crate::domain::registry::authority::{Action, decide};
use crate::domain::registry::customers::Customer;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::ranges::IpRange;
use crate::domain::registry::reach::Reader;
use crate::ids::AccountId;
use crate::store::registry::customers::{self, CustomerRow};
use crate::store::registry::networks::{self, NetworkRow};
use crate::store::registry::organizations;
use crate::store::{Db, StoreError};

/// Writes it.
pub(super) fn write<W: Write>(
    db: &mut Db,
    me: AccountId,
    network: &Handle,
    lines: &mut Lines<W>,
) -> Result<(), ReportError> {
    lines.line([
        "net",
        "parent_net",
        "depth",
        "type",
        "start_address",
        "end_address",
        "cidrs",
        "net_name",
        "holder",
        "holder_name",
        "registered_at",
    ])?;
    let unknown = || no_network(network.as_str());
    let top = networks::find(db, network.as_str())?.ok_or_else(unknown)?;
    let whole = IpRange::from_bytes(&top.start_ip, &top.end_ip).ok_or_else(unknown)?;
    let mut walk = Walk::new(network.as_str(), whole);
    let mut behind = None;
    loop {
        let found = networks::list_within(db, &top, behind.as_ref(), BATCH)?;
        let Some(last) = found.last() else {
            break;
        };
        behind = Some((last.start_ip.clone(), last.end_ip.clone()));
        let holders = holders(db, me, &found)?;
        for row in &found {
            let Some(range) = IpRange::from_bytes(&row.start_ip, &row.end_ip) else {
                continue;
            };
            let depth = walk.depth_of(range);
            if depth == 1 {
                for free in walk.free_before(range) {
                    walk.free_line(free, lines)?;
                }
            }
            line(row, range, depth, &holders, lines)?;
        }
    }
    for free in walk.free_at_the_end() {
        walk.free_line(free, lines)?;
    }
    Ok(())
}

/// Where the walk through the networks is.
struct Walk<'a> {
    top: &'a str,
    whole: IpRange,
    /// The networks around the present one.
    around: Vec<IpRange>,
    /// The last network that was cut from the top itself.
    last: Option<IpRange>,
}

impl<'a> Walk<'a> {
    fn new(top: &'a str, whole: IpRange) -> Self {
        Self {
            top,
            whole,
            around: Vec::new(),
            last: None,
        }
    }

    /// How far below the top a network is: networks overlap only if one was cut from the other.
    fn depth_of(&mut self, range: IpRange) -> usize {
        while self.around.last().is_some_and(|last| !last.contains(range)) {
            self.around.pop();
        }
        self.around.push(range);
        self.around.len()
    }

    /// What is free between the last network that was cut from the top, and this one.
    fn free_before(&mut self, range: IpRange) -> Vec<IpRange> {
        let from = self.last.map_or(self.whole.start(), IpRange::start);
        let taken: Vec<IpRange> = self.last.into_iter().chain([range]).collect();
        self.last = Some(range);
        IpRange::new(from, range.end()).map_or_else(Vec::new, |part| part.without(&taken))
    }

    /// What is free behind the last one.
    fn free_at_the_end(&self) -> Vec<IpRange> {
        let from = self.last.map_or(self.whole.start(), IpRange::start);
        let taken: Vec<IpRange> = self.last.into_iter().collect();
        IpRange::new(from, self.whole.end()).map_or_else(Vec::new, |part| part.without(&taken))
    }

    fn free_line<W: Write>(&self, range: IpRange, lines: &mut Lines<W>) -> Result<(), ReportError> {
        lines.line([
            "",
            self.top,
            "1",
            "FREE",
            &text(range.start()),
            &text(range.end()),
            &prefixes(range),
            "",
            "",
            "",
            "",
        ])
    }
}

fn line<W: Write>(
    row: &NetworkRow,
    range: IpRange,
    depth: usize,
    holders: &BTreeMap<String, String>,
    lines: &mut Lines<W>,
) -> Result<(), ReportError> {
    let holder = (row.organization.as_deref())
        .or(row.customer.as_deref())
        .unwrap_or_default();
    lines.line([
        row.handle.as_str(),
        row.parent.as_deref().unwrap_or_default(),
        &depth.to_string(),
        &row.kind,
        &text(range.start()),
        &text(range.end()),
        &prefixes(range),
        &row.name,
        holder,
        holders.get(holder).map_or("", String::as_str),
        &row.registered_at.to_rfc3339(),
    ])
}

/// The names of who holds these networks, as this account may see them.
fn holders(
    db: &mut Db,
    me: AccountId,
    networks: &[NetworkRow],
) -> Result<BTreeMap<String, String>, StoreError> {
    let organizations: Vec<String> = (networks.iter())
        .filter_map(|row| row.organization.clone())
        .collect();
    let customers: Vec<String> = (networks.iter())
        .filter_map(|row| row.customer.clone())
        .collect();
    let mut names: BTreeMap<String, String> = organizations::names(db, &organizations)?
        .into_iter()
        .collect();
    for customer in customers::list(db, &customers)? {
        let (handle, name) = (customer.handle.clone(), customer_name(db, me, customer)?);
        names.insert(handle, name);
    }
    Ok(names)
}

fn customer_name(db: &mut Db, me: AccountId, row: CustomerRow) -> Result<String, StoreError> {
    if !row.is_private {
        return Ok(row.name);
    }
    let reach = Reader::looking(me).on_customer(db, &row)?;
    match decide(Action::CustomerView, &reach) {
        Ok(()) => Ok(row.name),
        Err(_denied) => Ok(Customer::from(row).seen_by_others().name),
    }
}

fn text(address: IpAddr) -> String {
    address.to_string()
}

fn prefixes(range: IpRange) -> String {
    let prefixes: Vec<String> = range.prefixes().iter().map(ToString::to_string).collect();
    prefixes.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: &str, end: &str) -> IpRange {
        IpRange::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
    }

    #[test]
    fn gaps_between_the_networks_of_the_top_are_free() {
        let whole = range("192.0.2.0", "192.0.2.255");
        let mut walk = Walk::new("NET-192-0-2-0-1", whole);
        assert_eq!(walk.free_at_the_end(), [whole]);
        let first = range("192.0.2.16", "192.0.2.31");
        assert_eq!(walk.depth_of(first), 1);
        assert_eq!(walk.free_before(first), [range("192.0.2.0", "192.0.2.15")]);
        assert_eq!(walk.depth_of(range("192.0.2.16", "192.0.2.19")), 2);
        assert_eq!(walk.depth_of(range("192.0.2.16", "192.0.2.17")), 3);
        assert_eq!(walk.depth_of(range("192.0.2.20", "192.0.2.23")), 2);
        let second = range("192.0.2.32", "192.0.2.63");
        assert_eq!(walk.depth_of(second), 1);
        assert_eq!(walk.free_before(second), []);
        assert_eq!(walk.free_at_the_end(), [range("192.0.2.64", "192.0.2.255")]);
    }
}
