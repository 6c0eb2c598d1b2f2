//! A form with a file (`multipart/form-data`, RFC 7578), as it arrives: first its fields, which cannot be reached before
//! its token was checked, then the file, which is never held as a whole.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::{HttpRequest, web};
use futures_core::Stream as _;

use super::visitor::expected_token;
use crate::crypto::digest::constant_time_eq;
use crate::domain::reports::files::{FileWriter, StoredFile, WriteFileError};
use crate::web::error::PageError;
use crate::web::middleware::nul;
use crate::web::state::AppState;

/// Bytes of all fields together, without the file.
const MAX_FIELDS: usize = 64 * 1024;
/// How long the next part of a body may take. A large file on a slow line may take its time, but not stand still.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// The fields of a form, by name.
pub type Fields = BTreeMap<String, String>;

/// A sent form with a file that has not been read yet.
pub struct Upload {
    fields: Fields,
    is_fresh: bool,
    file: Option<SentFile>,
}

/// The file of a form, as it arrives.
pub struct SentFile {
    /// What its sender calls it: nothing to rely on.
    pub name: String,
    field: Field,
    /// Its parts come through here.
    _form: Multipart,
}

/// Why a file was not taken. Nothing of it is kept.
#[derive(Debug)]
pub enum UploadError {
    /// It is larger than so many bytes.
    TooLarge(u64),
    /// It broke off.
    BrokenOff,
    /// The page's own failures.
    Page(PageError),
}

impl Upload {
    /// Reads the fields up to the file, which has to be the last.
    ///
    /// # Errors
    /// If it is no such form, too large, or breaks off.
    pub async fn begin(req: &HttpRequest, payload: web::Payload) -> Result<Self, PageError> {
        let mut form = Multipart::new(req.headers(), payload);
        let (mut fields, mut length) = (Fields::new(), 0);
        let mut file = None;
        while let Some(mut field) = next(&mut form).await? {
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field
                .content_disposition()
                .and_then(|disposition| disposition.get_filename())
                .map(nul::replaced);
            if let Some(name) = file_name {
                let sent = SentFile {
                    name,
                    field,
                    _form: form,
                };
                file = Some(sent);
                break;
            }
            let mut value = Vec::new();
            while let Some(bytes) = chunk(&mut field).await.or(Err(PageError::Malformed))? {
                length += bytes.len();
                if length > MAX_FIELDS {
                    return Err(PageError::TooLarge);
                }
                value.extend_from_slice(&bytes);
            }
            let value = String::from_utf8(value).or(Err(PageError::Malformed))?;
            fields.insert(name, nul::replaced(&value));
        }
        let token = fields.remove("form_token").unwrap_or_default();
        let is_fresh = expected_token(req)
            .is_some_and(|wanted| constant_time_eq(wanted.as_bytes(), token.as_bytes()));
        Ok(Self {
            fields,
            is_fresh,
            file,
        })
    }

    /// Fields and file, if the form's token is this browser's own.
    ///
    /// # Errors
    /// If the token is missing or stale: the fields, to show them again and for nothing else.
    pub fn check(self) -> Result<(Fields, Option<SentFile>), Fields> {
        match self.is_fresh {
            // A browser sends a field for a file that was not chosen: without a name.
            true => Ok((self.fields, self.file.filter(|file| !file.name.is_empty()))),
            false => Err(self.fields),
        }
    }
}

impl SentFile {
    /// Keeps the file in the database as it arrives: of `most` bytes at most.
    ///
    /// # Errors
    /// If it is larger, breaks off, or the database fails. Then nothing of it is kept.
    pub async fn keep(mut self, state: &AppState, most: u64) -> Result<StoredFile, UploadError> {
        let mut file = FileWriter::new(&state.pool, &state.clock, most);
        while let Some(bytes) = chunk(&mut self.field)
            .await
            .or(Err(UploadError::BrokenOff))?
        {
            file.push(&bytes).await?;
        }
        Ok(file.complete().await?)
    }

    /// The file as a whole: of `most` bytes at most. For what is looked at and not kept.
    ///
    /// # Errors
    /// If it is larger, or breaks off.
    pub async fn read(mut self, most: u64) -> Result<Vec<u8>, UploadError> {
        let mut file = Vec::new();
        while let Some(bytes) = chunk(&mut self.field)
            .await
            .or(Err(UploadError::BrokenOff))?
        {
            file.extend_from_slice(&bytes);
            if file.len() as u64 > most {
                return Err(UploadError::TooLarge(most));
            }
        }
        Ok(file)
    }
}

impl From<WriteFileError> for UploadError {
    fn from(error: WriteFileError) -> Self {
        match error {
            WriteFileError::TooLarge(most) => Self::TooLarge(most),
            WriteFileError::Gone => Self::BrokenOff,
            WriteFileError::Store(error) => Self::Page(error.into()),
        }
    }
}

async fn next(form: &mut Multipart) -> Result<Option<Field>, PageError> {
    let part = poll_fn(|cx| Pin::new(&mut *form).poll_next(cx));
    match tokio::time::timeout(LONGEST_PAUSE, part).await {
        Ok(part) => part.transpose().or(Err(PageError::Malformed)),
        Err(_elapsed) => Err(PageError::Malformed),
    }
}

/// It broke off, or stood still.
struct Broken;

async fn chunk(field: &mut Field) -> Result<Option<web::Bytes>, Broken> {
    let bytes = poll_fn(|cx| Pin::new(&mut *field).poll_next(cx));
    match tokio::time::timeout(LONGEST_PAUSE, bytes).await {
        Ok(bytes) => bytes.transpose().or(Err(Broken)),
        Err(_elapsed) => Err(Broken),
    }
}
