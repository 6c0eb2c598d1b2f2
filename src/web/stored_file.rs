//! Files of the database as answers: streamed chunk by chunk, never as a whole in memory.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::Bytes;
use futures_core::Stream;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::reports::files::{FileReader, ReadFileError, StoredFile};
use crate::store::Pool;

/// A whole file for saving: browsers neither show nor run it.
pub fn attachment(pool: &Pool, file: &StoredFile, name: &str) -> HttpResponse {
    let reader = FileReader::new(pool, file, 0, file.size);
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/octet-stream"))
        .insert_header((header::CONTENT_DISPOSITION, disposition(name)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((
            HeaderName::from_static("content-security-policy"),
            "sandbox",
        ))
        .body(SizedStream::new(file.size, FileStream::Ready(reader)))
}

/// A name for saving (RFC 6266): as it is for those who read UTF-8, else with signs in place of what is not ASCII.
fn disposition(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ';
    let plain: String = (name.chars())
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

type NextChunk = Pin<Box<dyn Future<Output = (FileReader, Result<Option<Vec<u8>>, ReadFileError>)>>>;

/// The chunks of a file, each read when the one before is on its way.
enum FileStream {
    Ready(FileReader),
    Reading(NextChunk),
    Over,
}

impl Stream for FileStream {
    type Item = Result<Bytes, ReadFileError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::mem::replace(&mut *self, Self::Over) {
                Self::Over => return Poll::Ready(None),
                Self::Ready(mut reader) => {
                    *self = Self::Reading(Box::pin(async move {
                        let chunk = reader.next().await;
                        (reader, chunk)
                    }));
                }
                Self::Reading(mut next) => match next.as_mut().poll(context) {
                    Poll::Pending => {
                        *self = Self::Reading(next);
                        return Poll::Pending;
                    }
                    Poll::Ready((reader, Ok(Some(chunk)))) => {
                        *self = Self::Ready(reader);
                        return Poll::Ready(Some(Ok(chunk.into())));
                    }
                    Poll::Ready((_, Ok(None))) => return Poll::Ready(None),
                    Poll::Ready((_, Err(error))) => return Poll::Ready(Some(Err(error))),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_twice_and_cannot_end_the_header() {
        assert_eq!(
            disposition("plan é\".pdf"),
            "attachment; filename=\"plan __.pdf\"; filename*=UTF-8''plan%20%C3%A9%22%2Epdf"
        );
    }
}
