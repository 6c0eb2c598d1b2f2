//! What is written down when something changes: who did what, to what, from where, with which result.

pub mod chain;
mod groups;
mod log;
pub mod retention;
pub mod verify;

use super::mail::Place;
use super::text::visible;
use crate::clock::Timestamp;
use crate::crypto::audit_key::AuditKeys;
use crate::ids::{AccountId, ApiKeyId};
use crate::store::audit::AuditRow;
use crate::store::{Db, StoreError};

pub use groups::ActionGroup;
pub use log::{
    AuditCursor, AuditFilter, AuditPage, Entry, KeyNames, LogHead, emails, key_names, list,
    list_newest, log_head,
};

/// The longest text of an entry, in characters.
const MAX_TEXT_CHARS: usize = 300;

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address; `None` for commands.
    pub address: Option<String>,
    /// The client as it names itself, cut to 200 characters.
    pub client: Option<String>,
    /// The request's id, the same as in log lines and error pages.
    pub request_id: Option<String>,
}

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Someone who is not signed in.
    Anonymous,
    /// An account, in the browser.
    Account {
        /// Which.
        id: AccountId,
        /// Its name, for the words "by Maren Okafor".
        name: String,
    },
    /// A program with an API key.
    ApiKey {
        /// Which.
        id: ApiKeyId,
        /// Its prefix, for the words "by API key kp_…".
        prefix: String,
    },
    /// Someone with a shell on the server.
    Command,
    /// Whoever found a key in public.
    LeakReport {
        /// Who, for the words "by a leak report from GitHub".
        source: String,
    },
}

