//! Which mails there are, with the facts that each is made of.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// The token of a one-time link. It is written nowhere but into the sealed mail that carries it.
#[derive(Clone, Debug, Deserialize)]
pub struct LinkToken(pub Secret<String>);

impl Serialize for LinkToken {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

/// Where something was done from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// The client's address.
    pub address: Option<String>,
    /// The client as it names itself.
    pub client: Option<String>,
}

/// A key, as mails name it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MailedKey {
    /// Its public id.
    pub id: String,
    /// Its prefix.
    pub prefix: String,
    /// Its name.
    pub name: String,
    /// True if its owner had deleted it from the lists, so that it has no page.
    #[serde(default)]
    pub is_deleted: bool,
}

/// A contact, as mails name it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MailedContact {
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub name: String,
}

/// An account, as mails to others name it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MailedAccount {
    /// Its name.
    pub name: String,
    /// Its address.
    pub email: String,
}

/// What became of a key that was found in public.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakFate {
    /// It worked, and was deactivated.
    #[default]
    Deactivated,
    /// What was found is a secret that another one has replaced: that one works on, the one that was found no longer does.
    OldSecretEnded,
    /// Someone had deactivated it before.
    WasDeactivated,
    /// It had expired before.
    HadExpired,
}

/// What a mail says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mail {
    /// Someone signed up with this address, and confirms it with the link.
    VerifyEmail {
        /// Of the link.
        token: LinkToken,
    },
    /// Someone signed up with the address of an account, or wanted to change theirs to it.
    AccountExists {
        /// True if they wanted to change theirs.
        #[serde(default)]
        is_change: bool,
    },
    /// Someone may sign up.
    Invitation {
        /// Of the link.
        token: LinkToken,
        /// Name of the operator.
        invited_by: String,
    },
    /// The link for a new password.
    ResetPassword {
        /// Of the link.
        token: LinkToken,
    },
    /// To the new address of an account, which is confirmed with the link.
    ConfirmNewEmail {
        /// Of the link.
        token: LinkToken,
    },
    /// To the old address of an account.
    EmailChanged {
        /// The new one.
        new_email: String,
        /// From where.
        place: Place,
    },
    /// Someone signed in from a device that the account was not used with before.
    NewSignIn {
        /// From where.
        place: Place,
    },
    /// The password was set or changed.
    PasswordChanged {
        /// From where.
        place: Place,
    },
    /// Two-step verification was turned on.
    TwoStepOn {
        /// From where.
        place: Place,
    },
    /// Two-step verification was turned off; if there is a name, that operator removed all second factors.
    TwoStepOff {
        /// From where.
        place: Place,
        /// The operator's name.
        operator: Option<String>,
    },
    /// There are new recovery codes; the ones before are worth nothing.
    RecoveryCodesReplaced {
        /// From where.
        place: Place,
    },
    /// A recovery code was used, to sign in or to confirm within a session that it is still its holder.
    RecoveryCodeUsed {
        /// From where.
        place: Place,
        /// How many are left.
        left: i64,
    },
    /// A passkey was added.
    PasskeyAdded {
        /// Its name.
        name: String,
        /// From where.
        place: Place,
    },
    /// A passkey was removed.
    PasskeyRemoved {
        /// Its name.
        name: String,
        /// From where.
        place: Place,
    },
    /// The account was closed.
    AccountClosed {
        /// From where.
        place: Place,
    },
    /// A key was made.
    KeyCreated {
        /// Which.
        key: MailedKey,
        /// By whom: the end of a sentence.
        by: String,
        /// From where.
        place: Place,
        /// True if no other mail tells of keys that are made by API in the same hour.
        #[serde(default)]
        stands_for_hour: bool,
    },
    /// A key got another secret.
    KeyRotated {
        /// Which.
        key: MailedKey,
        /// By whom: the end of a sentence.
        by: String,
        /// From where.
        place: Place,
    },
    /// A key was ended by someone.
    KeyDeactivated {
        /// Which.
        key: MailedKey,
        /// By whom: the end of a sentence.
        by: String,
        /// From where.
        place: Place,
    },
    /// A key ends in some days.
    KeyExpires {
        /// Which.
        key: MailedKey,
        /// In how many days: 30, 7 or 1.
        days: i64,
        /// When, in milliseconds since 1970.
        at_ms: i64,
    },
    /// A key has ended by itself.
    KeyExpired {
        /// Which.
        key: MailedKey,
        /// When, in milliseconds since 1970.
        at_ms: i64,
    },
    /// The true secret of a key that no longer works was presented.
    DeadKeyUsed {
        /// Which.
        key: MailedKey,
        /// How often since the last such mail.
        attempts: i64,
        /// From where, last.
        place: Place,
    },
    /// A key was found in public.
    KeyLeaked {
        /// What became of it.
        #[serde(default)]
        fate: LeakFate,
        /// Which.
        key: MailedKey,
        /// Where it was found.
        url: Option<String>,
        /// Who reported it.
        source: String,
    },
    /// To the addresses of a contact: an account asks to be linked to it, and the link agrees.
    LinkConfirm {
        /// Of the link.
        token: LinkToken,
        /// The contact.
        contact: MailedContact,
        /// Who asks.
        account: MailedAccount,
        /// How long the link works.
        hours: i64,
    },
    /// To those who are linked to a role: another account asks to be linked as well.
    LinkAsked {
        /// The contact.
        contact: MailedContact,
        /// Who asks.
        account: MailedAccount,
        /// The ticket that it is decided on.
        ticket: String,
    },
    /// It was decided about that.
    LinkDecided {
        /// The contact.
        contact: MailedContact,
        /// Who asked.
        account: MailedAccount,
        /// The ticket.
        ticket: String,
        /// True if the account is linked now.
        is_approved: bool,
        /// Who decided: the end of a sentence.
        by: String,
        /// What they say to it.
        reason: Option<String>,
    },
    /// An account was linked to a contact.
    Linked {
        /// The contact.
        contact: MailedContact,
        /// Which account.
        account: MailedAccount,
        /// By whom: the end of a sentence.
        by: String,
        /// From where.
        place: Place,
    },
    /// An account is no longer linked to a contact.
    Unlinked {
        /// The contact.
        contact: MailedContact,
        /// Which account.
        account: MailedAccount,
        /// By whom: the end of a sentence.
        by: String,
        /// From where.
        place: Place,
    },
    /// A ticket stands otherwise than before.
    TicketChanged {
        /// Its number.
        ticket: String,
        /// What it is about, for people.
        about: String,
        /// How it stands, for people.
        status: String,
        /// What was said to it.
        reason: Option<String>,
    },
    /// A report that was asked for on a page has been prepared.
    ReportReady {
        /// The number of its ticket.
        ticket: String,
        /// Which report, for people.
        about: String,
        /// False if it could not be prepared.
        is_ready: bool,
    },
}

