//! Ranges of IP addresses: as the wire format writes them, as the database keeps them, and the prefixes they are made of.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

/// The longest prefix of IPv6 that can be registered.
pub const LONGEST_IPV6_PREFIX: u8 = 64;

/// All addresses from one to another of the same version, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpRange {
    start: IpAddr,
    end: IpAddr,
}

impl IpRange {
    /// From `start` to `end`; `None` if the versions differ or the end comes first.
    pub fn new(start: IpAddr, end: IpAddr) -> Option<Self> {
        let range = Self { start, end };
        (start.is_ipv4() == end.is_ipv4() && start <= end).then_some(range)
    }

    /// The addresses of a prefix that begins at `start`; `None` if it has bits behind its length, or is too long.
    pub fn of_prefix(start: IpAddr, length: u8) -> Option<Self> {
        let block = IpNet::new(start, length).ok()?;
        (block.trunc() == block).then_some(Self {
            start: block.network(),
            end: block.broadcast(),
        })
    }

    /// As the database keeps it.
    pub fn from_bytes(start: &[u8], end: &[u8]) -> Option<Self> {
        let address = |bytes: &[u8]| {
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
                .ok()
        };
        Self::new(address(start)?, address(end)?)
    }

    /// The first address.
    pub fn start(self) -> IpAddr {
        self.start
    }

    /// The last address.
    pub fn end(self) -> IpAddr {
        self.end
    }

    /// 4 or 6.
    pub fn version(self) -> u8 {
        if self.start.is_ipv4() { 4 } else { 6 }
    }

    /// The first address in 4 or 16 bytes.
    pub fn start_bytes(self) -> Vec<u8> {
        bytes(self.start)
    }

    /// The last address in 4 or 16 bytes.
    pub fn end_bytes(self) -> Vec<u8> {
        bytes(self.end)
    }

    /// True if every address of the other is one of this.
    pub fn contains(self, other: Self) -> bool {
        self.version() == other.version() && self.start <= other.start && other.end <= self.end
    }

    /// True if they have an address in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.version() == other.version() && self.start <= other.end && other.start <= self.end
    }

    /// The fewest prefixes that are this range together, by address.
    pub fn prefixes(self) -> Vec<IpNet> {
        match (self.start, self.end) {
            (IpAddr::V4(start), IpAddr::V4(end)) => {
                (Ipv4Subnets::new(start, end, 0).map(IpNet::V4)).collect()
            }
            (IpAddr::V6(start), IpAddr::V6(end)) => {
                (Ipv6Subnets::new(start, end, 0).map(IpNet::V6)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What of this range is in none of `taken`, which are parts of it that do not overlap, by address.
    pub fn without(self, taken: &[Self]) -> Vec<Self> {
        let mut free = Vec::new();
        let mut next = Some(self.start);
        for part in taken {
            let before = next.zip(predecessor(part.start));
            free.extend(before.and_then(|(start, end)| Self::new(start, end)));
            next = successor(part.end);
        }
        free.extend(next.and_then(|start| Self::new(start, self.end)));
        free
    }
}

/// "192.0.2.0/24", or, if it is no single prefix, "192.0.2.0 - 192.0.2.130".
impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefixes().as_slice() {
            [one] => write!(f, "{one}"),
            _ => write!(f, "{} - {}", self.start, self.end),
        }
    }
}

impl From<IpNet> for IpRange {
    fn from(block: IpNet) -> Self {
        Self {
            start: block.network(),
            end: block.broadcast(),
        }
    }
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn successor(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            (u32::from(address).checked_add(1)).map(|next| Ipv4Addr::from(next).into())
        }
        IpAddr::V6(address) => {
            (u128::from(address).checked_add(1)).map(|next| Ipv6Addr::from(next).into())
        }
    }
}

fn predecessor(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            (u32::from(address).checked_sub(1)).map(|last| Ipv4Addr::from(last).into())
        }
        IpAddr::V6(address) => {
            (u128::from(address).checked_sub(1)).map(|last| Ipv6Addr::from(last).into())
        }
    }
}

/// Reads an address as the wire format allows: numbers padded with zeros or not, always decimal, never octal; IPv6 in any
/// form of RFC 4291, without a zone.
pub fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        let is_number =
            (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        *octet = is_number.then(|| part.parse().ok()).flatten()?;
    }
    parts.next().is_none().then(|| IpAddr::from(octets))
}

