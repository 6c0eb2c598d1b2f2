//! Allowed addresses: from where a key may be used.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::cidr::{BadBlock, parse_block};

/// The most entries of a key.
pub const MOST_ADDRESSES: usize = 100;

/// Addresses and CIDR blocks from which a key may be used. `None`: from everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedAddresses(Option<Box<[IpNet]>>);

/// Why a list of addresses is refused: words for the one who wrote it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddresses {
    /// More than [`MOST_ADDRESSES`].
    #[error("Enter at most {MOST_ADDRESSES} addresses and ranges. These are {0}.")]
    TooMany(usize),
    /// A bad entry.
    #[error("“{text}” {problem}")]
    Entry {
        /// Which, counted from 1; empty ones count as well, so that it is the line of a text.
        number: usize,
        /// How it begins.
        text: String,
        /// What is wrong with it.
        problem: BadBlock,
    },
}

impl AllowedAddresses {
    /// Reads entries; empty ones are passed over, repeated ones are kept once.
    ///
    /// # Errors
    /// If an entry is malformed, or there are too many.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, BadAddresses> {
        let mut blocks = Vec::new();
        for (index, entry) in entries.into_iter().map(str::trim).enumerate() {
            if entry.is_empty() {
                continue;
            }
            let block = parse_block(entry).map_err(|problem| BadAddresses::Entry {
                number: index + 1,
                text: entry.chars().take(60).collect(),
                problem,
            })?;
            if !blocks.contains(&block) {
                blocks.push(block);
            }
        }
        if blocks.len() > MOST_ADDRESSES {
            return Err(BadAddresses::TooMany(blocks.len()));
        }
        Ok(Self((!blocks.is_empty()).then(|| blocks.into())))
    }

    /// For the database: entries separated by spaces, `None` for everywhere.
    pub fn to_stored(&self) -> Option<String> {
        let texts = || self.texts().collect::<Vec<_>>().join(" ");
        self.0.is_some().then(texts)
    }

    /// From the database. Entries that cannot be read allow nothing: they never turn into "everywhere".
    pub fn from_stored(text: Option<&str>) -> Self {
        Self(text.map(|entries| {
            let blocks = entries.split_ascii_whitespace().map(parse_block);
            blocks.filter_map(Result::ok).collect()
        }))
    }

    /// True if the key may be used from everywhere.
    pub fn are_everywhere(&self) -> bool {
        self.0.is_none()
    }

    /// True if a key with these may be used from `address`; `None` for an address that is not known for sure.
    pub fn allow(&self, address: Option<IpAddr>) -> bool {
        let Some(blocks) = &self.0 else { return true };
        address.is_some_and(|address| {
            let address = address.to_canonical();
            blocks.iter().any(|block| block.contains(&address))
        })
    }

    /// True if every address that these allow is allowed by `outer`.
    pub fn are_within(&self, outer: &Self) -> bool {
        match (&self.0, &outer.0) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(blocks), Some(outer)) => {
                let is_within = |block: &IpNet| outer.iter().any(|wider| wider.contains(block));
                blocks.iter().all(is_within)
            }
        }
    }

    /// Each entry as text: an address without a length, or a block.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        self.0.iter().flatten().map(|block| {
            if block.prefix_len() == block.max_prefix_len() {
                block.addr().to_string()
            } else {
                block.to_string()
            }
        })
    }
}