impl Mail {
    /// The word for its kind, in the database and in the settings.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::AccountExists { .. } => "account_exists",
            Self::Invitation { .. } => "invitation",
            Self::ResetPassword { .. } => "reset_password",
            Self::ConfirmNewEmail { .. } => "confirm_new_email",
            Self::EmailChanged { .. } => "email_changed",
            Self::NewSignIn { .. } => "new_sign_in",
            Self::PasswordChanged { .. } => "password_changed",
            Self::TwoStepOn { .. } => "two_step_on",
            Self::TwoStepOff { .. } => "two_step_off",
            Self::RecoveryCodesReplaced { .. } => "recovery_codes_replaced",
            Self::RecoveryCodeUsed { .. } => "recovery_code_used",
            Self::PasskeyAdded { .. } => "passkey_added",
            Self::PasskeyRemoved { .. } => "passkey_removed",
            Self::AccountClosed { .. } => "account_closed",
            Self::KeyCreated { .. } => "key_created",
            Self::KeyRotated { .. } => "key_rotated",
            Self::KeyDeactivated { .. } => "key_deactivated",
            Self::KeyExpires { .. } => "key_expires",
            Self::KeyExpired { .. } => "key_expired",
            Self::DeadKeyUsed { .. } => "dead_key_used",
            Self::KeyLeaked { .. } => "key_leaked",
            Self::LinkConfirm { .. } => "link_confirm",
            Self::LinkAsked { .. } => "link_asked",
            Self::LinkDecided { .. } => "link_decided",
            Self::Linked { .. } => "linked",
            Self::Unlinked { .. } => "unlinked",
            Self::TicketChanged { .. } => "ticket_changed",
            Self::ReportReady { .. } => "report_ready",
        }
    }

    /// True if it carries a one-time link.
    pub fn has_link(&self) -> bool {
        self.clone().link().is_some()
    }

    /// The same with words in place of the token of its one-time link, so that the link leads nowhere.
    #[must_use]
    pub fn with_hidden_link(mut self) -> Self {
        if let Some(link) = self.link() {
            *link = LinkToken(Secret::new("(hidden)".to_owned()));
        }
        self
    }

    /// The one-time link. Every kind is named, so that none with a new link is forgotten.
    fn link(&mut self) -> Option<&mut LinkToken> {
        match self {
            Self::VerifyEmail { token }
            | Self::Invitation { token, .. }
            | Self::ResetPassword { token }
            | Self::ConfirmNewEmail { token }
            | Self::LinkConfirm { token, .. } => Some(token),
            Self::AccountExists { .. }
            | Self::EmailChanged { .. }
            | Self::NewSignIn { .. }
            | Self::PasswordChanged { .. }
            | Self::TwoStepOn { .. }
            | Self::TwoStepOff { .. }
            | Self::RecoveryCodesReplaced { .. }
            | Self::RecoveryCodeUsed { .. }
            | Self::PasskeyAdded { .. }
            | Self::PasskeyRemoved { .. }
            | Self::AccountClosed { .. }
            | Self::KeyCreated { .. }
            | Self::KeyRotated { .. }
            | Self::KeyDeactivated { .. }
            | Self::KeyExpires { .. }
            | Self::KeyExpired { .. }
            | Self::DeadKeyUsed { .. }
            | Self::KeyLeaked { .. }
            | Self::LinkAsked { .. }
            | Self::LinkDecided { .. }
            | Self::Linked { .. }
            | Self::Unlinked { .. }
            | Self::TicketChanged { .. }
            | Self::ReportReady { .. } => None,
        }
    }

    /// True if the account may turn it off: it only tells what its holder could see coming.
    pub fn is_optional(&self) -> bool {
        OPTIONAL.contains(&self.kind())
    }
}