/// As the wire format writes it: `192.000.002.000`, `2001:0DB8:0000:0000:0000:0000:0000:0000`.
pub fn padded(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{a:03}.{b:03}.{c:03}.{d:03}")
        }
        IpAddr::V6(address) => {
            let groups = address.segments().map(|group| format!("{group:04X}"));
            groups.join(":")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: &str, end: &str) -> IpRange {
        IpRange::new(parse_address(start).unwrap(), parse_address(end).unwrap()).unwrap()
    }

    #[test]
    fn addresses_are_read_padded_or_not_and_never_octal() {
        let expected: IpAddr = "10.20.8.9".parse().unwrap();
        for text in ["10.20.8.9", "010.020.008.009", " 10.20.008.9 "] {
            assert_eq!(parse_address(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "10.20.8",
            "10.20.8.256",
            "10.20.8.0009",
            "10.20.8.9.1",
            "0x10.1.1.1",
            "1..2.3",
            "+1.2.3.4",
        ] {
            assert_eq!(parse_address(text), None, "{text}");
        }
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        for text in ["2001:db8::1", "2001:0DB8:0000:0000:0000:0000:0000:0001"] {
            assert_eq!(parse_address(text), Some(v6), "{text}");
        }
        for text in ["fe80::1%eth0", "2001:db8", ":::", "2001:db8::1/64"] {
            assert_eq!(parse_address(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_are_written_padded() {
        assert_eq!(padded("192.0.2.0".parse().unwrap()), "192.000.002.000");
        assert_eq!(
            padded("2001:db8::f".parse().unwrap()),
            "2001:0DB8:0000:0000:0000:0000:0000:000F"
        );
    }

    #[test]
    fn a_range_is_its_fewest_prefixes() {
        let words = |range: IpRange| -> Vec<String> {
            range.prefixes().iter().map(ToString::to_string).collect()
        };
        assert_eq!(words(range("192.0.2.0", "192.0.2.255")), ["192.0.2.0/24"]);
        assert_eq!(
            words(range("192.0.2.0", "192.0.2.130")),
            ["192.0.2.0/25", "192.0.2.128/31", "192.0.2.130/32"]
        );
        assert_eq!(
            range("192.0.2.0", "192.0.2.130").to_string(),
            "192.0.2.0 - 192.0.2.130"
        );
        assert_eq!(
            range("2001:db8::", "2001:db8::ffff").to_string(),
            "2001:db8::/112"
        );
    }

    #[test]
    fn a_prefix_begins_on_its_boundary() {
        let start = parse_address("192.0.2.64").unwrap();
        assert_eq!(
            IpRange::of_prefix(start, 26),
            Some(range("192.0.2.64", "192.0.2.127"))
        );
        assert_eq!(IpRange::of_prefix(start, 25), None);
        assert_eq!(IpRange::of_prefix(start, 33), None);
    }

    #[test]
    fn what_is_free_is_what_no_part_takes() {
        let whole = range("192.0.2.0", "192.0.2.255");
        assert_eq!(whole.without(&[]), [whole]);
        let taken = [
            range("192.0.2.0", "192.0.2.15"),
            range("192.0.2.64", "192.0.2.127"),
        ];
        assert_eq!(
            whole.without(&taken),
            [
                range("192.0.2.16", "192.0.2.63"),
                range("192.0.2.128", "192.0.2.255")
            ]
        );
        assert_eq!(whole.without(&[whole]), []);
        // At the ends of all addresses there is nothing before and behind.
        let all = range("0.0.0.0", "255.255.255.255");
        assert_eq!(all.without(&[all]), []);
        let all = range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        assert_eq!(all.without(&[all]), []);
    }

    #[test]
    fn the_order_of_bytes_is_that_of_addresses() {
        let range = range("192.0.2.0", "192.0.3.0");
        assert!(range.start_bytes() < range.end_bytes());
        assert_eq!(
            IpRange::from_bytes(&range.start_bytes(), &range.end_bytes()),
            Some(range)
        );
        assert_eq!(IpRange::from_bytes(&[1, 2], &[1, 2]), None);
    }

    #[test]
    fn versions_do_not_mix() {
        let (v4, v6) = (range("0.0.0.0", "255.255.255.255"), range("::", "::ffff"));
        assert!(!v4.contains(v6) && !v4.overlaps(v6));
        assert_eq!(IpRange::new(v4.start(), v6.end()), None);
        assert_eq!(IpRange::new(v4.end(), v4.start()), None);
    }
}
