//! What a call brings.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use hyper::body::{Body, Bytes, Frame, SizeHint};

/// The body of a call: nothing, all at once, or piece by piece.
pub enum CallBody {
    /// There is none.
    Empty,
    /// The whole.
    Whole(Bytes),
    /// Taken as fast as the provider takes it.
    Pieces {
        /// What comes, in order. An error ends the call.
        pieces: Pin<Box<dyn Stream<Item = io::Result<Bytes>>>>,
        /// How many bytes, where that is known.
        length: Option<u64>,
    },
}

impl Body for CallBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Pieces { pieces, .. } => {
                let next = pieces.as_mut().poll_next(cx);
                next.map(|piece| piece.map(|bytes| bytes.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Pieces { length, .. } => length.map_or_else(SizeHint::new, SizeHint::with_exact),
        }
    }
}