/// The kinds of mail that an account may turn off; all others are about its security.
pub const OPTIONAL: [&str; 6] = [
    "key_created",
    "key_rotated",
    "key_deactivated",
    "key_expires",
    "key_expired",
    "ticket_changed",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_reads_back_and_does_not_print_its_link() {
        let mail = Mail::ResetPassword {
            token: LinkToken(Secret::new("hunter22".to_owned())),
        };
        assert!(!format!("{mail:?}").contains("hunter22"));
        let json = serde_json::to_string(&mail).unwrap();
        let Mail::ResetPassword { token } = serde_json::from_str(&json).unwrap() else {
            panic!("another mail: {json}");
        };
        assert_eq!(token.0.expose(), "hunter22");
    }

    #[test]
    fn a_hidden_link_is_gone_and_nothing_else() {
        let token = LinkToken(Secret::new("hunter22".to_owned()));
        let invited_by = "Maren".to_owned();
        let mail = Mail::Invitation { token, invited_by };
        assert!(mail.has_link());
        let hidden = serde_json::to_string(&mail.with_hidden_link()).unwrap();
        assert!(!hidden.contains("hunter22") && hidden.contains("Maren"));
        assert!(!Mail::AccountExists { is_change: true }.has_link());
    }

    #[test]
    fn the_kind_in_the_database_is_the_one_in_the_facts() {
        let mail = Mail::KeyExpired {
            key: MailedKey {
                id: "0000000001".to_owned(),
                prefix: "kp_0000000001".to_owned(),
                name: "CI".to_owned(),
                is_deleted: false,
            },
            at_ms: 0,
        };
        let json: serde_json::Value = serde_json::to_value(&mail).unwrap();
        assert_eq!(json["kind"], mail.kind());
        assert!(mail.is_optional());
        assert!(!Mail::AccountExists { is_change: true }.is_optional());
    }
}
