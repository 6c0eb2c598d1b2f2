//! A JSON object as a body, read field by field so that every bad field is reported at once.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use serde_json::{Map, Value};

use super::body::{self, BodyError};
use crate::web::error::{ApiError, Code, FieldError};
use crate::web::middleware::nul;

/// A body that is a JSON object.
pub struct JsonObject {
    fields: Map<String, Value>,
    errors: Vec<FieldError>,
    /// The bytes as they came, for comparing repeated requests.
    pub raw: web::Bytes,
}

impl FromRequest for JsonObject {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        let body = body::read(&req, payload);
        Box::pin(async move {
            let raw = body.await.map_err(|error| match error {
                BodyError::TooLarge => ApiError::new(
                    Code::TooLarge,
                    "A body can hold 64 KiB. Nothing was changed. Send less.",
                ),
                BodyError::Incomplete => {
                    malformed("The body broke off, or took more than 20 seconds. Send it again.")
                }
            })?;
            let kind = req.content_type();
            if kind != "application/json" && !kind.ends_with("+json") {
                return Err(ApiError::new(
                    Code::UnsupportedMediaType,
                    "Send a JSON object with content-type: application/json.",
                ));
            }
            match serde_json::from_slice(&raw) {
                Ok(Value::Object(fields)) => Ok(Self {
                    fields,
                    errors: Vec::new(),
                    raw,
                }),
                Ok(_) => Err(malformed("The body must be a JSON object.")),
                // serde_json's message holds positions and names of tokens, not the body's text.
                Err(error) => Err(malformed(format!("The body is not valid JSON: {error}."))),
            }
        })
    }
}

fn malformed(detail: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::new(Code::InvalidRequest, detail)
}

impl JsonObject {
    /// Notes a bad field.
    pub fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError {
            field: field.to_owned(),
            message: message.into(),
        });
    }

    /// Takes a text field; `None` if it is absent or null, or no text (which is noted).
    pub fn take_text(&mut self, field: &str) -> Option<String> {
        match self.fields.remove(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(nul::replaced(&text)),
            Some(_) => {
                self.refuse(field, "Send a string.");
                None
            }
        }
    }

    /// Takes a field that is a whole number; `None` if it is absent or null, or no such number (which is noted).
    pub fn take_number(&mut self, field: &str) -> Option<i64> {
        let number = match self.fields.remove(field) {
            None | Some(Value::Null) => return None,
            Some(Value::Number(number)) => number.as_i64(),
            Some(_) => None,
        };
        if number.is_none() {
            self.refuse(field, "Send a whole number.");
        }
        number
    }

    /// Takes a field that is a list of texts; `None` if it is absent or null, or no such list (which is noted).
    pub fn take_texts(&mut self, field: &str) -> Option<Vec<String>> {
        let list = match self.fields.remove(field) {
            None | Some(Value::Null) => return None,
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.refuse(field, "Send a list of strings.");
                return None;
            }
        };
        let texts: Option<Vec<String>> = list
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Some(nul::replaced(&text)),
                _ => None,
            })
            .collect();
        if texts.is_none() {
            self.refuse(field, "Send a list of strings.");
        }
        texts
    }

    /// Done: what was not taken is unknown.
    ///
    /// # Errors
    /// If any field is bad or unknown.
    pub fn finish(mut self) -> Result<(), ApiError> {
        let unknown: Vec<String> = self.fields.keys().cloned().collect();
        for field in unknown {
            self.refuse(&field, "There is no such field here.");
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::fields(self.errors))
        }
    }

    /// True if a bad field was noted.
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }
}