impl fmt::Display for AllowedAddresses {
    /// One entry a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts().collect::<Vec<_>>().join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(entries: &[&str]) -> AllowedAddresses {
        AllowedAddresses::parse(entries.iter().copied()).unwrap()
    }

    fn allows(entries: &[&str], address: &str) -> bool {
        allowed(entries).allow(Some(address.parse().unwrap()))
    }

    #[test]
    fn no_entry_allows_everyone_even_the_unknown() {
        assert!(allows(&[], "192.0.2.1"));
        assert!(allowed(&[]).allow(None));
        assert!(!allowed(&["192.0.2.1"]).allow(None));
    }

    #[test]
    fn addresses_and_blocks_of_both_families_are_matched() {
        assert!(allows(&["192.0.2.0/24"], "192.0.2.255"));
        assert!(!allows(&["192.0.2.0/24"], "192.0.3.0"));
        assert!(allows(&["2001:db8::/32"], "2001:db8:ffff::1"));
        assert!(!allows(&["2001:db8::/32"], "2001:db9::1"));
        assert!(allows(&["192.0.2.7"], "192.0.2.7"));
        assert!(!allows(&["192.0.2.7"], "192.0.2.8"));
        assert!(allows(&["0.0.0.0/0"], "203.0.113.1"));
        assert!(!allows(&["0.0.0.0/0"], "2001:db8::1"));
    }

    #[test]
    fn ipv4_in_ipv6_clothes_is_ipv4_on_both_sides() {
        assert!(allows(&["192.0.2.7"], "::ffff:192.0.2.7"));
        assert!(allows(&["::ffff:192.0.2.7"], "192.0.2.7"));
        assert!(allows(&["::ffff:192.0.2.0/120"], "192.0.2.200"));
        assert!(!allows(&["::ffff:192.0.2.0/120"], "192.0.3.1"));
    }

    #[test]
    fn malformed_entries_are_named() {
        let v4 = BadBlock::Ipv4Length;
        let cases = [
            ("192.0.2", BadBlock::Malformed),
            ("localhost", BadBlock::Malformed),
            ("1.2.3.4/8/8", BadBlock::Ipv4Length),
            ("192.0.2.0/33", v4),
            ("192.0.2.0/-1", BadBlock::Ipv4Length),
            ("2001:db8::/129", BadBlock::Ipv6Length),
            (
                "192.0.2.1/24",
                BadBlock::HostBits("192.0.2.0/24".parse().unwrap()),
            ),
        ];
        for (text, problem) in cases {
            let refused = AllowedAddresses::parse(["", text]);
            let number = 2;
            let text = text.to_owned();
            assert_eq!(
                refused,
                Err(BadAddresses::Entry {
                    number,
                    text,
                    problem
                })
            );
        }
    }

    #[test]
    fn a_hundred_entries_are_the_most() {
        let texts: Vec<String> = (0..1000u32)
            .map(|n| format!("10.0.{}.{}", n / 256, n % 256))
            .collect();
        let entries = |count: usize| texts.iter().take(count).map(String::as_str);
        assert!(AllowedAddresses::parse(entries(100)).is_ok());
        let refused = AllowedAddresses::parse(entries(1000));
        assert_eq!(refused, Err(BadAddresses::TooMany(1000)));
        let repeated = AllowedAddresses::parse(std::iter::repeat_n("10.0.0.1", 1000));
        assert_eq!(repeated.unwrap().texts().count(), 1);
    }

    #[test]
    fn narrower_lists_are_within_wider_ones() {
        assert!(allowed(&["192.0.2.7"]).are_within(&allowed(&["192.0.2.0/24"])));
        assert!(allowed(&["192.0.2.7"]).are_within(&allowed(&[])));
        assert!(!allowed(&[]).are_within(&allowed(&["192.0.2.0/24"])));
        assert!(!allowed(&["192.0.0.0/16"]).are_within(&allowed(&["192.0.2.0/24"])));
    }

    #[test]
    fn lists_read_back_from_the_database() {
        for entries in [&[][..], &["192.0.2.7", "2001:db8::/32"]] {
            let list = allowed(entries);
            let stored = list.to_stored();
            assert_eq!(AllowedAddresses::from_stored(stored.as_deref()), list);
        }
        let broken = AllowedAddresses::from_stored(Some("nonsense"));
        assert!(!broken.allow(Some("192.0.2.1".parse().unwrap())));
    }
}
