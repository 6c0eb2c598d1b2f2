//! The presented key of a request, judged: where it may stand, what it is asked to be good for, and how its use is noted.

use std::time::Instant;

use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{HttpMessage as _, HttpRequest};
use zeroize::Zeroizing;

use super::client;
use crate::clock::Timestamp;
use crate::config::QueryKeys;
use crate::domain::integrations::limits::Call;
use crate::domain::usage::outcome::Outcome;
use crate::domain::usage::{Exposures, UpstreamUse, Use};
use crate::domain::verification::figures::Answer;
use crate::domain::verification::record::SecretMatch;
use crate::domain::verification::{Accepted, Epoch, Need, Verdict};
use crate::web::error::{ApiError, Code};
use crate::web::state::{AppState, Worker};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The request that a key is presented with; a gateway tells of one that it has received itself.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path.
    pub path: &'a str,
    /// Its query.
    pub query: &'a str,
}

impl<'a> Shown<'a> {
    /// The request itself.
    pub fn of(req: &'a HttpRequest) -> Self {
        Self {
            method: req.method().as_str(),
            path: req.path(),
            query: req.query_string(),
        }
    }
}

/// What a request asks of its key.
#[derive(Clone, Copy, Default)]
pub struct Asked<'a> {
    /// All of these scopes.
    pub scopes: &'a [&'a str],
    /// This call of a provider.
    pub call: Option<Call<'a>>,
    /// True if the request is refused whatever the verdict is.
    pub is_refused: bool,
}

/// A verdict, with what is to be noted of the request.
pub struct KeyCheck {
    verdict: Verdict,
    /// True if the key stood in the URL, and may not.
    is_refused_in_url: bool,
    exposures: Exposures,
    /// What it was refused for after its key was accepted.
    denied: Option<Outcome>,
    began: Instant,
}

impl KeyCheck {
    /// Judges the key of a request; `None` if it presents none.
    ///
    /// # Errors
    /// If the request has two credentials, or the database cannot be asked.
    pub async fn of(
        req: &HttpRequest,
        shown: Shown<'_>,
        scopes: &[&str],
    ) -> Result<Option<Self>, ApiError> {
        let asked = Asked {
            scopes,
            ..Asked::default()
        };
        Self::of_asked(req, shown, asked).await
    }

    /// Judges the key of a request that asks more of it than scopes.
    ///
    /// # Errors
    /// As [`KeyCheck::of`].
    #[expect(
        clippy::disallowed_methods,
        reason = "how long an answer took is a figure about this machine"
    )]
    pub async fn of_asked(
        req: &HttpRequest,
        shown: Shown<'_>,
        asked: Asked<'_>,
    ) -> Result<Option<Self>, ApiError> {
        let began = Instant::now();
        let state = AppState::of(req);
        let worker = Worker::of(req);
        let figures = &worker.figures;
        let presented = presented(req.headers(), shown.query)
            .inspect_err(|_two| figures.count(Answer::TwoKeys))?;
        let Some(presented) = presented else {
            return Ok(None);
        };
        let is_refused_in_url = presented.in_url && state.query_keys == QueryKeys::Refuse;
        let need = Need {
            scopes: asked.scopes,
            address: client::known_address(req),
            call: asked.call,
            is_refused: is_refused_in_url || asked.is_refused,
        };
        let verdict = (worker.verifier.verify(&presented.text, need).await)
            .inspect_err(|_| figures.count_timed(Answer::Unavailable, began.elapsed()))?;
        let check = Self {
            verdict,
            is_refused_in_url,
            exposures: Exposures {
                in_url: presented.in_url,
                on_plain_http: client::is_exposed_on_plain_http(req),
            },
            denied: None,
            began,
        };
        figures.count_timed(Answer::Judged(check.outcome()), began.elapsed());
        Ok(Some(check))
    }

    /// As it is counted.
    fn outcome(&self) -> Outcome {
        if self.is_refused_in_url && self.verdict.secret != SecretMatch::Wrong {
            Outcome::KeyInUrl
        } else {
            (&self.verdict).into()
        }
    }

    /// Yes, or why not.
    ///
    /// # Errors
    /// The refusal.
    pub fn result(&self) -> Result<Accepted, ApiError> {
        if self.is_refused_in_url {
            return Err(ApiError::new(
                Code::KeyInUrl,
                "An API key in a URL ends up in logs and histories. Send it in the x-api-key header, \
                 and if this URL was seen by others, deactivate the key.",
            ));
        }
        Ok(self.verdict.clone().into_result()?)
    }

    /// When the key was judged.
    pub fn at(&self) -> Timestamp {
        self.verdict.at
    }

    /// Where the database was when the key was confirmed.
    pub fn confirmed(&self) -> Option<Epoch> {
        self.verdict.confirmed
    }

    /// Notes the use, if the request named a key. `status` is that of the answer.
    pub fn record(&self, req: &HttpRequest, shown: Shown<'_>, status: u16) {
        if let Some(one) = self.as_use(req, shown, status, None) {
            Worker::of(req).recorder.record(&one);
        }
    }

    /// Counts the use, for a request whose answer has only begun: [`KeyCheck::record_end`] notes the rest.
    pub fn record_begin(&self, req: &HttpRequest, shown: Shown<'_>, status: u16) {
        if let Some(one) = self.as_use(req, shown, status, None) {
            Worker::of(req).recorder.count(&one);
        }
    }

    /// Notes a request in detail that was counted before.
    pub fn record_end(
        &self,
        req: &HttpRequest,
        shown: Shown<'_>,
        status: u16,
        upstream: UpstreamUse,
    ) {
        if let Some(one) = self.as_use(req, shown, status, Some(upstream)) {
            Worker::of(req).recorder.detail(&one);
        }
    }

    fn as_use<'a>(
        &'a self,
        req: &'a HttpRequest,
        shown: Shown<'a>,
        status: u16,
        upstream: Option<UpstreamUse>,
    ) -> Option<Use<'a>> {
        let key = self.verdict.key.as_ref()?;
        let took = self.began.elapsed().as_micros();
        Some(Use {
            key,
            secret: self.verdict.secret,
            at: self.verdict.at,
            outcome: self.denied.unwrap_or_else(|| self.outcome()),
            is_dead: Outcome::from(&self.verdict).is_dead_key(),
            exposures: self.exposures,
            address: client::known_address(req),
            client: client::name_as_sent(req),
            method: shown.method,
            path: shown.path,
            status,
            took_us: u64::try_from(took).unwrap_or(u64::MAX),
            upstream,
        })
    }
}

