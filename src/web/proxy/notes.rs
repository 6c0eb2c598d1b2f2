//! What a call has shown of the provider's key, noted beside it.

use actix_web::HttpRequest;
use hyper::StatusCode;

use crate::clock::Timestamp;
use crate::domain::integrations::calls::{self, Opened};
use crate::domain::integrations::refusal_words;
use crate::ids::ProviderKeyId;
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::state::{AppState, Worker};

/// What an answer says of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing that is not known.
    None,
    /// The provider takes it.
    Accepted,
    /// The provider does not.
    Refused,
}

impl News {
    /// By the status alone. Only 401 is about the key for certain: others may be about what was asked for.
    pub(super) fn of(status: StatusCode, opened: &Opened) -> Self {
        if status == StatusCode::UNAUTHORIZED {
            Self::Refused
        } else if status.is_success() && opened.is_acceptance_news() {
            Self::Accepted
        } else {
            Self::None
        }
    }
}

/// What is needed to note it.
pub(super) struct Notes {
    key_id: ProviderKeyId,
    was_refused: bool,
    is_use_due: bool,
    /// To take it out of the provider's words, if it was refused.
    secret: Option<Secret<String>>,
}

impl Notes {
    pub(super) fn of(opened: &Opened, news: News, now: Timestamp) -> Self {
        Self {
            key_id: opened.key_id,
            was_refused: opened.is_refused,
            is_use_due: opened.is_use_due(now),
            secret: (news == News::Refused).then(|| opened.secret.clone()),
        }
    }

    /// Notes the use, and what is new. The client does not wait for it.
    pub(super) fn note(self, req: &HttpRequest, news: News, refusal: &[u8]) {
        let state = AppState::of(req).clone();
        let now = state.clock.now();
        let key_id = self.key_id;
        if self.is_use_due {
            Worker::of(req).recorder.note_provider_use(key_id, now);
        }
        let words = match (news, self.secret) {
            (News::Accepted, _) => None,
            // What is known to be refused is not written again with each call.
            (News::Refused, Some(secret)) if !self.was_refused => {
                Some(refusal_words(refusal, &secret))
            }
            _ => return,
        };
        if !Worker::of(req).desk.may_note(key_id, now) {
            return;
        }
        actix_web::rt::spawn(async move {
            let noted: Result<(), StoreError> = state
                .pool
                .write(move |db| match words {
                    Some(words) => {
                        let status = StatusCode::UNAUTHORIZED.as_u16();
                        calls::note_refused(db, key_id, status, &words, now)
                    }
                    None => calls::note_accepted(db, key_id, now),
                })
                .await;
            if let Err(error) = noted {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what a provider said of a key could not be noted"
                );
            }
        });
    }
}
