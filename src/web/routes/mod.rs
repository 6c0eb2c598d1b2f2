//! The route table.

mod methods;
mod operators;
mod people;
mod programs;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::error::{ApiError, Code, PageError};
use super::{extract, rest};

/// Bytes that a form or a JSON body may have.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// All addresses but `/auth`, which stands apart.
pub fn routes(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
        .app_data(web::QueryConfig::default().error_handler(|_, req| bad_query(req)))
        .configure(people::routes)
        .configure(operators::routes)
        .configure(programs::routes)
        .service(web::scope("/public").default_service(web::to(no_such_call)))
        .service(web::scope("/api").default_service(web::to(no_such_call)))
        // The registry's wire format.
        .service(rest::route())
        .default_service(web::to(no_such_page));
}

fn bad_query(req: &HttpRequest) -> actix_web::Error {
    let is_for_programs = |root: &&str| req.path().starts_with(*root);
    match ["/api/", "/public/"].iter().any(is_for_programs) {
        true => ApiError::new(Code::InvalidRequest, "The query cannot be read.").into(),
        false => PageError::Malformed.into(),
    }
}

async fn no_such_page(
    // Extracted so that the error page greets who is signed in.
    _visitor: extract::visitor::Visitor,
) -> Result<HttpResponse, PageError> {
    Err(PageError::NotFound)
}

async fn no_such_call() -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found())
}