impl Actor {
    fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Account { .. } => "account",
            Self::ApiKey { .. } => "api_key",
            Self::Command => "command",
            Self::LeakReport { .. } => "leak_report",
        }
    }

    fn id(&self) -> Option<String> {
        match self {
            Self::Account { id, .. } => Some(id.to_string()),
            Self::ApiKey { id, .. } => Some(id.to_string()),
            Self::LeakReport { source } => Some(source.clone()),
            Self::Anonymous | Self::Command => None,
        }
    }

    /// For people: the end of a sentence that begins with "by".
    pub fn words(&self) -> String {
        match self {
            Self::Anonymous => "someone not signed in".to_owned(),
            Self::Account { name, .. } => name.clone(),
            Self::ApiKey { prefix, .. } => format!("API key {prefix}"),
            Self::Command => "a command on the server".to_owned(),
            Self::LeakReport { source } => format!("a leak report from {source}"),
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// An account was made.
    SignUp,
    /// Someone signed in, or tried to. The target says with what; none: with the password alone.
    SignIn,
    /// A password was right, and a second step must follow it.
    SignInFirstStep,
    /// It was checked again who is there, within a session.
    SignInConfirm,
    /// A session was ended by its owner.
    SignOut,
    /// Name or time zone was changed.
    ProfileChange,
    /// It was changed which mails an account gets.
    NotificationsChange,
    /// A mail that was given up was put back into the queue.
    MailResend,
    /// An address was confirmed.
    EmailVerify,
    /// Another address was asked for.
    EmailChangeAsk,
    /// Asking for another address was taken back.
    EmailChangeCancel,
    /// The address was changed.
    EmailChange,
    /// A session was ended from another one.
    SessionEnd,
    /// All sessions but one were ended.
    SessionsEnd,
    /// Someone asked for a link for a forgotten password.
    PasswordForgot,
    /// A mail that was kept was read in full by an operator.
    MailRead,
    /// All sessions of an account were ended by an operator.
    SessionsEndAll,
    /// A link for setting a password was made.
    PasswordLink,
    /// A password was set.
    PasswordSet,
    /// Someone was invited to sign up.
    Invite,
    /// An invitation was withdrawn.
    InvitationWithdraw,
    /// An account was closed by its holder.
    AccountClose,
    /// Two-step verification was turned on, or moved to another app.
    TwoStepOn,
    /// Two-step verification was turned off.
    TwoStepOff,
    /// An operator removed all second factors of an account.
    TwoStepReset,
    /// There are new recovery codes.
    RecoveryCodesReplace,
    /// A recovery code was used up.
    RecoveryCodeUse,
    /// A passkey was added.
    PasskeyAdd,
    /// A passkey got another name.
    PasskeyRename,
    /// A passkey was removed.
    PasskeyRemove,
    /// A passkey was refused whose counter went back: there may be a copy of it.
    PasskeyClone,
    /// An account got or lost the operator role.
    OperatorChange,
    /// An account was disabled.
    AccountDisable,
    /// An account was enabled.
    AccountEnable,
    /// A key was made.
    KeyCreate,
    /// A key got another name.
    KeyRename,
    /// The calls of providers that a key may make were limited otherwise.
    KeyLimitCalls,
    /// A key got another secret.
    KeyRotate,
    /// The secret before was ended before its time.
    KeyEndOldSecret,
    /// A key was ended.
    KeyDeactivate,
    /// An ended key was removed from the lists.
    KeyDelete,
    /// A key was found in public.
    KeyLeak,
    /// The instance secret was rotated, or one of them retired.
    SecretChange,
    /// A provider was added by an account.
    ProviderAdd,
    /// A provider of an account was removed.
    ProviderRemove,
    /// A provider key was saved.
    ProviderKeySave,
    /// A provider key took the place of another one, or waits to.
    ProviderKeyReplace,
    /// It was checked whether a provider takes a key.
    ProviderKeyCheck,
    /// A provider key was removed.
    ProviderKeyRemove,
    /// It was set which accounts may use the server's key of a provider.
    ProviderShare,
    /// A contact was made.
    ContactCreate,
    /// A contact was changed.
    ContactChange,
    /// A contact was deleted.
    ContactDelete,
    /// An account asked to be linked to a contact.
    LinkAsk,
    /// It was decided about that.
    LinkDecide,
    /// An account was linked to a contact.
    LinkMake,
    /// A link was ended.
    LinkEnd,
    /// An organization was made.
    OrganizationCreate,
    /// An organization was changed.
    OrganizationChange,
    /// An organization was deleted.
    OrganizationDelete,
    /// A network was registered, or cut from another one.
    NetworkCreate,
    /// A network was changed.
    NetworkChange,
    /// A network was removed.
    NetworkRemove,
    /// A customer was made.
    CustomerCreate,
    /// A customer was changed.
    CustomerChange,
    /// A customer was deleted.
    CustomerDelete,
    /// Records were brought into the registry from a file.
    RegistryImport,
    /// A ticket was opened.
    TicketOpen,
    /// An operator took a ticket.
    TicketTake,
    /// It was decided about a ticket.
    TicketDecide,
    /// A message was added to a ticket.
    TicketMessage,
    /// A ticket was closed.
    TicketClose,
    /// A ticket was withdrawn.
    TicketWithdraw,
    /// The files of a ticket are kept, or no longer.
    TicketKeep,
    /// An edition of a report was published.
    ReportPublish,
    /// Title, description or access of a report was changed.
    ReportChange,
    /// A report was removed.
    ReportRemove,
    /// A grant for a report was given.
    ReportGrant,
    /// A grant was taken away.
    ReportUngrant,
    /// A report or an attachment was downloaded.
    Download,
}

impl Action {
    /// The word in the database, the same for ever.
    pub fn word(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::SignIn => "sign_in",
            Self::SignInFirstStep => "sign_in.first_step",
            Self::SignInConfirm => "sign_in.confirm",
            Self::SignOut => "sign_out",
            Self::ProfileChange => "profile.change",
            Self::NotificationsChange => "notifications.change",
            Self::MailResend => "mail.resend",
            Self::EmailVerify => "email.verify",
            Self::EmailChangeAsk => "email.ask",
            Self::EmailChangeCancel => "email.cancel",
            Self::EmailChange => "email.change",
            Self::SessionEnd => "session.end",
            Self::SessionsEnd => "session.end_others",
            Self::PasswordForgot => "password.forgot",
            Self::MailRead => "mail.read",
            Self::SessionsEndAll => "session.end_all",
            Self::PasswordLink => "password.link",
            Self::PasswordSet => "password.set",
            Self::Invite => "invitation.make",
            Self::InvitationWithdraw => "invitation.withdraw",
            Self::AccountClose => "account.close",
            Self::TwoStepOn => "two_step.on",
            Self::TwoStepOff => "two_step.off",
            Self::TwoStepReset => "two_step.reset",
            Self::RecoveryCodesReplace => "recovery_codes.replace",
            Self::RecoveryCodeUse => "recovery_code.use",
            Self::PasskeyAdd => "passkey.add",
            Self::PasskeyRename => "passkey.rename",
            Self::PasskeyRemove => "passkey.remove",
            Self::PasskeyClone => "passkey.clone",
            Self::OperatorChange => "account.operator",
            Self::AccountDisable => "account.disable",
            Self::AccountEnable => "account.enable",
            Self::KeyCreate => "key.create",
            Self::KeyRename => "key.rename",
            Self::KeyLimitCalls => "key.limit_calls",
            Self::KeyRotate => "key.rotate",
            Self::KeyEndOldSecret => "key.end_old_secret",
            Self::KeyDeactivate => "key.deactivate",
            Self::KeyDelete => "key.delete",
            Self::KeyLeak => "key.leak",
            Self::SecretChange => "secret.change",
            Self::ProviderAdd => "provider.add",
            Self::ProviderRemove => "provider.remove",
            Self::ProviderKeySave => "provider_key.save",
            Self::ProviderKeyReplace => "provider_key.replace",
            Self::ProviderKeyCheck => "provider_key.check",
            Self::ProviderKeyRemove => "provider_key.remove",
            Self::ProviderShare => "provider.share",
            Self::ContactCreate => "contact.create",
            Self::ContactChange => "contact.change",
            Self::ContactDelete => "contact.delete",
            Self::LinkAsk => "link.ask",
            Self::LinkDecide => "link.decide",
            Self::LinkMake => "link.make",
            Self::LinkEnd => "link.end",
            Self::OrganizationCreate => "organization.create",
            Self::OrganizationChange => "organization.change",
            Self::OrganizationDelete => "organization.delete",
            Self::NetworkCreate => "network.create",
            Self::NetworkChange => "network.change",
            Self::NetworkRemove => "network.remove",
            Self::CustomerCreate => "customer.create",
            Self::CustomerChange => "customer.change",
            Self::CustomerDelete => "customer.delete",
            Self::RegistryImport => "registry.import",
            Self::TicketOpen => "ticket.open",
            Self::TicketTake => "ticket.take",
            Self::TicketDecide => "ticket.decide",
            Self::TicketMessage => "ticket.message",
            Self::TicketClose => "ticket.close",
            Self::TicketWithdraw => "ticket.withdraw",
            Self::TicketKeep => "ticket.keep",
            Self::ReportPublish => "report.publish",
            Self::ReportChange => "report.change",
            Self::ReportRemove => "report.remove",
            Self::ReportGrant => "report.grant",
            Self::ReportUngrant => "report.ungrant",
            Self::Download => "download",
        }
    }
}

