//! A key's rate limit.

use chrono::TimeDelta;

/// How long a window is, from its first accepted request on.
pub const WINDOW: TimeDelta = TimeDelta::seconds(60);

/// Requests that are accepted in a window, 1 to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RateLimit(u32);

/// Not a rate limit.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("Enter a number of requests a minute, from 1 to 1,000,000.")]
pub struct BadRateLimit;

impl RateLimit {
    const MOST: i64 = 1_000_000;

    /// A limit of so many requests a minute.
    ///
    /// # Errors
    /// If the number is out of range.
    pub fn new(requests: i64) -> Result<Self, BadRateLimit> {
        if !(1..=Self::MOST).contains(&requests) {
            return Err(BadRateLimit);
        }
        u32::try_from(requests).map(Self).or(Err(BadRateLimit))
    }

    /// Reads what was typed; `None` for nothing.
    ///
    /// # Errors
    /// If it is not a number in range.
    pub fn parse(text: &str) -> Result<Option<Self>, BadRateLimit> {
        match text.trim() {
            "" => Ok(None),
            text if text.bytes().all(|byte| byte.is_ascii_digit()) => text
                .parse()
                .or(Err(BadRateLimit))
                .and_then(Self::new)
                .map(Some),
            _ => Err(BadRateLimit),
        }
    }

    /// From the database. Numbers out of range become the nearest in range.
    pub fn from_stored(requests: i64) -> Self {
        let most = u32::try_from(Self::MOST).unwrap_or(u32::MAX);
        Self(u32::try_from(requests).unwrap_or(most).clamp(1, most))
    }

    /// Requests a window.
    pub fn requests(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_whole_numbers_in_range() {
        assert_eq!(RateLimit::parse(" 100 "), Ok(Some(RateLimit(100))));
        assert_eq!(RateLimit::parse(""), Ok(None));
        for text in [
            "0",
            "-1",
            "+5",
            "1.5",
            "1000001",
            "9999999999999999999999",
            "many",
        ] {
            assert_eq!(RateLimit::parse(text), Err(BadRateLimit), "{text}");
        }
    }
}
