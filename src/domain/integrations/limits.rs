//! What a key may be used for at providers: which of them, with which methods, on which paths. Nothing chosen means
//! anything.

use super::paths::canonical;

/// Paths that a key's limits may name.
pub const MOST_PATHS: usize = 50;
/// Bytes that one of them may have.
const MOST_BYTES: usize = 200;

/// The methods that can be chosen.
pub const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// A call that a key is asked to be good for.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The provider's slug.
    pub provider: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path behind the provider's base URL, as it was sent.
    pub path: &'a str,
}

/// A path, or the beginning of one if it ends in `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(String);

/// Why a line is no path: the end of a sentence that begins with the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// It does not begin with a slash.
    #[error("does not begin with a slash")]
    NoSlash,
    /// A star stands elsewhere than at its end.
    #[error("has a star that is not its last character")]
    Star,
    /// It has a character that no path has.
    #[error("has a space, a question mark or another character that no path has")]
    Character,
    /// No call with it would be passed on.
    #[error("would never be passed on: no dots as a segment, no double or encoded slashes")]
    Never,
    /// It is too long.
    #[error("is longer than 200 characters")]
    Long,
}

impl PathPattern {
    /// Reads one line.
    ///
    /// # Errors
    /// If it is no path.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let path = text.strip_suffix('*').unwrap_or(text);
        if text.len() > MOST_BYTES {
            return Err(BadPattern::Long);
        }
        if !text.starts_with('/') {
            return Err(BadPattern::NoSlash);
        }
        if path.contains('*') {
            return Err(BadPattern::Star);
        }
        let is_allowed = |byte: u8| (b'!'..=b'~').contains(&byte) && !matches!(byte, b'?' | b'#');
        if !path.bytes().all(is_allowed) {
            return Err(BadPattern::Character);
        }
        if super::paths::check(path, None).is_err() {
            return Err(BadPattern::Never);
        }
        let star = if path.len() < text.len() { "*" } else { "" };
        Ok(Self(format!("{}{star}", canonical(path))))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if every path that fits `other` fits this.
    fn covers(&self, other: &Self) -> bool {
        match (self.0.strip_suffix('*'), other.0.strip_suffix('*')) {
            (Some(begin), Some(other)) => other.starts_with(begin),
            (None, Some(_)) => false,
            (_, None) => self.fits(&other.0),
        }
    }

    fn fits(&self, path: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(begin) => path.starts_with(begin),
            None => path == self.0,
        }
    }
}

/// The limits. Empty lists allow anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallLimits {
    /// Slugs.
    pub providers: Vec<String>,
    /// Some of [`METHODS`].
    pub methods: Vec<String>,
    /// Paths.
    pub paths: Vec<PathPattern>,
    /// True if what is stored could not be read: then nothing is allowed.
    is_unreadable: bool,
}

/// What of a call is outside of the limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outside {
    /// Its provider.
    Provider(String),
    /// Its method.
    Method(String),
    /// Its path.
    Path,
    /// The limits themselves cannot be read.
    Unreadable,
}

impl CallLimits {
    /// With these lists.
    pub fn new(providers: Vec<String>, methods: Vec<String>, paths: Vec<PathPattern>) -> Self {
        Self {
            providers,
            methods,
            paths,
            is_unreadable: false,
        }
    }

    /// True if anything is allowed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Makes sure that a call is allowed.
    ///
    /// # Errors
    /// What of it is not.
    pub fn check(&self, call: Call<'_>) -> Result<(), Outside> {
        if self.is_unreadable {
            return Err(Outside::Unreadable);
        }
        let allows = |list: &[String], one: &str| {
            list.is_empty() || list.iter().any(|allowed| allowed == one)
        };
        if !allows(&self.providers, call.provider) {
            return Err(Outside::Provider(call.provider.to_owned()));
        }
        if !allows(&self.methods, call.method) {
            return Err(Outside::Method(call.method.to_owned()));
        }
        let path = canonical(call.path);
        if self.paths.is_empty() || self.paths.iter().any(|allowed| allowed.fits(&path)) {
            Ok(())
        } else {
            Err(Outside::Path)
        }
    }

    /// True if every call that these allow is allowed by `others`, too.
    pub fn are_within(&self, others: &Self) -> bool {
        let listed = |mine: &[String], theirs: &[String]| {
            theirs.is_empty() || !mine.is_empty() && mine.iter().all(|one| theirs.contains(one))
        };
        let covered = |mine: &PathPattern| others.paths.iter().any(|theirs| theirs.covers(mine));
        self.is_unreadable
            || !others.is_unreadable
                && listed(&self.providers, &others.providers)
                && listed(&self.methods, &others.methods)
                && (others.paths.is_empty()
                    || !self.paths.is_empty() && self.paths.iter().all(covered))
    }

