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
use tokio::time::Sleep;

use super::notes::{News, Notes};
use crate::domain::integrations::AnswerBody;
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

/// The body of the answer to the client.
pub(super) struct PassingBody {
    from_provider: AnswerBody,
    size: BodySize,
    /// Runs while nothing comes.
    silence: Option<Pin<Box<Sleep>>>,
    longest_silence: Duration,
    call: Option<Call>,
    broken: Option<Box<dyn Error>>,
}

impl PassingBody {
    /// Passes on what the provider sends.
    pub(super) fn new(
        from_provider: AnswerBody,
        size: BodySize,
        longest_silence: Duration,
        call: Call,
    ) -> Self {
        Self {
            from_provider,
            size,
            silence: None,
            longest_silence,
            call: Some(call),
            broken: None,
        }
    }

    /// True if nothing has come for too long.
    #[expect(
        clippy::disallowed_methods,
        reason = "a provider that falls silent does so in the machine's time"
    )]
    fn is_silent(&mut self, cx: &mut Context<'_>) -> bool {
        let longest = self.longest_silence;
        let silence = (self.silence).get_or_insert_with(|| Box::pin(tokio::time::sleep(longest)));
        silence.as_mut().poll(cx).is_ready()
    }

    /// Cuts the answer off, so that no one takes it for whole. What has come before goes out first, as far as the client takes it
    /// at once: the server lets go of what it has not yet sent when a body fails.
    fn break_off(
        &mut self,
        error: Box<dyn Error>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        self.call = None;
        self.broken = Some(error);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl MessageBody for PassingBody {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        match this.from_provider.poll_piece(cx) {
            Poll::Pending if this.is_silent(cx) => {
                let error = io::Error::from(io::ErrorKind::TimedOut);
                this.break_off(error.into(), cx)
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(piece))) => {
                if let Some(call) = &mut this.call {
                    call.take_in(&piece);
                }
                this.silence = None;
                Poll::Ready(Some(Ok(piece)))
            }
            Poll::Ready(Some(Err(error))) => this.break_off(error.into(), cx),
            Poll::Ready(None) => {
                this.call = None;
                Poll::Ready(None)
            }
        }
    }
}
