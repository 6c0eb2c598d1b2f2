//! What a provider answers.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use hyper::body::{Body as _, Bytes, Incoming};
use hyper::http::response::Parts;
use hyper::{HeaderMap, Response, StatusCode, Version};

use super::connections::{Connection, IdleConnections};

/// An answer whose head is there.
pub struct Answer {
    head: Parts,
    body: AnswerBody,
}

impl Answer {
    /// `home` is where the connection goes when all of the answer has come.
    pub(super) async fn new(
        answer: Response<Incoming>,
        connection: Box<Connection>,
        origin: &str,
        home: &Rc<IdleConnections>,
    ) -> Self {
        let (head, incoming) = answer.into_parts();
        let mut body = AnswerBody {
            incoming,
            connection: Some(connection),
            // To one that speaks 1.0, no body of unknown length can be sent.
            can_go_on: head.version > Version::HTTP_10,
            origin: origin.into(),
            home: home.clone(),
        };
        poll_fn(|cx| {
            body.settle(cx);
            Poll::Ready(())
        })
        .await;
        Self { head, body }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// What follows the head.
    pub fn into_body(self) -> AnswerBody {
        self.body
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// If it breaks off.
    pub(super) async fn piece(&mut self) -> hyper::Result<Option<Bytes>> {
        let next = poll_fn(|cx| self.body.poll_piece(cx)).await;
        next.transpose()
    }
}

/// The body of an answer. When it goes before its end, its call ends.
pub struct AnswerBody {
    incoming: Incoming,
    /// What it comes on, until its end.
    connection: Option<Box<Connection>>,
    /// True if another call can be made on it.
    can_go_on: bool,
    origin: Box<str>,
    home: Rc<IdleConnections>,
}

impl AnswerBody {
    /// The next piece; `None` at the end.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Bytes>>> {
        let mut next = self.poll_arrived(cx);
        if next.is_pending()
            && let Some(connection) = &mut self.connection
        {
            connection.poll_move(cx);
            next = self.poll_arrived(cx);
        }
        match &next {
            Poll::Ready(Some(Ok(_))) => self.settle(cx),
            Poll::Ready(Some(Err(_))) => self.connection = None,
            Poll::Ready(None) => self.give_back(cx),
            Poll::Pending => {}
        }
        next
    }

    /// What the connection has read of it.
    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Bytes>>> {
        loop {
            let frame = match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            };
            // What is no piece is a trailer, which belongs to the connection.
            if let Ok(piece) = frame.into_data() {
                return Poll::Ready(Some(Ok(piece)));
            }
        }
    }

    /// Gives the connection back if nothing more will come.
    fn settle(&mut self, cx: &mut Context<'_>) {
        if self.incoming.is_end_stream() {
            self.give_back(cx);
        }
    }

    fn give_back(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = self.connection.take()
            && self.can_go_on
        {
            self.home.give(&self.origin, connection, cx);
        }
    }
}
