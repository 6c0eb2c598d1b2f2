//! The files on the messages of a ticket.

use actix_web::{HttpRequest, web};

use super::PageResult;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::tickets::reading;
use crate::web::downloads::send;
use crate::web::extract::registrant::Registrant;

/// Sends one, once it is written down that it is.
pub async fn get(
    req: HttpRequest,
    Registrant(me): Registrant,
    path: web::Path<(String, String, String)>,
) -> PageResult {
    let (number, message, attachment) = path.into_inner();
    let is_head = *req.method() == actix_web::http::Method::HEAD;
    let (act, id) = (me.visitor.act.clone(), me.account.id);
    let found: Result<_, RegistryError> = (me.visitor.state.pool)
        .write(move |db| {
            let ticket = reading::view(db, id, &number)?;
            let (found, file) = reading::attachment(db, &ticket, &message, &attachment)?;
            reading::check_bytes(db, id, &ticket)?;
            reading::hand_out(db, &act, id, &ticket, &found.file_name, is_head)?;
            Ok((found.file_name, file))
        })
        .await;
    let (name, file) = found?;
    Ok(send::attachment(&me.visitor.state, &file, &name, is_head))
}
