//! A provider's answer on its way back: piece by piece, as it comes and no faster than the client takes it; with a look at
//! the tokens that it tells, and a note in the usage log when it ends.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use futures_core::Stream;
use tokio::time::Sleep;

use super::notes::{News, Notes};
use crate::domain::integrations::tokens::Meter;
use crate::domain::usage::UpstreamUse;
use crate::domain::verification::Accepted;
use crate::web::extract::key_check::{KeyCheck, Shown};
use crate::web::state::Worker;

/// The status that is noted of a request whose client went away before there was an answer; none is sent. As nginx has it.
const CLIENT_GONE: u16 = 499;
/// Bytes of a refusal that are kept for its words.
const MOST_REFUSAL: usize = 4 * 1024;

/// What is noted of a call when it ends, however it ends: with its answer, with the client, or with a failure.
pub(super) struct Call {
    req: HttpRequest,
    check: KeyCheck,
    accepted: Accepted,
    provider: String,
    began: Instant,
    status: u16,
    upstream_status: Option<u16>,
    is_counted: bool,
    meter: Option<Meter>,
    notes: Option<(Notes, News)>,
    refusal: Vec<u8>,
}

impl Call {
    /// A call that begins now.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a call took is a figure about machines"
    )]
    pub(super) fn begin(
        req: HttpRequest,
        check: KeyCheck,
        accepted: Accepted,
        provider: &str,
    ) -> Self {
        Self {
            req,
            check,
            accepted,
            provider: provider.to_owned(),
            began: Instant::now(),
            status: CLIENT_GONE,
            upstream_status: None,
            is_counted: false,
            meter: None,
            notes: None,
            refusal: Vec::new(),
        }
    }

    /// It is answered with this status.
    pub(super) fn answered(&mut self, status: u16, upstream_status: Option<u16>) {
        self.status = status;
        self.upstream_status = upstream_status;
        self.count();
    }

    /// Reads along from here on.
    pub(super) fn read_along(&mut self, meter: Meter, notes: Notes, news: News) {
        self.meter = Some(meter);
        self.notes = Some((notes, news));
    }

    fn count(&mut self) {
        if !self.is_counted {
            self.is_counted = true;
            self.check
                .record_begin(&self.req, Shown::of(&self.req), self.status);
        }
    }

    fn take_in(&mut self, piece: &[u8]) {
        if let Some(meter) = &mut self.meter {
            meter.push(piece);
        }
        if matches!(self.notes, Some((_, News::Refused))) {
            let room = MOST_REFUSAL - self.refusal.len();
            let part = &piece[..piece.len().min(room)];
            self.refusal.extend_from_slice(part);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.count();
        let took = self.began.elapsed().as_micros();
        let upstream = UpstreamUse {
            status: self.upstream_status,
            took_us: u64::try_from(took).unwrap_or(u64::MAX),
        };
        let shown = Shown::of(&self.req);
        self.check
            .record_end(&self.req, shown, self.status, upstream);
        if self.upstream_status.is_some() {
            let tokens = self.meter.as_ref().map(Meter::tokens).unwrap_or_default();
            let (key, at) = (self.accepted.key.id, self.check.at());
            let recorder = &Worker::of(&self.req).recorder;
            recorder.note_call(key, &self.provider, at, tokens);
        }
        if let Some((notes, news)) = self.notes.take() {
            notes.note(&self.req, news, &self.refusal);
        }
    }
}

/// The body of the answer.
pub(super) struct AnswerBody {
    pieces: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>>>>,
    size: BodySize,
    silence: Pin<Box<Sleep>>,
    longest_silence: Duration,
    call: Option<Call>,
}

impl AnswerBody {
    /// Passes on what `answer` brings.
    #[expect(
        clippy::disallowed_methods,
        reason = "a provider that falls silent does so in the machine's time"
    )]
    pub(super) fn new(
        answer: reqwest::Response,
        size: BodySize,
        longest_silence: Duration,
        call: Call,
    ) -> Self {
        Self {
            pieces: Box::pin(answer.bytes_stream()),
            size,
            silence: Box::pin(tokio::time::sleep(longest_silence)),
            longest_silence,
            call: Some(call),
        }
    }
}

impl MessageBody for AnswerBody {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        let next = match this.pieces.as_mut().poll_next(cx) {
            Poll::Ready(next) => next,
            Poll::Pending => {
                if this.silence.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                // Cut off: whoever reads it must not take it for whole.
                this.call = None;
                return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
            }
        };
        match next {
            Some(Ok(piece)) => {
                if let Some(call) = &mut this.call {
                    call.take_in(&piece);
                }
                let until = tokio::time::Instant::now() + this.longest_silence;
                this.silence.as_mut().reset(until);
                Poll::Ready(Some(Ok(piece)))
            }
            Some(Err(broken)) => {
                this.call = None;
                Poll::Ready(Some(Err(broken.into())))
            }
            None => {
                this.call = None;
                Poll::Ready(None)
            }
        }
    }
}