/// Whether it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// The word in the database and in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// The outcome with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Done, Self::Refused]
            .into_iter()
            .find(|outcome| outcome.word() == word)
    }
}

/// Who acts, from where, and when: what every change is written down with.
#[derive(Clone, Debug)]
pub struct Act {
    /// When.
    pub now: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
    /// Vouch for the log that it is written into: [`InstanceSecrets::audit_keys`].
    ///
    /// [`InstanceSecrets::audit_keys`]: crate::crypto::instance_secret::InstanceSecrets::audit_keys
    pub keys: AuditKeys,
}

impl Act {
    /// An act of someone with a shell on the server.
    pub fn by_command(now: Timestamp, keys: &AuditKeys) -> Self {
        Self {
            now,
            actor: Actor::Command,
            origin: Origin::default(),
            keys: keys.clone(),
        }
    }

    /// From where, as mails say it.
    pub fn place(&self) -> Place {
        Place {
            address: self.origin.address.clone(),
            client: self.origin.client.clone(),
        }
    }

    /// Writes the entry, in the transaction of the change itself. `account_id` says whose log it belongs to,
    /// `target` what it was done to (an id or a prefix, never a secret).
    ///
    /// It comes last: after the changes of keys and accounts, and after all that may wait for another transaction. From
    /// here to the end of the transaction no other one can write an entry, and none that has changed keys can go on; if
    /// this one then waited for a row that such a one holds, neither would ever end. Rows that it made or locked
    /// before are no others'.
    ///
    /// # Errors
    /// If the database fails; the change is then undone with it.
    pub fn record(
        &self,
        db: &mut Db,
        account_id: Option<AccountId>,
        action: Action,
        target: Option<&str>,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        // What comes from outside must not look like something else in the log.
        let shown = |text: &str| visible(text, MAX_TEXT_CHARS);
        chain::append(
            db,
            &self.keys,
            AuditRow {
                id: 0,
                at: self.now,
                account_id,
                actor: self.actor.kind().to_owned(),
                actor_id: self.actor.id(),
                actor_words: Some(shown(&self.actor.words())),
                action: action.word().to_owned(),
                target: target.map(shown),
                result: outcome.word().to_owned(),
                address: self.origin.address.as_deref().map(shown),
                client: self.origin.client.as_deref().map(shown),
                request_id: self.origin.request_id.as_deref().map(shown),
                hash: None,
            },
        )
    }
}
