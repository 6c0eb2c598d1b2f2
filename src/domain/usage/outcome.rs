//! What became of a request that named a key, as the usage log counts it.

use crate::domain::verification::{Refusal, Verdict};

/// An outcome. The number is what the database holds (migration `log_usage`); it is never given to another outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// Accepted.
    Accepted = 0,
    /// The id of a key, with a wrong secret.
    InvalidKey = 1,
    /// Someone had ended the key.
    DeactivatedKey = 2,
    /// The key had expired.
    ExpiredKey = 3,
    /// The secret had been replaced.
    ReplacedSecret = 4,
    /// The owner was disabled.
    OwnerDisabled = 5,
    /// From an address that is not allowed.
    AddressNotAllowed = 6,
    /// Without a scope that was needed.
    MissingScope = 7,
    /// The account lacked the authority.
    NoAuthority = 8,
    /// Over the rate limit.
    RateLimited = 9,
    /// In the URL, where this instance refuses keys.
    KeyInUrl = 10,
    /// A call of a provider that the key's limits do not allow.
    OutsideLimits = 11,
}

impl Outcome {
    /// All outcomes, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Accepted,
        Self::InvalidKey,
        Self::DeactivatedKey,
        Self::ExpiredKey,
        Self::ReplacedSecret,
        Self::OwnerDisabled,
        Self::AddressNotAllowed,
        Self::MissingScope,
        Self::NoAuthority,
        Self::RateLimited,
        Self::KeyInUrl,
        Self::OutsideLimits,
    ];

    /// The number in the database.
    pub fn number(self) -> i64 {
        i64::from(self as u8)
    }

    /// From the database; `None` for a number that a newer keyport wrote.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.number() == number)
    }

    /// The code, as the API gives it; `valid` for accepted.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "valid",
            Self::InvalidKey => "invalid_key",
            Self::DeactivatedKey => "deactivated_key",
            Self::ExpiredKey => "expired_key",
            Self::ReplacedSecret => "replaced_secret",
            Self::OwnerDisabled => "owner_disabled",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::MissingScope => "missing_scope",
            Self::NoAuthority => "no_authority",
            Self::RateLimited => "rate_limited",
            Self::KeyInUrl => "key_in_url",
            Self::OutsideLimits => "outside_limits",
        }
    }

    /// True if a true secret was presented that no longer works: someone still has it.
    pub fn is_dead_key(self) -> bool {
        matches!(
            self,
            Self::DeactivatedKey | Self::ExpiredKey | Self::ReplacedSecret | Self::OwnerDisabled
        )
    }
}

impl From<&Verdict> for Outcome {
    fn from(verdict: &Verdict) -> Self {
        match &verdict.outcome {
            Ok(_) => Self::Accepted,
            Err(refusal) => refusal.into(),
        }
    }
}

impl From<&Refusal> for Outcome {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Invalid => Self::InvalidKey,
            Refusal::OwnerDisabled => Self::OwnerDisabled,
            Refusal::Deactivated(_) => Self::DeactivatedKey,
            Refusal::Expired(_) => Self::ExpiredKey,
            Refusal::ReplacedSecret(_) => Self::ReplacedSecret,
            Refusal::AddressNotAllowed(_) => Self::AddressNotAllowed,
            Refusal::MissingScope(_) => Self::MissingScope,
            Refusal::NoAuthority(_) => Self::NoAuthority,
            Refusal::RateLimited(_) => Self::RateLimited,
            Refusal::OutsideLimits(_) => Self::OutsideLimits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_and_are_never_shared() {
        for (index, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(usize::try_from(outcome.number()), Ok(index));
            assert_eq!(Outcome::from_number(outcome.number()), Some(outcome));
        }
        assert_eq!(Outcome::from_number(12), None);
    }
}
