//! What a contact does for an organization or network.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A function of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Function {
    /// Answers for the organization.
    Admin,
    /// Runs it, and may change what it holds.
    Tech,
    /// Hears complaints.
    Abuse,
    /// Watches over operation.
    Noc,
    /// Answers for routing.
    Routing,
    /// Answers for name servers.
    Dns,
}

impl Function {
    /// All, in the order in which they are answered.
    pub const ALL: [Self; 6] = [
        Self::Admin,
        Self::Tech,
        Self::Abuse,
        Self::Noc,
        Self::Routing,
        Self::Dns,
    ];

    /// The code in the wire format and in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::Admin => "AD",
            Self::Tech => "T",
            Self::Abuse => "AB",
            Self::Noc => "N",
            Self::Routing => "R",
            Self::Dns => "D",
        }
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Tech => "Tech",
            Self::Abuse => "Abuse",
            Self::Noc => "NOC",
            Self::Routing => "Routing",
            Self::Dns => "DNS",
        }
    }

    /// The function with this code, which is exact.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|function| function.code() == code)
    }
}

/// A set of functions.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Functions(u8);

impl Functions {
    /// None.
    pub const NONE: Self = Self(0);
    /// All.
    pub const ANY: Self = Self(0b11_1111);

    /// These.
    pub const fn of(functions: &[Function]) -> Self {
        let (mut bits, mut index) = (0, 0);
        while index < functions.len() {
            bits |= 1 << functions[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    /// True if there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True if both sets have one in common.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What is in one of both.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True if the function is in it.
    pub const fn has(self, function: Function) -> bool {
        self.0 & (1 << function as u8) != 0
    }

    /// Each of them, in the order in which they are answered.
    pub fn iter(self) -> impl Iterator<Item = Function> {
        Function::ALL
            .into_iter()
            .filter(move |function| self.has(*function))
    }

    /// "Admin, Tech or Abuse".
    pub fn words(self) -> String {
        let names: Vec<&str> = self.iter().map(Function::name).collect();
        match names.as_slice() {
            [] => "none".to_owned(),
            [one] => (*one).to_owned(),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
        }
    }
}

impl FromIterator<Function> for Functions {
    fn from_iter<I: IntoIterator<Item = Function>>(functions: I) -> Self {
        functions.into_iter().fold(Self::NONE, |set, function| {
            Self(set.0 | 1 << function as u8)
        })
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_it_was_made_of() {
        let set = Functions::of(&[Function::Admin, Function::Abuse]);
        assert!(set.has(Function::Admin) && !set.has(Function::Tech));
        assert_eq!(
            set,
            [Function::Abuse, Function::Admin].into_iter().collect()
        );
        assert_eq!(set.words(), "Admin or Abuse");
        assert!(set.meets(Functions::ANY) && !set.meets(Functions::of(&[Function::Dns])));
        assert_eq!(Functions::ANY.iter().count(), 6);
    }

    #[test]
    fn codes_are_exact() {
        for function in Function::ALL {
            assert_eq!(Function::from_code(function.code()), Some(function));
        }
        assert_eq!(Function::from_code("ad"), None);
    }
}
