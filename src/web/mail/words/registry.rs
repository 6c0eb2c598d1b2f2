//! What mails about contacts and tickets say.

use super::{Words, link};
use crate::domain::mail::{Mail, MailedAccount, MailedContact};
use crate::web::times::counted;

const CONTACTS: &str = "/settings/contacts";

impl Words {
    fn contact(self, contact: &MailedContact) -> Self {
        self.fact("Contact", named(contact))
    }

    fn account(self, account: &MailedAccount) -> Self {
        self.fact("Account", format!("{} ({})", account.name, account.email))
    }

    fn view_ticket(self, ticket: &str) -> Self {
        self.button("View ticket", format!("/tickets/{ticket}"))
    }
}

/// "Network Operations (NO1-KP)".
fn named(contact: &MailedContact) -> String {
    format!("{} ({})", contact.name, contact.handle)
}

/// The words of a mail about contacts and tickets; `None` for any other.
pub(super) fn words(mail: &Mail, at: &str, host: &str) -> Option<Words> {
    Some(match mail {
        Mail::LinkConfirm {
            token,
            contact,
            account,
            hours,
        } => Words::titled(format!("Link {} to an account?", contact.handle))
            .says(format!(
                "{} asks to act for this contact at {host}. This address is one of the contact’s.",
                account.name
            ))
            .says(format!(
                "If that is you, follow the link while you are signed in with {}. It works once, for {}.",
                account.email,
                counted(*hours, "hour")
            ))
            .contact(contact)
            .account(account)
            .button("Review the request", link("/settings/contacts/link/confirm?token=", token))
            .after("If you do not know this account, ignore this email. Nothing changes without the link, and no one else can use it."),
        Mail::LinkAsked {
            contact,
            account,
            ticket,
        } => Words::titled(format!("{} asks to be linked to {}", account.name, contact.handle))
            .says("Your account is linked to this contact, so you can decide. Whoever is linked may do all that its functions allow.")
            .contact(contact)
            .account(account)
            .button("Decide", format!("/tickets/{ticket}"))
            .after("If you do not know this account, deny the request. Of several decisions, the first one counts."),
        Mail::LinkDecided {
            contact,
            account,
            ticket,
            is_approved,
            by,
            reason,
        } => {
            let (word, meaning) = match is_approved {
                true => ("approved", "The account is linked to the contact now, and may do all that its functions allow."),
                false => ("denied", "The account was not linked to the contact."),
            };
            Words::titled(format!("The request to link {} was {word}", contact.handle))
                .says(format!("{by} has {word} it. {meaning}"))
                .contact(contact)
                .account(account)
                .fact("When", at)
                .reason(reason.as_deref())
                .view_ticket(ticket)
        }
        Mail::Linked {
            contact,
            account,
            by,
            place,
        } => Words::titled(format!("{} was linked to an account", contact.handle))
            .says(format!(
                "The account may do all that the functions of this contact allow. It was linked by {by}."
            ))
            .contact(contact)
            .account(account)
            .done(at, place)
            .button("View contacts", CONTACTS)
            .after("If this should not be, tell the operator of this server."),
        Mail::Unlinked {
            contact,
            account,
            by,
            place,
        } => Words::titled(format!("{} was unlinked from an account", contact.handle))
            .says(format!(
                "The account may do nothing through this contact any more. It was unlinked by {by}."
            ))
            .contact(contact)
            .account(account)
            .done(at, place)
            .button("View contacts", CONTACTS)
            .after("If this should not be, tell the operator of this server."),
        Mail::TicketChanged {
            ticket,
            about,
            status,
            reason,
        } => Words::titled(format!("{ticket}: {status}"))
            .says(format!("Your ticket “{about}” has changed."))
            .fact("Ticket", ticket)
            .fact("Status", status)
            .fact("When", at)
            .reason(reason.as_deref())
            .view_ticket(ticket),
        Mail::ReportReady {
            ticket,
            about,
            is_ready: true,
        } => Words::titled(format!("Your {about} is ready"))
            .says("You asked to be told. The file is on its ticket.")
            .fact("Ticket", ticket)
            .fact("When", at)
            .view_ticket(ticket),
        Mail::ReportReady {
            ticket,
            about,
            is_ready: false,
        } => Words::titled(format!("Your {about} could not be prepared"))
            .says("It was tried three times. The ticket says why. You can ask for it again.")
            .fact("Ticket", ticket)
            .fact("When", at)
            .view_ticket(ticket),
        _ => return None,
    })
}

impl Words {
    fn reason(self, reason: Option<&str>) -> Self {
        match reason {
            Some(reason) => self.fact("Reason", reason),
            None => self,
        }
    }
}
