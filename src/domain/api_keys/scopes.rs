//! Scopes: what a key may be used for. Eight are built in; operators define further ones for their own services.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Manage keys; never part of "all".
pub const KEYS_WRITE: &str = "keys:write";
/// Verify other accounts' keys; never part of "all", and chosen by operators only.
pub const KEYS_VERIFY: &str = "keys:verify";
/// Read keys.
pub const KEYS_READ: &str = "keys:read";

/// Read the usage of keys.
pub const USAGE_READ: &str = "usage:read";
/// Downloads reports.
pub const REPORTS_READ: &str = "reports:read";
/// Reads contacts, organizations and networks.
pub const REGISTRY_READ: &str = "registry:read";
/// Changes contacts, organizations and networks.
pub const REGISTRY_WRITE: &str = "registry:write";
/// Calls providers with the account's keys for them.
pub const INTEGRATIONS_USE: &str = "integrations:use";

/// True if only an operator's keys may use the scope.
pub fn needs_operator(scope: &str) -> bool {
    scope == KEYS_VERIFY
}

/// The built-in scopes with what they allow, in the order of the form.
const BUILT_IN: [(&str, &str); 8] = [
    (KEYS_READ, "List and read your API keys"),
    (
        KEYS_WRITE,
        "Create, rename, rotate and deactivate your API keys",
    ),
    (KEYS_VERIFY, "Verify keys of all accounts, for services"),
    (USAGE_READ, "Read the usage of your keys"),
    (REPORTS_READ, "Download reports"),
    (REGISTRY_READ, "Read contacts, organizations and networks"),
    (
        REGISTRY_WRITE,
        "Change contacts, organizations and networks",
    ),
    (INTEGRATIONS_USE, "Call providers with your provider keys"),
];

/// The name of a scope: words of lower-case letters, digits, `_`, `-` and `.`, separated by colons.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope(String);

/// A text that is no scope name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is written like billing:read")]
pub struct BadScope;

impl Scope {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Scope {
    type Err = BadScope;

    fn from_str(text: &str) -> Result<Self, BadScope> {
        let word_is_valid = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.".contains(&b))
        };
        if text.len() > 64 || !text.split(':').all(word_is_valid) {
            return Err(BadScope);
        }
        Ok(Self(text.to_owned()))
    }
}

/// A scope that can be chosen.
#[derive(Clone, Debug)]
pub struct KnownScope {
    /// Its name.
    pub scope: Scope,
    /// What it allows, in a few words.
    pub description: String,
    /// True if the form has it ticked at first.
    pub preselected: bool,
}

/// All scopes of an instance.
#[derive(Clone, Debug)]
pub struct ScopeCatalog {
    known: Vec<KnownScope>,
    /// What [`Access::All`] comes to, written once: every request that such a key makes tells it.
    names_of_all: String,
}

impl ScopeCatalog {
    /// The built-in scopes and the operator's.
    ///
    /// # Errors
    /// The first of those that repeats another's name.
    pub fn new(defined: Vec<KnownScope>) -> Result<Self, Scope> {
        let built_in = BUILT_IN.into_iter().map(|(name, description)| KnownScope {
            scope: Scope(name.to_owned()),
            description: description.to_owned(),
            preselected: false,
        });
        let all: Vec<KnownScope> = built_in.chain(defined).collect();
        let mut names = BTreeSet::new();
        if let Some(repeated) = all.iter().find(|known| !names.insert(&known.scope)) {
            return Err(repeated.scope.clone());
        }
        let mut names_of_all: Vec<&str> = (all.iter())
            .map(|known| known.scope.as_str())
            .filter(|scope| Access::All.allows(scope))
            .collect();
        names_of_all.sort_unstable();
        Ok(Self {
            names_of_all: names_of_all.join(" "),
            known: all,
        })
    }

    /// All scopes, in the order of the form.
    pub fn iter(&self) -> impl Iterator<Item = &KnownScope> {
        self.known.iter()
    }

