//! Checks ranges of addresses: where they begin and end, and of which type they are.

use std::net::IpAddr;

use super::problems::{Problems, quoted};
use super::texts::trimmed;
use crate::domain::registry::fields::BlockFields;
use crate::domain::registry::networks::NetworkKind;
use crate::domain::registry::ranges::{IpRange, LONGEST_IPV6_PREFIX, parse_address};

/// The range of a block: with a length a prefix, which begins on its boundary and ends where the end says, if there is
/// one; without a length any range.
pub(super) fn range(problems: &mut Problems, block: &BlockFields) -> Option<IpRange> {
    let start = address(problems, "startAddress", block.start.as_deref());
    let end = address(problems, "endAddress", block.end.as_deref());
    let length = length(problems, block.length.as_deref(), start);
    if trimmed(block.start.as_deref()).is_none() {
        problems.add("startAddress", "This is required. Send the first address.");
    }
    let has = |text: &Option<String>| trimmed(text.as_deref()).is_some();
    if !has(&block.end) && !has(&block.length) {
        problems.add("netBlock", "Send endAddress, cidrLength or both.");
    }
    let start = start?;
    let range = match (length, end) {
        (Some(length), end) => prefix(problems, start, length, end)?,
        (None, Some(end)) if !has(&block.length) => between(problems, start, end)?,
        (None, _) => return None,
    };
    if is_too_small(range) {
        problems.add(
            if length.is_some() {
                "cidrLength"
            } else {
                "endAddress"
            },
            format!("IPv6 networks are whole /{LONGEST_IPV6_PREFIX} or larger."),
        );
    }
    Some(range)
}

/// The type of a block, if it is sent and networks have it. Codes that only other registries use are noted.
pub(super) fn kind(problems: &mut Problems, block: &BlockFields) -> Option<NetworkKind> {
    let code = trimmed(block.kind.as_deref())?;
    let kind = NetworkKind::from_code(code);
    if kind.is_none() {
        problems.add(
            "type",
            format!(
                "No network here has the type {}. Leave it out.",
                quoted(code)
            ),
        );
    }
    kind
}

/// One range of several blocks that lie side by side.
pub(super) fn joined(mut ranges: Vec<IpRange>) -> Option<IpRange> {
    ranges.sort_by_key(|range| range.start());
    let (first, last) = (ranges.first()?, ranges.last()?);
    let whole = IpRange::new(first.start(), last.end())?;
    let has_overlap = ranges.windows(2).any(|pair| pair[0].overlaps(pair[1]));
    (!has_overlap && whole.without(&ranges).is_empty()).then_some(whole)
}

fn prefix(
    problems: &mut Problems,
    start: IpAddr,
    length: u8,
    end: Option<IpAddr>,
) -> Option<IpRange> {
    let Some(range) = IpRange::of_prefix(start, length) else {
        problems.add(
            "startAddress",
            format!("{start} is not the first address of a /{length}. Send the first one, or another length."),
        );
        return None;
    };
    match end {
        Some(end) if end.is_ipv4() != start.is_ipv4() => {
            problems.add(
                "endAddress",
                "Send both addresses as IPv4, or both as IPv6.",
            );
        }
        Some(end) if end != range.end() => problems.add(
            "endAddress",
            format!(
                "A /{length} that begins with {start} ends with {}. Send that, or leave it out.",
                range.end()
            ),
        ),
        _ => {}
    }
    Some(range)
}

fn between(problems: &mut Problems, start: IpAddr, end: IpAddr) -> Option<IpRange> {
    let range = IpRange::new(start, end);
    if range.is_none() {
        problems.add(
            "endAddress",
            match start.is_ipv4() == end.is_ipv4() {
                true => "The end comes before the start. Send the last address.",
                false => "Send both addresses as IPv4, or both as IPv6.",
            },
        );
    }
    range
}

fn address(problems: &mut Problems, element: &'static str, text: Option<&str>) -> Option<IpAddr> {
    let text = trimmed(text)?;
    let address = parse_address(text);
    if address.is_none() {
        problems.add(
            element,
            format!(
                "{} is no IP address. Send one such as 192.0.2.0 or 2001:db8::.",
                quoted(text)
            ),
        );
    }
    address
}

