//! The names of registered records: what they look like, and what they are made from.
//!
//! A handle is a stem and a number that counts up for that stem. Numbers are given in the transaction that makes the
//! record, and never twice, also after a record is gone.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::clock::Timestamp;
use crate::store::registry::counters;
use crate::store::{Db, StoreError};

/// No handle of ours is longer: an IPv6 network's, with all its groups.
const MAX_CHARS: usize = 60;
/// The longest that an operator may bring along.
const MAX_IMPORTED_CHARS: usize = 30;
/// Digits of a customer's number, at least.
const CUSTOMER_DIGITS: usize = 8;
/// The highest number that is counted on from.
const MAX_COUNTED: i64 = 1_000_000_000_000;

/// A text that cannot be a handle, so that there is no record with it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a handle has letters, digits and hyphens")]
pub struct MalformedHandle;

/// The name of a contact, organization, network, customer or ticket, in upper case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(String);

impl Handle {
    /// The handle as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One from the database, where all are well-formed.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// One that an operator brings along.
    ///
    /// # Errors
    /// If it is longer than 30 characters, or no handle.
    pub fn parse_imported(text: &str) -> Result<Self, MalformedHandle> {
        let handle: Self = text.parse()?;
        (handle.0.len() <= MAX_IMPORTED_CHARS)
            .then_some(handle)
            .ok_or(MalformedHandle)
    }
}

impl FromStr for Handle {
    type Err = MalformedHandle;