    /// As it is stored: a line for each list that is not empty. `None` for no limits.
    pub fn to_stored(&self) -> Option<String> {
        let paths: Vec<&str> = self.paths.iter().map(PathPattern::as_str).collect();
        let lists = [
            ("providers", self.providers.join(" ")),
            ("methods", self.methods.join(" ")),
            ("paths", paths.join(" ")),
        ];
        let lines = lists.iter().filter(|(_, list)| !list.is_empty());
        let lines: Vec<String> = lines.map(|(name, list)| format!("{name} {list}")).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// From the database. What cannot be read allows nothing.
    pub fn from_stored(stored: Option<&str>) -> Self {
        let Some(stored) = stored else {
            return Self::default();
        };
        Self::read(stored).unwrap_or_else(|| Self {
            is_unreadable: true,
            ..Self::default()
        })
    }

    fn read(stored: &str) -> Option<Self> {
        let mut limits = Self::default();
        for line in stored.lines() {
            let (name, list) = line.split_once(' ')?;
            let words = list.split(' ').map(str::to_owned);
            match name {
                "providers" => limits.providers = words.collect(),
                "methods" => limits.methods = words.collect(),
                "paths" => {
                    let paths = words.map(|path| PathPattern::parse(&path));
                    limits.paths = paths.collect::<Result<_, _>>().ok()?;
                }
                _ => return None,
            }
        }
        (!limits.is_empty()).then_some(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(provider: &'static str, method: &'static str, path: &'static str) -> Call<'static> {
        Call {
            provider,
            method,
            path,
        }
    }

    fn limits() -> CallLimits {
        let paths = ["/v1/chat/completions", "/v1/models*"];
        CallLimits::new(
            vec!["openai".into()],
            vec!["GET".into(), "POST".into()],
            paths.map(|path| PathPattern::parse(path).unwrap()).into(),
        )
    }

    #[test]
    fn nothing_chosen_allows_anything() {
        let none = CallLimits::default();
        assert_eq!(none.check(call("x", "DELETE", "/y")), Ok(()));
        assert_eq!(none.to_stored(), None);
        assert!(CallLimits::from_stored(None).is_empty());
    }

    #[test]
    fn each_list_limits_by_itself() {
        let limits = limits();
        for path in [
            "/v1/chat/completions",
            "/v1/models",
            "/v1/models/gpt-5",
            "/v1/%6dodels",
        ] {
            assert_eq!(limits.check(call("openai", "GET", path)), Ok(()), "{path}");
        }
        let refused = limits.check(call("groq", "GET", "/v1/models"));
        assert_eq!(refused, Err(Outside::Provider("groq".into())));
        let refused = limits.check(call("openai", "DELETE", "/v1/models"));
        assert_eq!(refused, Err(Outside::Method("DELETE".into())));
        for path in ["/v1/files", "/v1/chat/completions/x", "/V1/models", "/"] {
            let refused = limits.check(call("openai", "GET", path));
            assert_eq!(refused, Err(Outside::Path), "{path}");
        }
    }

    #[test]
    fn limits_within_others_allow_nothing_that_those_do_not() {
        let none = CallLimits::default();
        let limits = limits();
        assert!(limits.are_within(&none) && limits.are_within(&limits) && none.are_within(&none));
        assert!(!none.are_within(&limits));
        let with_paths = |paths: &[&str]| CallLimits {
            paths: paths
                .iter()
                .map(|path| PathPattern::parse(path).unwrap())
                .collect(),
            ..limits.clone()
        };
        assert!(with_paths(&["/v1/models/a*", "/v1/chat/completions"]).are_within(&limits));
        assert!(!with_paths(&["/v1/chat/completions*"]).are_within(&limits));
        assert!(!with_paths(&["/v1*"]).are_within(&limits));
        assert!(!with_paths(&[]).are_within(&limits));
    }

    #[test]
    fn they_are_stored_and_read_back() {
        let limits = limits();
        let stored = limits.to_stored().unwrap();
        assert_eq!(CallLimits::from_stored(Some(&stored)), limits);
    }

    #[test]
    fn what_cannot_be_read_allows_nothing() {
        for stored in [
            "",
            "x",
            "names openai",
            "providers openai\npaths v1",
            "providers",
        ] {
            let limits = CallLimits::from_stored(Some(stored));
            let refused = limits.check(call("openai", "GET", "/v1"));
            assert_eq!(refused, Err(Outside::Unreadable), "{stored}");
        }
    }

    #[test]
    fn lines_that_are_no_paths_are_refused() {
        for (line, bad) in [
            ("v1/models", BadPattern::NoSlash),
            ("/v1/*/x", BadPattern::Star),
            ("/v1/a b", BadPattern::Character),
            ("/v1?x=1", BadPattern::Character),
            ("/v1/../x", BadPattern::Never),
            ("/v1//x", BadPattern::Never),
            ("/v1/%2fx", BadPattern::Never),
        ] {
            assert_eq!(PathPattern::parse(line), Err(bad), "{line}");
        }
        let long = format!("/{}", "a".repeat(200));
        assert_eq!(PathPattern::parse(&long), Err(BadPattern::Long));
        assert_eq!(PathPattern::parse("/*").unwrap().as_str(), "/*");
    }
}
