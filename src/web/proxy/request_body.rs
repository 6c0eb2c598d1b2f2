//! The body of a call on its way to the provider: small ones whole, all others as they arrive, no faster than the provider
//! takes them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::web::{Bytes, BytesMut, Payload};
use actix_web::{HttpRequest, http::header};
use futures_core::Stream;
use tokio::sync::mpsc;

/// Bodies up to this are read before the call is made. They can be sent again if a kept connection turns out to be closed.
const MOST_WHOLE: u64 = 64 * 1024;
/// Pieces that wait for the provider to take them.
const PIECES_AHEAD: usize = 2;

/// What a request brings.
pub(super) struct Brought {
    /// For the call.
    pub(super) body: reqwest::Body,
    /// Its length, where the call must be told: providers may not take bodies of unknown length.
    pub(super) length: Option<u64>,
}

/// The client went away while it was sending.
#[derive(Debug)]
pub(super) struct Incomplete;

/// Takes the body of a request.
pub(super) async fn take(req: &HttpRequest, payload: Payload) -> Result<Brought, Incomplete> {
    let length = (req.headers().get(header::CONTENT_LENGTH))
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    let is_chunked = req.headers().contains_key(header::TRANSFER_ENCODING);
    match length {
        None | Some(0) if !is_chunked => Ok(Brought {
            body: reqwest::Body::default(),
            // Servers want to hear that there is nothing behind a POST.
            length,
        }),
        Some(length) if length <= MOST_WHOLE && !is_chunked => Ok(Brought {
            body: whole(payload, length).await?.into(),
            length: None,
        }),
        length => Ok(Brought {
            body: reqwest::Body::wrap_stream(pump(payload)),
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

/// The way from our connection, which stays on its thread, to the call's, which could go elsewhere.
struct Pieces(mpsc::Receiver<io::Result<Bytes>>);

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}

fn pump(mut payload: Payload) -> Pieces {
    let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
    // Ends with the request's body, or when the call is given up.
    actix_web::rt::spawn(async move {
        while let Some(piece) = next(&mut payload).await {
            let is_broken = piece.is_err();
            let piece = piece.map_err(|_gone| io::ErrorKind::UnexpectedEof.into());
            if sender.send(piece).await.is_err() || is_broken {
                return;
            }
        }
    });
    Pieces(receiver)
}
