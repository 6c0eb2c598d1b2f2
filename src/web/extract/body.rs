//! Reads a body whole, within a size and a time.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest as _, HttpRequest, web};

/// How long a body may take to arrive: 64 KiB on a bad connection, but not a connection held open for ever.
const LONGEST_ARRIVAL: Duration = Duration::from_secs(20);

/// A body that could not be had.
pub enum BodyError {
    /// It is larger than 64 KiB.
    TooLarge,
    /// It broke off, or did not arrive in time.
    Incomplete,
}

/// The body of a request.
///
/// # Errors
/// If it is too large, broke off, or did not arrive in time. The connection then ends with the answer.
pub fn read(
    req: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<web::Bytes, BodyError>> + 'static {
    let body = web::Bytes::from_request(req, payload);
    async {
        match tokio::time::timeout(LONGEST_ARRIVAL, body).await {
            Ok(Ok(body)) => Ok(body),
            // The error's own status tells the limit from a broken connection.
            Ok(Err(error)) => match error.as_response_error().status_code() {
                StatusCode::PAYLOAD_TOO_LARGE => Err(BodyError::TooLarge),
                _ => Err(BodyError::Incomplete),
            },
            Err(_elapsed) => Err(BodyError::Incomplete),
        }
    }
}

/// The body of a request, counted while it is read, for those who take more than most.
///
/// # Errors
/// As [`read`].
pub async fn read_up_to(payload: web::Payload, most: usize) -> Result<web::Bytes, BodyError> {
    let body = payload.to_bytes_limited(most);
    match tokio::time::timeout(LONGEST_ARRIVAL, body).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Err(_limit)) => Err(BodyError::TooLarge),
        Ok(Ok(Err(_))) | Err(_) => Err(BodyError::Incomplete),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::error::PayloadError;
    use actix_web::test::TestRequest;
    use futures_util::{StreamExt as _, stream};

    fn payload(
        chunks: impl futures_util::Stream<Item = Result<web::Bytes, PayloadError>> + 'static,
    ) -> Payload {
        Payload::Stream {
            payload: Box::pin(chunks),
        }
    }

    async fn read_all(mut payload: Payload) -> Result<web::Bytes, BodyError> {
        let request = TestRequest::default().to_http_request();
        read(&request, &mut payload).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let first = stream::iter([Ok(web::Bytes::from_static(b"n"))]);
        let endless = payload(first.chain(stream::pending()));
        assert!(matches!(
            read_all(endless).await,
            Err(BodyError::Incomplete)
        ));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_body() {
        let broken = payload(stream::iter([
            Ok(web::Bytes::from_static(b"n")),
            Err(PayloadError::Incomplete(None)),
        ]));
        assert!(matches!(read_all(broken).await, Err(BodyError::Incomplete)));
        let whole = payload(stream::iter([Ok(web::Bytes::from_static(b"name=a"))]));
        assert_eq!(read_all(whole).await.ok().as_deref(), Some(&b"name=a"[..]));
    }
}