    /// In any case.
    fn from_str(text: &str) -> Result<Self, MalformedHandle> {
        let is_handle = (1..=MAX_CHARS).contains(&text.len())
            && !text.starts_with('-')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_handle
            .then(|| Self(text.to_ascii_uppercase()))
            .ok_or(MalformedHandle)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A new handle for a person with these names: the initials, a number, the suffix.
///
/// # Errors
/// If the database fails.
pub fn next_person(db: &mut Db, suffix: &str, names: &[&str]) -> Result<Handle, StoreError> {
    let stem = padded(
        names
            .iter()
            .filter_map(|name| letters(name).next())
            .collect(),
    );
    next_contact(db, suffix, &stem)
}

/// A new handle for a role with this name.
///
/// # Errors
/// If the database fails.
pub fn next_role(db: &mut Db, suffix: &str, name: &str) -> Result<Handle, StoreError> {
    next_contact(db, suffix, &stem_of_words(name))
}

fn next_contact(db: &mut Db, suffix: &str, stem: &str) -> Result<Handle, StoreError> {
    loop {
        let number = counters::next(db, &format!("poc {stem} {suffix}"))?;
        let handle = Handle(format!("{stem}{number}-{suffix}"));
        // An operator may have brought it along.
        if !crate::store::registry::contacts::exists(db, handle.as_str())? {
            return Ok(handle);
        }
    }
}

/// A new handle for an organization with this name.
///
/// # Errors
/// If the database fails.
pub fn next_organization(db: &mut Db, name: &str) -> Result<Handle, StoreError> {
    let stem = stem_of_words(name);
    loop {
        let number = counters::next(db, &format!("org {stem}"))?;
        let handle = Handle(format!("{stem}-{number}"));
        if !crate::store::registry::organizations::exists(db, handle.as_str())? {
            return Ok(handle);
        }
    }
}

/// A new handle for a network that begins at this address.
///
/// # Errors
/// If the database fails.
pub fn next_network(db: &mut Db, start: IpAddr) -> Result<Handle, StoreError> {
    let stem = stem_of_address(start);
    loop {
        let number = counters::next(db, &format!("net {stem}"))?;
        let handle = Handle(format!("{stem}-{number}"));
        if !crate::store::registry::networks::exists(db, handle.as_str())? {
            return Ok(handle);
        }
    }
}

/// A new handle for a customer.
///
/// # Errors
/// If the database fails.
pub fn next_customer(db: &mut Db) -> Result<Handle, StoreError> {
    loop {
        let number = counters::next(db, "customer")?;
        let handle = Handle(format!("C{number:0CUSTOMER_DIGITS$}"));
        if !crate::store::registry::customers::exists(db, handle.as_str())? {
            return Ok(handle);
        }
    }
}

/// A new number for a ticket of this day (UTC).
///
/// # Errors
/// If the database fails.
pub fn next_ticket(db: &mut Db, now: Timestamp) -> Result<Handle, StoreError> {
    let day = now.to_datetime().format("%Y%m%d").to_string();
    let number = counters::next(db, &format!("ticket {day}"))?;
    Ok(Handle(format!("{day}-X{number}")))
}

/// Which kind of record a handle is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A contact.
    Contact,
    /// An organization.
    Organization,
    /// A customer.
    Customer,
    /// A network.
    Network,
}

/// Makes sure that handles that an operator brings along are never given again, also when their records are gone: where
/// one looks like ours, counting goes on behind it.
///
/// # Errors
/// If the database fails.
pub fn reserve<'a>(
    db: &mut Db,
    handles: impl IntoIterator<Item = (Named, &'a Handle)>,
) -> Result<(), StoreError> {
    // In one order, so that two that bring handles along do not wait for each other.
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    for (stem, number) in handles
        .into_iter()
        .filter_map(|(named, handle)| counted(named, handle))
    {
        let known = last.entry(stem).or_default();
        *known = number.max(*known);
    }
    for (stem, number) in last {
        counters::raise(db, &stem, number)?;
    }
    Ok(())
}

/// The counter that would give this handle, and its number there. None ever counts up to the highest numbers.
fn counted(named: Named, handle: &Handle) -> Option<(String, i64)> {
    let text = handle.as_str();
    let (stem, digits) = match named {
        Named::Contact => {
            let (head, suffix) = text.split_once('-')?;
            let stem = head.trim_end_matches(|c: char| c.is_ascii_digit());
            (format!("poc {stem} {suffix}"), head.get(stem.len()..)?)
        }
        Named::Organization => {
            let (stem, digits) = text.rsplit_once('-')?;
            (format!("org {stem}"), digits)
        }
        Named::Network => {
            let (stem, digits) = text.rsplit_once('-')?;
            (format!("net {stem}"), digits)
        }
        Named::Customer => ("customer".to_owned(), text.strip_prefix('C')?),
    };
    let number = digits.parse().ok()?;
    (1..=MAX_COUNTED)
        .contains(&number)
        .then_some((stem, number))
}

/// True if this is a handle as we give them to networks that begin at this address. It may be longer than those that
/// operators choose.
pub fn is_of_network(handle: &Handle, start: IpAddr) -> bool {
    let stem = stem_of_address(start);
    let counted = counted(Named::Network, handle);
    counted.is_some_and(|(counter, _)| counter == format!("net {stem}"))
}

/// The letters A to Z of a text, in upper case, without accents; other signs are dropped.
fn letters(text: &str) -> impl Iterator<Item = char> {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfd()
        .filter(char::is_ascii_alphabetic)
        .map(|letter| letter.to_ascii_uppercase())
}

/// One word: its first five letters. Several: the initials of the first five.
fn stem_of_words(text: &str) -> String {
    let words: Vec<String> = (text.split_whitespace())
        .map(|word| letters(word).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect();
    padded(match words.as_slice() {
        [one] => one.chars().take(5).collect(),
        several => (several.iter().take(5))
            .filter_map(|word| word.chars().next())
            .collect(),
    })
}

fn padded(stem: String) -> String {
    format!("{stem:X<2}")
}

/// "NET-192-0-2-64", "NET6-2001-DB8": IPv6 without leading zeros and without the groups of zeros at the end.
fn stem_of_address(start: IpAddr) -> String {
    match start {
        IpAddr::V4(start) => {
            let octets = start.octets().map(|octet| octet.to_string());
            format!("NET-{}", octets.join("-"))
        }
        IpAddr::V6(start) => {
            let groups = start.segments();
            let length = groups
                .iter()
                .rposition(|group| *group != 0)
                .map_or(1, |last| last + 1);
            let groups: Vec<String> = groups[..length]
                .iter()
                .map(|group| format!("{group:X}"))
                .collect();
            format!("NET6-{}", groups.join("-"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_are_initials_or_the_beginning_of_one_word() {
        for (name, stem) in [
            ("Abuse", "ABUSE"),
            ("Abusedesk", "ABUSE"),
            ("Network Operations", "NO"),
            ("Harbor Example Networks", "HEN"),
            ("Réseau d'Été", "RD"),
            ("One Two Three Four Five Six", "OTTFF"),
            ("Ø", "XX"),
            ("42", "XX"),
            ("Q", "QX"),
            ("AT&T 7 Inc.", "AI"),
        ] {
            assert_eq!(stem_of_words(name), stem, "{name}");
        }
    }

    #[test]
    fn networks_are_named_by_their_first_address() {
        for (address, stem) in [
            ("192.0.2.64", "NET-192-0-2-64"),
            ("2001:db8::", "NET6-2001-DB8"),
            ("2001:db8:1000::", "NET6-2001-DB8-1000"),
            ("2001:db8:0:1::", "NET6-2001-DB8-0-1"),
            ("::", "NET6-0"),
        ] {
            assert_eq!(stem_of_address(address.parse().unwrap()), stem, "{address}");
        }
    }

    #[test]
    fn counting_goes_on_behind_handles_that_look_like_ours() {
        let counted = |named, handle: &str| super::counted(named, &handle.parse().unwrap());
        for (named, handle, stem, number) in [
            (Named::Contact, "MO12-KP", "poc MO KP", 12),
            (Named::Organization, "HEN-3", "org HEN", 3),
            (Named::Network, "NET-192-0-2-0-7", "net NET-192-0-2-0", 7),
            (Named::Network, "NET6-2001-DB8-1", "net NET6-2001-DB8", 1),
            (Named::Customer, "C00000042", "customer", 42),
        ] {
            assert_eq!(counted(named, handle), Some((stem.to_owned(), number)));
        }
        for (named, handle) in [
            (Named::Contact, "NOC"),
            (Named::Contact, "NOC-KP"),
            (Named::Organization, "HEN"),
            (Named::Customer, "CUSTOMER"),
            (Named::Customer, "C0"),
            (Named::Network, "NET-HOME"),
            (Named::Organization, "HEN-99999999999999999999"),
        ] {
            assert_eq!(counted(named, handle), None, "{handle}");
        }
        let handle = "NET6-2001-DB8-1".parse().unwrap();
        assert!(is_of_network(&handle, "2001:db8::".parse().unwrap()));
        assert!(!is_of_network(&handle, "2001:db8:1::".parse().unwrap()));
    }

    #[test]
    fn handles_are_found_in_any_case() {
        assert_eq!("mo1-kp".parse::<Handle>().unwrap().as_str(), "MO1-KP");
        for text in ["", "-A", "A B", "A/B", "ä", "A_B", &"A".repeat(61)] {
            assert_eq!(text.parse::<Handle>(), Err(MalformedHandle), "{text}");
        }
        assert!(Handle::parse_imported(&"A".repeat(30)).is_ok());
        assert!(Handle::parse_imported(&"A".repeat(31)).is_err());
    }
}
