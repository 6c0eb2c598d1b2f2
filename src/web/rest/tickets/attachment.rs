//! The bytes of an attachment.

use super::{readable, views};
use crate::domain::registry::tickets::reading;
use crate::web::downloads::send;
use crate::web::error::RestError;
use crate::web::rest::{Call, RestResult};

/// Answers with the bytes. They are sent only once it is written down that they are.
pub(super) async fn answer(
    call: Call,
    number: String,
    message: String,
    attachment: String,
) -> RestResult {
    let (me, access, act, is_head) = (call.me, call.access, call.act, call.is_head);
    let (name, file) = (call.state.pool)
        .write(move |db| {
            let ticket = readable(db, me, &access, &number)?;
            let (found, file) = reading::attachment(db, &ticket, &message, &attachment)?;
            reading::check_bytes(db, me, &ticket)?;
            if !is_head {
                let reader = views::Reader {
                    me,
                    act: &act,
                    is_head,
                };
                views::take(db, &reader)?;
                reading::record_download(db, &act, me, &ticket, &found.file_name)?;
            }
            Ok::<_, RestError>((found.file_name, file))
        })
        .await?;
    Ok(send::attachment(&call.state, &file, &name, is_head))
}
