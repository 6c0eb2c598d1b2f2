//! The body of a download: a chunk at a time, each read when the one before was sent.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;

use crate::domain::reports::files::{FileReader, ReadFileError};
use crate::domain::reports::spool::SpooledFile;

type Read = Pin<Box<dyn Future<Output = (FileReader, Result<Option<Vec<u8>>, ReadFileError>)>>>;

/// Sends what a reader reads. Dropped when the client goes away; then nothing more is read.
pub(super) struct FileBody {
    size: u64,
    reader: Option<FileReader>,
    read: Option<Read>,
    /// A file that is there for this answer only goes with it.
    _spooled: Option<SpooledFile>,
}

impl FileBody {
    /// All that the reader has.
    pub(super) fn new(reader: FileReader, spooled: Option<SpooledFile>) -> Self {
        Self {
            size: reader.remaining(),
            reader: Some(reader),
            read: None,
            _spooled: spooled,
        }
    }
}

impl MessageBody for FileBody {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.size)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Some(mut reader) = self.reader.take() {
            self.read = Some(Box::pin(async move {
                let chunk = reader.next().await;
                (reader, chunk)
            }));
        }
        let Some(read) = &mut self.read else {
            return Poll::Ready(None);
        };
        let Poll::Ready((reader, chunk)) = read.as_mut().poll(cx) else {
            return Poll::Pending;
        };
        self.read = None;
        Poll::Ready(match chunk {
            Ok(None) => None,
            Ok(Some(chunk)) => {
                self.reader = Some(reader);
                Some(Ok(chunk.into()))
            }
            Err(error) => {
                // The status is out already: the connection ends before the length that was promised.
                tracing::error!(%error, "a download broke off");
                Some(Err(error.into()))
            }
        })
    }
}

/// What HEAD answers: the size of the body, and none of it.
pub(super) struct HeadBody(pub(super) u64);

impl MessageBody for HeadBody {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0)
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}
