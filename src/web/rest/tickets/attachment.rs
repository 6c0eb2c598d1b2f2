//! The bytes of an attachment.

use crate::domain::registry::tickets::documents::{self, ReadTicketError};
use crate::domain::registry::tickets::reading;
use crate::web::downloads::send;
use crate::web::rest::{Call, RestResult};

/// Answers with the bytes. They are sent only once it is written down that they are.
pub(super) async fn answer(
    call: Call,
    number: String,
    message: String,
    attachment: String,
) -> RestResult {
    let (act, wanted, is_head) = (call.act.clone(), super::reading(&call), call.is_head);
    let me = call.me;
    let (name, file) = (call.state.pool)
        .write(move |db| {
            let ticket = documents::readable(db, wanted, &number)?;
            let (found, file) = reading::attachment(db, &ticket, &message, &attachment)?;
            reading::check_bytes(db, me, &ticket)?;
            reading::hand_out(db, &act, me, &ticket, &found.file_name, is_head)?;
            Ok::<_, ReadTicketError>((found.file_name, file))
        })
        .await?;
    Ok(send::attachment(&call.state, &file, &name, is_head))
}
