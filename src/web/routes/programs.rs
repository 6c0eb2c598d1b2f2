//! Addresses for programs, which send a key.

use actix_web::web::ServiceConfig;

use super::methods::{call, delete, get, post};
use crate::web::api::{
    account, contacts, key_creation, keys, leaks, openapi, organizations, rotation, usage, verify,
};
use crate::web::downloads;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(call("/api/openapi.json", get(openapi::read)))
        .service(call("/api/v1/account", get(account::read)))
        .service(call("/api/v1/key", delete(keys::deactivate_self)))
        .service(call(
            "/api/v1/keys",
            get(keys::list).post(key_creation::create),
        ))
        .service(call(
            "/api/v1/keys/{id}",
            get(keys::read).patch(keys::rename).delete(keys::deactivate),
        ))
        .service(call("/api/v1/keys/{id}/rotate", post(rotation::rotate)))
        .service(call("/api/v1/keys/{id}/usage", get(usage::read)))
        .service(call("/api/v1/verify", post(verify::verify)))
        .service(call("/api/v1/leaks", post(leaks::report)))
        .service(call("/api/v1/leaks/github", post(leaks::report_by_github)))
        .service(call("/api/v1/contacts", get(contacts::list)))
        .service(call("/api/v1/contacts/{handle}", get(contacts::read)))
        .service(call("/api/v1/organizations", get(organizations::list)))
        .service(call(
            "/api/v1/organizations/{handle}",
            get(organizations::read),
        ))
        .service(call("/api/v1/reports", get(downloads::calls::list)))
        .service(call("/api/v1/reports/{slug}", get(downloads::calls::read)))
        .service(call(
            "/public/rest/downloads/bulkwhois",
            get(downloads::calls::read_bulk),
        ))
        .service(call(
            "/public/secure/downloads/bulkwhois",
            get(downloads::calls::read_bulk),
        ))
        .service(call(
            "/public/rest/downloads/bulkwhois/{file}",
            get(downloads::calls::read_bulk_file),
        ))
        .service(call(
            "/public/rest/downloads/{slug}",
            get(downloads::calls::read_public),
        ));
}
