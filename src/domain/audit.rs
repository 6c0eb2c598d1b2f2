//! What is written down when something changes: who did what, to what, from where, with which result.

use crate::clock::Timestamp;
use crate::ids::{AccountId, ApiKeyId};
use crate::store::audit::{NewAuditRow, insert};
use crate::store::{Db, StoreError};

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
}

impl Actor {
    fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Account { .. } => "account",
            Self::ApiKey { .. } => "api_key",
            Self::Command => "command",
        }
    }

    fn id(&self) -> Option<String> {
        match self {
            Self::Account { id, .. } => Some(id.to_string()),
            Self::ApiKey { id, .. } => Some(id.to_string()),
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
    /// A link for setting a password was made.
    PasswordLink,
    /// A password was set.
    PasswordSet,
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
    /// A key got another secret.
    KeyRotate,
    /// The secret before was ended before its time.
    KeyEndOldSecret,
    /// A key was ended.
    KeyDeactivate,
    /// An ended key was removed from the lists.
    KeyDelete,
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
            Self::PasswordLink => "password.link",
            Self::PasswordSet => "password.set",
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
            Self::KeyRotate => "key.rotate",
            Self::KeyEndOldSecret => "key.end_old_secret",
            Self::KeyDeactivate => "key.deactivate",
            Self::KeyDelete => "key.delete",
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

/// Who acts, from where, and when: what every change is written down with.
#[derive(Clone, Debug)]
pub struct Act {
    /// When.
    pub now: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
}

impl Act {
    /// An act of someone with a shell on the server.
    pub fn by_command(now: Timestamp) -> Self {
        Self {
            now,
            actor: Actor::Command,
            origin: Origin::default(),
        }
    }

    /// Writes the entry, in the transaction of the change itself. `account_id` says whose log it belongs to,
    /// `target` what it was done to (an id or a prefix, never a secret).
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
        insert(
            db,
            &NewAuditRow {
                at: self.now,
                account_id,
                actor: self.actor.kind(),
                actor_id: self.actor.id(),
                action: action.word(),
                target,
                result: match outcome {
                    Outcome::Done => "done",
                    Outcome::Refused => "refused",
                },
                address: self.origin.address.as_deref(),
                client: self.origin.client.as_deref(),
                request_id: self.origin.request_id.as_deref(),
            },
        )
    }
}
