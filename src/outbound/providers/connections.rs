//! Connections to providers: one call at a time on each, and those that wait for the next one.
//!
//! A connection has no task of its own. Whoever waits for an answer moves its bytes meanwhile, so a call costs no change
//! from task to task, and when its caller goes, connection and call go with it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use tokio::time::Instant;

use super::CallBody;
use super::connector::Stream;

/// How long an idle connection is kept for the next call. Shorter than servers commonly keep theirs, so that a call seldom
/// meets one that is just being closed.
const KEEP_IDLE: Duration = Duration::from_secs(30);
/// Bytes of an answer that are read ahead; its head has to fit in.
const MOST_AHEAD: usize = 128 * 1024;

type Wire = http1::Connection<Stream, CallBody>;

/// A connection, and what is on it.
pub(super) struct Connection {
    sender: SendRequest<CallBody>,
    /// Moves the bytes. Gone as soon as it has ended: then a call that it has not begun comes back from it, and a body that is
    /// not whole breaks off.
    wire: Option<Wire>,
}

/// Why a call got no answer on a connection.
pub(super) enum Unanswered {
    /// Nothing of it was sent. It can be made on another connection.
    NotSent(Box<Request<CallBody>>),
    /// It may have been sent.
    Broken(hyper::Error),
}

impl Connection {
    /// Begins to speak HTTP.
    pub(super) async fn open(stream: Stream) -> hyper::Result<Box<Self>> {
        let (sender, wire) = http1::Builder::new()
            .max_buf_size(MOST_AHEAD)
            .handshake(stream)
            .await?;
        Ok(Box::new(Self {
            sender,
            wire: Some(wire),
        }))
    }

    /// Moves what can be moved now.
    pub(super) fn poll_move(&mut self, cx: &mut Context<'_>) {
        poll_wire(&mut self.wire, cx);
    }

    /// True if the next call can be made on it.
    fn is_idle(&mut self, cx: &mut Context<'_>) -> bool {
        self.poll_move(cx);
        self.wire.is_some() && self.sender.is_ready()
    }

    /// Makes a call, and waits for the head of its answer.
    pub(super) async fn ask(
        &mut self,
        request: Request<CallBody>,
    ) -> Result<Response<Incoming>, Unanswered> {
        if !poll_fn(|cx| Poll::Ready(self.is_idle(cx))).await {
            return Err(Unanswered::NotSent(Box::new(request)));
        }
        let Self { sender, wire } = self;
        let mut answer = pin!(sender.try_send_request(request));
        let answered = poll_fn(|cx| {
            poll_wire(wire, cx);
            answer.as_mut().poll(cx)
        });
        (answered.await).map_err(|mut error| match error.take_message() {
            Some(request) => Unanswered::NotSent(Box::new(request)),
            None => Unanswered::Broken(error.into_error()),
        })
    }
}

fn poll_wire(wire: &mut Option<Wire>, cx: &mut Context<'_>) {
    if let Some(open) = wire
        && Pin::new(open).poll(cx).is_ready()
    {
        *wire = None;
    }
}

/// A connection, and since when it waits.
type Idle = (Box<Connection>, Instant);

/// The connections that wait for their next call, by the place they lead to. Of one worker.
#[derive(Default)]
pub(super) struct IdleConnections {
    by_origin: RefCell<HashMap<Box<str>, Vec<Idle>>>,
    is_swept: Cell<bool>,
}

impl IdleConnections {
    /// The one that was used last: it is the least likely to be closed by the other side.
    pub(super) fn take(&self, origin: &str) -> Option<Box<Connection>> {
        let mut by_origin = self.by_origin.borrow_mut();
        by_origin.get_mut(origin)?.pop().map(|(idle, _)| idle)
    }

    /// Keeps one, if another call can be made on it.
    pub(super) fn give(
        self: &Rc<Self>,
        origin: &str,
        mut used: Box<Connection>,
        cx: &mut Context<'_>,
    ) {
        if !used.is_idle(cx) {
            return;
        }
        let since = Instant::now();
        let mut by_origin = self.by_origin.borrow_mut();
        match by_origin.get_mut(origin) {
            Some(idle) => idle.push((used, since)),
            None => {
                by_origin.insert(origin.into(), vec![(used, since)]);
            }
        }
        if !self.is_swept.replace(true) {
            tokio::task::spawn_local(sweep(Rc::downgrade(self)));
        }
    }

    /// Closes what was idle for too long. True if others wait still.
    fn close_old(&self, before: Instant) -> bool {
        let mut by_origin = self.by_origin.borrow_mut();
        by_origin.retain(|_, idle| {
            idle.retain(|(_, since)| *since > before);
            !idle.is_empty()
        });
        !by_origin.is_empty()
    }
}

/// Closes idle connections in time, as long as there are any.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a connection has been idle is a figure about machines"
)]
async fn sweep(connections: Weak<IdleConnections>) {
    loop {
        tokio::time::sleep(KEEP_IDLE / 2).await;
        let Some(connections) = connections.upgrade() else {
            return;
        };
        let before = Instant::now().checked_sub(KEEP_IDLE);
        if before.is_some_and(|before| !connections.close_old(before)) {
            connections.is_swept.set(false);
            return;
        }
    }
}
