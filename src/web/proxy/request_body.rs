//! The body of a call on its way to the provider: small ones whole, all others as they arrive, no faster than the provider
//! takes them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::web::{Bytes, BytesMut, Payload};
use actix_web::{HttpRequest, http::header};
use futures_core::Stream;

use crate::domain::integrations::CallBody;

/// Bodies up to this are read before the call is made: whoever does not send what was announced has called no one.
const MOST_WHOLE: u64 = 64 * 1024;

/// The client went away while it was sending.
#[derive(Debug)]
pub(super) struct Incomplete;

/// Takes the body of a request.
pub(super) async fn take(req: &HttpRequest, payload: Payload) -> Result<CallBody, Incomplete> {
    let length = (req.headers().get(header::CONTENT_LENGTH))
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    let is_chunked = req.headers().contains_key(header::TRANSFER_ENCODING);
    match length {
        None | Some(0) if !is_chunked => Ok(CallBody::Empty),
        Some(length) if length <= MOST_WHOLE && !is_chunked => {
            whole(payload, length).await.map(CallBody::Whole)
        }
        // Providers may not take bodies of unknown length.
        length => Ok(CallBody::Pieces {
            pieces: Box::pin(Pieces(payload)),
            length: length.filter(|_| !is_chunked),
        }),
    }
}

async fn whole(mut payload: Payload, length: u64) -> Result<Bytes, Incomplete> {
    let mut body = BytesMut::with_capacity(usize::try_from(length).unwrap_or(0));
    while let Some(piece) = next(&mut payload).await {
        let piece = piece.or(Err(Incomplete))?;
        // Most bodies come in one piece.
        if body.is_empty() && piece.len() as u64 == length {
            return Ok(piece);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

async fn next(payload: &mut Payload) -> Option<Result<Bytes, actix_web::error::PayloadError>> {
    std::future::poll_fn(|cx| Pin::new(&mut *payload).poll_next(cx)).await
}

/// A body as it arrives.
struct Pieces(Payload);

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.0).poll_next(cx);
        next.map(|piece| {
            piece.map(|piece| piece.map_err(|_gone| io::ErrorKind::UnexpectedEof.into()))
        })
    }
}