/// The one credential of a request.
struct Presented {
    text: Zeroizing<Vec<u8>>,
    in_url: bool,
}

/// Finds it. The same key in two places is one credential.
fn presented(headers: &HeaderMap, query: &str) -> Result<Option<Presented>, ApiError> {
    let in_headers = headers
        .get_all(X_API_KEY)
        .map(|value| value.as_bytes().trim_ascii())
        .chain(
            headers
                .get_all(header::AUTHORIZATION)
                .filter_map(|value| credential(value.as_bytes())),
        );
    let mut found: Option<Presented> = None;
    let mut take = |text: &[u8], in_url: bool| match &mut found {
        Some(known) if known.text.trim_ascii() == text => {
            known.in_url |= in_url;
            Ok(())
        }
        Some(_) => Err(ApiError::new(
            Code::TwoKeys,
            "The request carries two different credentials. Send one, in the x-api-key header.",
        )),
        None => {
            found = Some(Presented {
                text: Zeroizing::new(text.to_vec()),
                in_url,
            });
            Ok(())
        }
    };
    for text in in_headers {
        take(text, false)?;
    }
    // Most requests have no query, and most queries no key: it is looked for before anything is decoded. An escape may hide the
    // name.
    if !query.is_empty() && (query.contains("apikey=") || query.contains('%')) {
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if name == "apikey" && !value.is_empty() {
                take(value.as_bytes(), true)?;
            }
        }
    }
    Ok(found)
}

/// The credential of an `Authorization` header with one of our schemes; other schemes are someone else's.
fn credential(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    let space = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = value.split_at(space);
    let ours = scheme.eq_ignore_ascii_case(b"bearer") || scheme.eq_ignore_ascii_case(b"apikey");
    ours.then(|| rest.trim_ascii())
}

/// Counts a request as refused for this, though its key was accepted.
pub fn deny(req: &HttpRequest, outcome: Outcome) {
    if let Some(check) = req.extensions_mut().get_mut::<KeyCheck>() {
        check.denied = Some(outcome);
    }
}

/// The refusal of a request that presents no key where one is needed; counts it.
pub fn missing_key(req: &HttpRequest) -> ApiError {
    Worker::of(req).figures.count(Answer::MissingKey);
    ApiError::new(
        Code::MissingKey,
        "Send your API key in the x-api-key header. Keys are made under Settings, API keys.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn presented_in(
        headers: &[(&'static str, &'static str)],
        query: &str,
    ) -> Result<Option<(String, bool)>, Code> {
        let request = headers
            .iter()
            .fold(TestRequest::default(), |request, header| {
                request.append_header(*header)
            });
        let found = presented(request.to_http_request().headers(), query);
        let text = |text: &[u8]| String::from_utf8(text.to_vec()).unwrap();
        found
            .map(|found| found.map(|found| (text(&found.text), found.in_url)))
            .map_err(|error| error.code)
    }

    fn key(in_url: bool) -> Result<Option<(String, bool)>, Code> {
        Ok(Some(("K".to_owned(), in_url)))
    }

    #[test]
    fn a_key_is_found_in_each_documented_place() {
        for header in [
            ("x-api-key", " K "),
            ("authorization", "Bearer K"),
            ("authorization", "ApiKey  K"),
            ("authorization", "apikey K"),
        ] {
            assert_eq!(presented_in(&[header], ""), key(false));
        }
        assert_eq!(presented_in(&[], "a=1&apikey=K"), key(true));
        assert_eq!(presented_in(&[], "apikey=%4B"), key(true));
        assert_eq!(presented_in(&[], "%61pike%79=K"), key(true));
        let no_key = presented_in(&[], "APIKEY=K&xapikey=K&apikey=&a=%20");
        assert_eq!(no_key, Ok(None));
    }

    #[test]
    fn one_key_twice_is_one_and_two_keys_are_refused() {
        let same = [("x-api-key", "K"), ("authorization", "Bearer K")];
        assert_eq!(presented_in(&same, ""), key(false));
        assert_eq!(presented_in(&same, "apikey=K"), key(true));
        for second in [("authorization", "Bearer L"), ("x-api-key", "L")] {
            let two = presented_in(&[("x-api-key", "K"), second], "");
            assert_eq!(two, Err(Code::TwoKeys));
        }
        let two = presented_in(&[("x-api-key", "K")], "apikey=L");
        assert_eq!(two, Err(Code::TwoKeys));
        assert_eq!(presented_in(&[], "apikey=K&apikey=L"), Err(Code::TwoKeys));
    }

    #[test]
    fn other_schemes_are_ignored() {
        assert_eq!(
            presented_in(&[("authorization", "Basic dTpw")], ""),
            Ok(None)
        );
        assert_eq!(presented_in(&[], ""), Ok(None));
    }
}
