//! Where a call is to go, as it stood in the request line.

use actix_web::HttpRequest;
use actix_web::http::Method;
use percent_encoding::percent_decode_str;

use crate::domain::integrations::limits::METHODS;
use crate::domain::integrations::paths;
use crate::web::error::{ApiError, Code};

/// What is asked for, as it was sent.
pub(super) struct Target<'a> {
    /// The provider's slug.
    pub(super) provider: &'a str,
    /// The path behind it.
    pub(super) path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Target<'a> {
    pub(super) fn of(req: &'a HttpRequest) -> Self {
        let rest = req.uri().path().strip_prefix("/proxy").unwrap_or_default();
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let (provider, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Self {
            provider,
            path: if path.is_empty() { "/" } else { path },
            query: req.uri().query(),
        }
    }

    /// What cannot be passed on, whoever asks.
    pub(super) fn check(&self, method: &Method) -> Result<(), ApiError> {
        if !METHODS.contains(&method.as_str()) {
            return Err(ApiError {
                allow: Some("GET, HEAD, POST, PUT, PATCH, DELETE".into()),
                ..ApiError::new(
                    Code::MethodNotAllowed,
                    "Calls of providers take GET, HEAD, POST, PUT, PATCH and DELETE.",
                )
            });
        }
        paths::check(self.path, self.query)
            .map_err(|bad| ApiError::new(Code::BadPath, format!("The path {bad}.")))
    }

    /// Path and query for the provider, without a key of ours.
    pub(super) fn for_provider(&self, key_prefix: &str) -> Result<String, ApiError> {
        let is_ours = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            percent_decode_str(name).decode_utf8_lossy() == "apikey"
        };
        let query = self.query.map(|query| {
            let pairs = query.split('&').filter(|pair| !is_ours(pair));
            pairs.collect::<Vec<_>>().join("&")
        });
        let whole = match query {
            Some(query) if !query.is_empty() => format!("{}?{query}", self.path),
            _ => self.path.to_owned(),
        };
        let decoded = percent_decode_str(&whole).decode_utf8_lossy();
        if whole.contains(key_prefix) || decoded.contains(key_prefix) {
            return Err(ApiError::new(
                Code::KeyInUrl,
                "The address holds this API key, and would take it to the provider. Send the key in the x-api-key header.",
            ));
        }
        Ok(whole)
    }
}
