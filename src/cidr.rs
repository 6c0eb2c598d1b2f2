//! IP addresses and ranges in CIDR notation (RFC 4632, RFC 4291 section 2.3), read as people write them.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// Why an entry is refused: the end of a sentence that begins with the entry.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBlock {
    /// Neither an address nor a range.
    #[error("is not an address or range, like 192.0.2.7 or 2001:db8::/32.")]
    Malformed,
    /// An IPv4 address with another length.
    #[error("is not a range. IPv4 ranges end in /0 to /32.")]
    Ipv4Length,
    /// An IPv6 address with another length.
    #[error("is not a range. IPv6 ranges end in /0 to /128.")]
    Ipv6Length,
    /// The address of a host with the length of a range.
    #[error("is an address inside a range. Write {0} for the range.")]
    HostBits(IpNet),
}

/// Reads one address or range. What is IPv4 in IPv6 clothes (`::ffff:0:0/96`, RFC 4291 section 2.5.5.2) is IPv4, as it
/// is for clients.
///
/// # Errors
/// If it is neither.
pub fn parse_block(text: &str) -> Result<IpNet, BadBlock> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address.to_canonical()));
    }
    let Ok(block) = text.parse::<IpNet>() else {
        let address = text.split_once('/').map(|(address, _)| address.parse());
        return Err(match address {
            Some(Ok(IpAddr::V4(_))) => BadBlock::Ipv4Length,
            Some(Ok(IpAddr::V6(_))) => BadBlock::Ipv6Length,
            _ => BadBlock::Malformed,
        });
    };
    let block = unmapped(block);
    if block.trunc() != block {
        return Err(BadBlock::HostBits(block.trunc()));
    }
    Ok(block)
}

fn unmapped(block: IpNet) -> IpNet {
    let IpNet::V6(v6) = block else { return block };
    let address = v6.addr().to_ipv4_mapped();
    let length = v6.prefix_len().checked_sub(96);
    match (address, length) {
        (Some(address), Some(length)) => Ipv4Net::new(address, length).map_or(block, IpNet::V4),
        _ => block,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_range_of_one() {
        for (text, expected) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::7", "2001:db8::7/128"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ] {
            assert_eq!(parse_block(text), Ok(expected.parse().unwrap()), "{text}");
        }
    }
}