    /// The scope with this name, if there is one.
    pub fn find(&self, name: &str) -> Option<&Scope> {
        self.known
            .iter()
            .map(|known| &known.scope)
            .find(|scope| scope.as_str() == name)
    }
}

/// What a key may be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// All that its account may do, except managing and verifying keys; evaluated at each use.
    All,
    /// These scopes and no others. Never empty.
    Chosen(BTreeSet<Scope>),
}

impl Access {
    /// For the database: names separated by spaces, `None` for all.
    pub fn to_stored(&self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Chosen(scopes) => {
                let names: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
                Some(names.join(" "))
            }
        }
    }

    /// From the database. Names that the instance no longer knows are kept: they match nothing.
    pub fn from_stored(text: Option<&str>) -> Self {
        match text {
            None => Self::All,
            Some(names) => Self::Chosen(
                names
                    .split_ascii_whitespace()
                    .map(|name| Scope(name.to_owned()))
                    .collect(),
            ),
        }
    }

    /// True if a key with this access may be used for `scope`.
    pub fn allows(&self, scope: &str) -> bool {
        match self {
            Self::All => scope != KEYS_WRITE && scope != KEYS_VERIFY,
            Self::Chosen(scopes) => scopes.iter().any(|chosen| chosen.as_str() == scope),
        }
    }

    /// The names of the scopes that this comes to now, separated by spaces.
    pub fn names<'a>(&self, catalog: &'a ScopeCatalog) -> Cow<'a, str> {
        match self {
            Self::All => Cow::Borrowed(&catalog.names_of_all),
            Self::Chosen(scopes) => {
                let names: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
                Cow::Owned(names.join(" "))
            }
        }
    }

    /// The scopes that this comes to now.
    pub fn scopes(&self, catalog: &ScopeCatalog) -> BTreeSet<Scope> {
        match self {
            Self::All => catalog
                .iter()
                .map(|known| known.scope.clone())
                .filter(|scope| self.allows(scope.as_str()))
                .collect(),
            Self::Chosen(scopes) => scopes.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Access {
        Access::Chosen(names.iter().map(|name| name.parse().unwrap()).collect())
    }

    #[test]
    fn all_leaves_out_managing_and_verifying_keys() {
        assert!(Access::All.allows(KEYS_READ));
        assert!(Access::All.allows("billing:read"));
        assert!(!Access::All.allows(KEYS_WRITE));
        assert!(!Access::All.allows(KEYS_VERIFY));
        let catalog = ScopeCatalog::new(Vec::new()).unwrap();
        assert_eq!(Access::All.scopes(&catalog).len(), 6);
    }

    #[test]
    fn chosen_scopes_allow_nothing_else() {
        let access = chosen(&[KEYS_WRITE]);
        assert!(access.allows(KEYS_WRITE));
        assert!(!access.allows(KEYS_READ));
    }

    #[test]
    fn access_reads_back_from_the_database() {
        for access in [Access::All, chosen(&["b:x", "a:y"])] {
            assert_eq!(Access::from_stored(access.to_stored().as_deref()), access);
        }
    }

    #[test]
    fn an_operators_scope_cannot_take_a_built_in_name() {
        let known = |name: &str| KnownScope {
            scope: name.parse().unwrap(),
            description: String::new(),
            preselected: false,
        };
        assert!(ScopeCatalog::new(vec![known("billing:read")]).is_ok());
        assert!(ScopeCatalog::new(vec![known(KEYS_READ)]).is_err());
    }

    #[test]
    fn scope_names_follow_the_rule() {
        for name in ["billing:read", "a", "a:b:c", "x-1.y_z"] {
            assert!(name.parse::<Scope>().is_ok(), "{name}");
        }
        for name in ["", "A:b", "a b", "a:", ":a", "a::b", "ä"] {
            assert_eq!(name.parse::<Scope>(), Err(BadScope), "{name}");
        }
    }
}
