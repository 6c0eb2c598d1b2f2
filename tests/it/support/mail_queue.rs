//! The queue of mails, read as the one who sends them reads it.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Text};
use keyport::crypto::digest::sha256;
use keyport::domain::accounts;
use keyport::domain::mail::Mail;
use keyport::domain::text::EmailAddress;
use keyport::ids::MailId;
use keyport::store::StoreError;
use keyport::store::one_time_links::{self, OneTimeLinkRow};

use super::TestApp;

/// Turns mail on. No one listens there, so that mails stay in the queue.
pub const MAIL_ON: [(&str, &str); 1] = [("SMTP_URL", "smtp://127.0.0.1:9")];

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: MailId,
    #[diesel(sql_type = Text)]
    recipient: String,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
}

/// A mail that waits to be sent.
pub struct QueuedMail {
    pub to: String,
    pub mail: Mail,
}

impl TestApp {
    /// All queued mails, oldest first.
    pub fn mails(&self) -> Vec<QueuedMail> {
        let query =
            "SELECT id, recipient, sealed FROM mails WHERE sealed IS NOT NULL ORDER BY created_at";
        let rows: Result<Vec<Row>, StoreError> = self
            .state
            .pool
            .read_now(|db| Ok(sql_query(query).load(db)?));
        rows.unwrap()
            .into_iter()
            .map(|row| QueuedMail {
                mail: self.state.outbox.open(row.id, &row.sealed).unwrap(),
                to: row.recipient,
            })
            .collect()
    }

    /// The kinds of the mails to this address, oldest first.
    pub fn mail_kinds(&self, to: &str) -> Vec<&'static str> {
        self.mails()
            .iter()
            .filter(|queued| queued.to == to)
            .map(|queued| queued.mail.kind())
            .collect()
    }

    /// Lets this token be that of a link for a new password of someone, for so long.
    pub fn let_link_work(&self, token: &str, life: TimeDelta) {
        let email = EmailAddress::parse("links@example.com").unwrap();
        let found: Result<_, StoreError> =
            (self.state.pool).read_now(|db| accounts::find_by_email(db, &email));
        let account = found.unwrap();
        let account = account.unwrap_or_else(|| self.account(email.as_str(), "Links"));
        let now = self.now();
        let row = OneTimeLinkRow {
            token_digest: sha256(token.as_bytes()).to_vec(),
            account_id: account.id,
            purpose: "set_password".to_owned(),
            created_at: now,
            expires_at: now + life,
            used_at: None,
            email: None,
        };
        let made: Result<(), StoreError> = self.state.pool.write_now(|db| {
            if one_time_links::find(db, &row.token_digest)?.is_none() {
                one_time_links::insert(db, &row)?;
            }
            Ok(())
        });
        made.unwrap();
    }

    /// The token of the newest link that was mailed to this address.
    pub fn mailed_token(&self, to: &str) -> String {
        let mails = self.mails();
        let mut tokens = mails
            .iter()
            .filter(|queued| queued.to == to)
            .filter_map(|queued| match &queued.mail {
                Mail::VerifyEmail { token }
                | Mail::ResetPassword { token }
                | Mail::ConfirmNewEmail { token }
                | Mail::LinkConfirm { token, .. } => Some(token.0.expose().clone()),
                _ => None,
            });
        tokens.next_back().expect("a link was mailed")
    }
}
