//! The codes of the API: one table of words, statuses and titles.

/// The codes of the API, as the documentation lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No key where one is needed.
    MissingKey,
    /// Two different credentials in one request.
    TwoKeys,
    /// A key in the URL.
    KeyInUrl,
    /// A scope that this instance does not know is asked for.
    UnknownScope,
    /// Malformed, unknown, or a wrong secret.
    InvalidKey,
    /// The true secret of a key that was deactivated.
    DeactivatedKey,
    /// The true secret of a key that has expired.
    ExpiredKey,
    /// A true secret of the key that another one has replaced.
    ReplacedSecret,
    /// The key's owner is disabled.
    OwnerDisabled,
    /// The key may not be used from this address.
    AddressNotAllowed,
    /// The key lacks a scope.
    MissingScope,
    /// The key's owner lacks the authority.
    NoAuthority,
    /// The key's limits do not allow this call of a provider.
    OutsideLimits,
    /// There is no such provider.
    UnknownProvider,
    /// There is no key for the provider.
    NoProviderKey,
    /// The key for the provider cannot be opened.
    UnreadableProviderKey,
    /// The path cannot be passed on.
    BadPath,
    /// The provider gave no answer.
    ProviderUnreachable,
    /// The provider's answer cannot be passed on.
    BadProviderAnswer,
    /// The provider took too long.
    ProviderTooSlow,
    /// The call comes from here.
    LoopDetected,
    /// The new key would exceed the one that makes it.
    ExceedsCaller,
    /// A report is not signed as it must be.
    BadSignature,
    /// Too many requests.
    RateLimited,
    /// The store cannot be reached.
    Unavailable,
    /// The request cannot be read.
    InvalidRequest,
    /// Nothing is there, or it is someone else's.
    NotFound,
    /// The path takes other methods.
    MethodNotAllowed,
    /// `If-Match` does not fit.
    PreconditionFailed,
    /// The body is larger than 64 KiB.
    TooLarge,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// A field has a bad value.
    InvalidField,
    /// It does not fit what is there.
    Conflict,
    /// The account has as many active keys as it may have.
    KeyLimit,
    /// The same `Idempotency-Key` with another body.
    IdempotencyConflict,
    /// A defect.
    Internal,
}

impl Code {
    /// All codes, in the order of the documentation.
    pub const ALL: [Self; 36] = [
        Self::MissingKey,
        Self::TwoKeys,
        Self::KeyInUrl,
        Self::UnknownScope,
        Self::InvalidKey,
        Self::DeactivatedKey,
        Self::ExpiredKey,
        Self::ReplacedSecret,
        Self::OwnerDisabled,
        Self::AddressNotAllowed,
        Self::MissingScope,
        Self::NoAuthority,
        Self::ExceedsCaller,
        Self::BadSignature,
        Self::RateLimited,
        Self::Unavailable,
        Self::InvalidRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidField,
        Self::KeyLimit,
        Self::IdempotencyConflict,
        Self::OutsideLimits,
        Self::UnknownProvider,
        Self::NoProviderKey,
        Self::UnreadableProviderKey,
        Self::BadPath,
        Self::ProviderUnreachable,
        Self::BadProviderAnswer,
        Self::ProviderTooSlow,
        Self::LoopDetected,
        Self::Internal,
    ];

    /// The table for the API: word, status, title.
    pub fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::MissingKey => ("missing_key", 401, "No API key"),
            Self::TwoKeys => ("two_keys", 400, "Two different credentials"),
            Self::KeyInUrl => ("key_in_url", 400, "API key in the URL"),
            Self::UnknownScope => ("unknown_scope", 400, "No such scope"),
            Self::InvalidKey => ("invalid_key", 401, "Not a valid API key"),
            Self::DeactivatedKey => ("deactivated_key", 401, "The API key was deactivated"),
            Self::ExpiredKey => ("expired_key", 401, "The API key has expired"),
            Self::ReplacedSecret => (
                "replaced_secret",
                401,
                "The secret of the API key was replaced",
            ),
            Self::AddressNotAllowed => (
                "address_not_allowed",
                403,
                "The API key may not be used from this address",
            ),
            Self::OwnerDisabled => (
                "owner_disabled",
                401,
                "The owner of the API key is disabled",
            ),
            Self::MissingScope => ("missing_scope", 403, "The API key lacks a scope"),
            Self::NoAuthority => (
                "no_authority",
                403,
                "The owner of the API key lacks the authority",
            ),
            Self::OutsideLimits => ("outside_limits", 403, "The API key may not make this call"),
            Self::UnknownProvider => ("unknown_provider", 404, "No such provider"),
            Self::NoProviderKey => ("no_provider_key", 409, "No key for the provider"),
            Self::UnreadableProviderKey => (
                "unreadable_provider_key",
                409,
                "The key for the provider cannot be opened",
            ),
            Self::BadPath => ("bad_path", 400, "The path cannot be passed on"),
            Self::ProviderUnreachable => {
                ("provider_unreachable", 502, "No answer from the provider")
            }
            Self::BadProviderAnswer => (
                "bad_provider_answer",
                502,
                "The provider's answer cannot be passed on",
            ),
            Self::ProviderTooSlow => (
                "provider_too_slow",
                504,
                "The provider did not answer in time",
            ),
            Self::LoopDetected => ("loop_detected", 508, "The provider leads back here"),
            Self::ExceedsCaller => (
                "exceeds_caller",
                403,
                "More than the calling API key may do",
            ),
            Self::BadSignature => ("bad_signature", 403, "The signature is missing or wrong"),
            Self::RateLimited => ("rate_limited", 429, "Too many requests"),
            Self::Unavailable => ("unavailable", 503, "Not available at present"),
            Self::InvalidRequest => ("invalid_request", 400, "The request cannot be read"),
            Self::NotFound => ("not_found", 404, "Not found"),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "Method not allowed"),
            Self::Conflict => ("conflict", 409, "It does not fit the state of the record"),
            Self::PreconditionFailed => ("precondition_failed", 412, "The record has changed"),
            Self::TooLarge => ("too_large", 413, "The body is too large"),
            Self::UnsupportedMediaType => ("unsupported_media_type", 415, "The body is not JSON"),
            Self::InvalidField => ("invalid_field", 422, "A field has a bad value"),
            Self::KeyLimit => ("key_limit", 422, "Too many active API keys"),
            Self::IdempotencyConflict => (
                "idempotency_conflict",
                422,
                "The Idempotency-Key was used with another body",
            ),
            Self::Internal => ("internal", 500, "Something went wrong on our side"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            Code::ALL.iter().map(|code| code.row().0).collect();
        assert_eq!(words.len(), Code::ALL.len());
    }
}
