//! Mail, from its cause to a server that takes it.

mod causes;
mod check;
mod delivery;
mod reminders;
mod resend;

use keyport::domain::mail::{MailRow, queue};
use keyport::store::StoreError;

use crate::support::TestApp;
use crate::support::mail::SmtpServer;

/// A further instance on the database and clock of another, that sends its mails to this server.
pub async fn mailing(app: &TestApp, server: &SmtpServer) -> TestApp {
    TestApp::spawn_beside(app, &[("SMTP_URL", &server.url())]).await
}

/// All mails of the queue, newest first.
pub fn queued(app: &TestApp) -> Vec<MailRow> {
    let page: Result<_, StoreError> =
        (app.state.pool).read_now(|db| queue::list(db, None, None, 1_000));
    page.unwrap().mails
}

/// The subjects of what arrived since the last look, sorted.
pub fn subjects(app: &TestApp, server: &SmtpServer) -> Vec<String> {
    app.deliver();
    let mut subjects: Vec<String> = server.take().into_iter().map(|mail| mail.subject).collect();
    subjects.sort_unstable();
    subjects
}
