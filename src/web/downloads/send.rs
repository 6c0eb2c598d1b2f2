//! Sends a download: its headers, its audit entry, its bytes.

use std::fmt::Write as _;

use actix_web::http::header::{self, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use super::body::{FileBody, HeadBody};
use super::conditions::{Entity, Verdict, http_date, verdict};
use crate::clock::Timestamp;
use crate::domain::audit::Act;
use crate::domain::reports;
use crate::domain::reports::files::{FileReader, StoredFile};
use crate::domain::reports::spool::Spooled;
use crate::ids::AccountId;
use crate::store::StoreError;
use crate::web::state::AppState;

/// How long a kept file may be kept by its client: as long as it asks each time.
const REVALIDATE: &str = "private, no-cache";
/// A file that a browser opens nevertheless runs nothing and reaches nothing.
const SANDBOX: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// Who downloads.
pub struct Recipient {
    /// The account.
    pub me: AccountId,
    /// What it is written down with.
    pub act: Act,
}

/// What is called how.
pub struct Label {
    /// For the audit log: slug and edition.
    pub what: String,
    /// What the file is called; made of slug, edition and format only.
    pub file_name: String,
    /// Its media type.
    pub media_type: String,
}

/// Sends a file that stays, whole or in part.
///
/// # Errors
/// If the audit entry cannot be written: then nothing is sent.
pub async fn kept(
    req: &HttpRequest,
    recipient: &Recipient,
    label: &Label,
    file: &StoredFile,
    modified: Timestamp,
) -> Result<HttpResponse, StoreError> {
    let entity = Entity {
        tag: tag(file),
        modified,
        size: file.size,
    };
    let verdict = verdict(req.method(), req.headers(), &entity);
    let status = match verdict {
        Verdict::Whole => StatusCode::OK,
        Verdict::NotModified => StatusCode::NOT_MODIFIED,
        Verdict::Part(..) => StatusCode::PARTIAL_CONTENT,
        Verdict::Unsatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
    };
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::ETAG, entity.tag))
        .insert_header((header::LAST_MODIFIED, http_date(modified)))
        .insert_header((header::CACHE_CONTROL, REVALIDATE))
        .insert_header((header::ACCEPT_RANGES, "bytes"));
    let (start, end) = match verdict {
        Verdict::NotModified => return Ok(response.finish()),
        Verdict::Unsatisfiable => {
            let all = format!("bytes */{}", file.size);
            return Ok(response
                .insert_header((header::CONTENT_RANGE, all))
                .finish());
        }
        Verdict::Whole => (0, file.size),
        Verdict::Part(start, end) => {
            let part = format!("bytes {start}-{}/{}", end - 1, file.size);
            response.insert_header((header::CONTENT_RANGE, part));
            (start, end)
        }
    };
    add_label(&mut response, label);
    if *req.method() == Method::HEAD {
        return Ok(response.body(HeadBody(file.size)));
    }
    let mut what = label.what.clone();
    if status == StatusCode::PARTIAL_CONTENT {
        what = format!("{what} bytes {start}-{}", end - 1);
    }
    record(req, recipient, what).await?;
    let state = AppState::of(req);
    let reader = FileReader::new(&state.pool, &state.clock, file, start, end);
    Ok(response.body(FileBody::new(reader, None)))
}

/// Sends a report that was made for this request; with HEAD, what its headers would be.
///
/// # Errors
/// If the audit entry cannot be written: then nothing is sent.
pub async fn made(
    req: &HttpRequest,
    recipient: &Recipient,
    label: &Label,
    report: Option<Spooled>,
) -> Result<HttpResponse, StoreError> {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    add_label(&mut response, label);
    let Some(report) = report else {
        return Ok(response.finish());
    };
    record(req, recipient, label.what.clone()).await?;
    let state = AppState::of(req);
    Ok(match report {
        Spooled::Small(bytes) => response.body(bytes),
        Spooled::Large(spooled) => {
            let file = spooled.file;
            let reader = FileReader::new(&state.pool, &state.clock, &file, 0, file.size);
            response.body(FileBody::new(reader, Some(spooled)))
        }
    })
}

/// Sends an attachment of a ticket; that it is sent was written down before.
pub fn attachment(state: &AppState, file: &StoredFile, name: &str, is_head: bool) -> HttpResponse {
    let label = Label {
        what: String::new(),
        file_name: name.to_owned(),
        media_type: "application/octet-stream".to_owned(),
    };
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    add_label(&mut response, &label);
    if is_head {
        return response.body(HeadBody(file.size));
    }
    let reader = FileReader::new(&state.pool, &state.clock, file, 0, file.size);
    response.body(FileBody::new(reader, None))
}

async fn record(req: &HttpRequest, recipient: &Recipient, what: String) -> Result<(), StoreError> {
    let (act, me) = (recipient.act.clone(), recipient.me);
    (AppState::of(req).pool)
        .write(move |db| reports::record_download(db, &act, me, &what))
        .await
}

/// The strong tag of a file, in quotes.
pub fn tag(file: &StoredFile) -> String {
    let mut tag = String::from("\"");
    for byte in file.sha256 {
        let _infallible = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn add_label(response: &mut HttpResponseBuilder, label: &Label) {
    response
        .insert_header((header::CONTENT_TYPE, label.media_type.as_str()))
        .insert_header((header::CONTENT_DISPOSITION, disposition(&label.file_name)))
        .insert_header((HeaderName::from_static("content-security-policy"), SANDBOX));
}

/// RFC 6266, with the name in both ways. What a quoted string could not hold is left out of the plain one.
fn disposition(name: &str) -> String {
    let plain: String = (name.chars())
        .map(|c| match c {
            ' '..='~' if c != '"' && c != '\\' => c,
            _ => '_',
        })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                encoded.push(char::from(byte));
            }
            _ => {
                let _infallible = write!(encoded, "%{byte:02X}");
            }
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_header() {
        assert_eq!(
            disposition("network-status-20261125T193000Z.csv"),
            "attachment; filename=\"network-status-20261125T193000Z.csv\"; \
             filename*=UTF-8''network-status-20261125T193000Z.csv"
        );
        assert_eq!(
            disposition("a\"b\\c\r\nü.csv"),
            "attachment; filename=\"a_b_c___.csv\"; filename*=UTF-8''a%22b%5Cc%0D%0A%C3%BC.csv"
        );
    }
}