fn length(problems: &mut Problems, text: Option<&str>, start: Option<IpAddr>) -> Option<u8> {
    let text = trimmed(text)?;
    let max = match start {
        Some(IpAddr::V4(_)) => 32,
        Some(IpAddr::V6(_)) | None => 128,
    };
    let length = (text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
        .filter(|length| *length <= max);
    if length.is_none() {
        problems.add("cidrLength", format!("Send a number from 0 to {max}."));
    }
    length
}

/// True if a part of the range is a prefix of IPv6 that is too long.
fn is_too_small(range: IpRange) -> bool {
    let is_long = |prefix: &ipnet::IpNet| prefix.prefix_len() > LONGEST_IPV6_PREFIX;
    range.version() == 6 && range.prefixes().iter().any(is_long)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(start: &str, end: &str, length: &str) -> Result<String, Vec<&'static str>> {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let block = BlockFields {
            start: text(start),
            end: text(end),
            length: text(length),
            kind: None,
        };
        let mut problems = Problems::default();
        let range = range(&mut problems, &block).map(|range| range.to_string());
        (problems.or(range)).map_err(|problems| problems.iter().map(|p| p.element).collect())
    }

    #[test]
    fn a_block_has_an_end_or_a_length_or_both() {
        for (end, length) in [("", "26"), ("192.0.2.127", "26"), ("192.000.002.127", "")] {
            assert_eq!(checked("192.0.2.64", end, length).unwrap(), "192.0.2.64/26");
        }
        assert_eq!(
            checked("192.0.2.0", "192.0.2.130", "").unwrap(),
            "192.0.2.0 - 192.0.2.130"
        );
        assert_eq!(checked("2001:db8::", "", "48").unwrap(), "2001:db8::/48");
        assert_eq!(checked("2001:db8::", "", "64").unwrap(), "2001:db8::/64");
    }

    #[test]
    fn each_element_of_a_block_is_named() {
        for (start, end, length, elements) in [
            ("192.0.2.0", "", "", &["netBlock"][..]),
            ("", "", "", &["startAddress", "netBlock"]),
            ("192.0.2.256", "x", "33", &["startAddress", "endAddress"]),
            ("192.0.2.0", "", "33", &["cidrLength"]),
            ("192.0.2.0", "", "+24", &["cidrLength"]),
            ("192.0.2.0", "", "-1", &["cidrLength"]),
            ("192.0.2.65", "", "26", &["startAddress"]),
            ("192.0.2.64", "192.0.2.128", "26", &["endAddress"]),
            ("192.0.2.64", "192.0.2.63", "", &["endAddress"]),
            ("192.0.2.0", "2001:db8::", "", &["endAddress"]),
            ("192.0.2.0", "2001:db8::", "24", &["endAddress"]),
            ("2001:db8::", "", "65", &["cidrLength"]),
            ("2001:db8::", "2001:db8::1", "", &["endAddress"]),
            ("2001:db8::", "", "129", &["cidrLength"]),
        ] {
            let refused = checked(start, end, length).unwrap_err();
            assert_eq!(refused, elements, "{start} {end} {length}");
        }
    }

    #[test]
    fn blocks_side_by_side_are_one_range() {
        let range = |start: &str, end: &str| {
            IpRange::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
        };
        let (low, high) = (
            range("192.0.2.0", "192.0.2.127"),
            range("192.0.2.128", "192.0.2.130"),
        );
        assert_eq!(
            joined(vec![high, low]),
            Some(range("192.0.2.0", "192.0.2.130"))
        );
        assert_eq!(joined(vec![low, low]), None);
        assert_eq!(joined(vec![low, range("192.0.2.129", "192.0.2.130")]), None);
        assert_eq!(joined(vec![low, range("2001:db8::", "2001:db8::1")]), None);
        assert_eq!(joined(Vec::new()), None);
    }
}
