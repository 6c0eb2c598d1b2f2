//! All actions, and what they are about, for those who look for some of them.

use super::Action;

/// What actions are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionGroup {
    /// Signing in and out, and sessions.
    SignIn,
    /// Passwords and further steps of signing in.
    Security,
    /// API keys.
    Keys,
    /// Provider keys.
    Integrations,
    /// Contacts, organizations, networks, tickets and reports.
    Registry,
    /// The account itself.
    Account,
}

impl ActionGroup {
    /// All of them, in the order of a list of choices.
    pub const ALL: [Self; 6] = [
        Self::SignIn,
        Self::Security,
        Self::Keys,
        Self::Integrations,
        Self::Registry,
        Self::Account,
    ];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Security => "security",
            Self::Keys => "keys",
            Self::Integrations => "integrations",
            Self::Registry => "registry",
            Self::Account => "account",
        }
    }

    /// The group with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.word() == word)
    }

    /// The words of its actions.
    pub(super) fn words(self) -> impl Iterator<Item = &'static str> {
        Action::ALL
            .iter()
            .filter(move |action| action.group() == self)
            .map(|action| action.word())
    }
}

impl Action {
    /// Every action. A test compares it with the enum.
    pub const ALL: &'static [Self] = &[
        Self::SignUp,
        Self::SignIn,
        Self::SignInFirstStep,
        Self::SignInConfirm,
        Self::SignOut,
        Self::ProfileChange,
        Self::NotificationsChange,
        Self::MailResend,
        Self::EmailVerify,
        Self::EmailChangeAsk,
        Self::EmailChangeCancel,
        Self::EmailChange,
        Self::SessionEnd,
        Self::SessionsEnd,
        Self::PasswordForgot,
        Self::MailRead,
        Self::SessionsEndAll,
        Self::PasswordLink,
        Self::PasswordSet,
        Self::Invite,
        Self::InvitationWithdraw,
        Self::AccountClose,
        Self::TwoStepOn,
        Self::TwoStepOff,
        Self::TwoStepReset,
        Self::RecoveryCodesReplace,
        Self::RecoveryCodeUse,
        Self::PasskeyAdd,
        Self::PasskeyRename,
        Self::PasskeyRemove,
        Self::PasskeyClone,
        Self::OperatorChange,
        Self::AccountDisable,
        Self::AccountEnable,
        Self::KeyCreate,
        Self::KeyRename,
        Self::KeyLimitCalls,
        Self::KeyRotate,
        Self::KeyEndOldSecret,
        Self::KeyDeactivate,
        Self::KeyDelete,
        Self::KeyLeak,
        Self::SecretChange,
        Self::ProviderAdd,
        Self::ProviderRemove,
        Self::ProviderKeySave,
        Self::ProviderKeyReplace,
        Self::ProviderKeyCheck,
        Self::ProviderKeyRemove,
        Self::ProviderShare,
        Self::ContactCreate,
        Self::ContactChange,
        Self::ContactDelete,
        Self::LinkAsk,
        Self::LinkDecide,
        Self::LinkMake,
        Self::LinkEnd,
        Self::OrganizationCreate,
        Self::OrganizationChange,
        Self::OrganizationDelete,
        Self::NetworkCreate,
        Self::NetworkChange,
        Self::NetworkRemove,
        Self::CustomerCreate,
        Self::CustomerChange,
        Self::CustomerDelete,
        Self::RegistryImport,
        Self::TicketOpen,
        Self::TicketTake,
        Self::TicketDecide,
        Self::TicketMessage,
        Self::TicketClose,
        Self::TicketWithdraw,
        Self::TicketKeep,
        Self::ReportPublish,
        Self::ReportChange,
        Self::ReportRemove,
        Self::ReportGrant,
        Self::ReportUngrant,
        Self::Download,
    ];

    /// What it is about.
    pub fn group(self) -> ActionGroup {
        match self {
            Self::SignIn
            | Self::SignInFirstStep
            | Self::SignInConfirm
            | Self::SignOut
            | Self::SessionEnd
            | Self::SessionsEnd => ActionGroup::SignIn,
            Self::EmailVerify
            | Self::EmailChangeAsk
            | Self::EmailChangeCancel
            | Self::EmailChange
            | Self::PasswordForgot
            | Self::PasswordLink
            | Self::PasswordSet
            | Self::TwoStepOn
            | Self::TwoStepOff
            | Self::TwoStepReset
            | Self::RecoveryCodesReplace
            | Self::RecoveryCodeUse
            | Self::PasskeyAdd
            | Self::PasskeyRename
            | Self::PasskeyRemove
            | Self::PasskeyClone => ActionGroup::Security,
            Self::KeyCreate
            | Self::KeyRename
            | Self::KeyLimitCalls
            | Self::KeyRotate
            | Self::KeyEndOldSecret
            | Self::KeyDeactivate
            | Self::KeyDelete
            | Self::KeyLeak => ActionGroup::Keys,
            Self::ProviderAdd
            | Self::ProviderRemove
            | Self::ProviderKeySave
            | Self::ProviderKeyReplace
            | Self::ProviderKeyCheck
            | Self::ProviderKeyRemove
            | Self::ProviderShare => ActionGroup::Integrations,
            Self::ContactCreate
            | Self::ContactChange
            | Self::ContactDelete
            | Self::LinkAsk
            | Self::LinkDecide
            | Self::LinkMake
            | Self::LinkEnd
            | Self::OrganizationCreate
            | Self::OrganizationChange
            | Self::OrganizationDelete
            | Self::NetworkCreate
            | Self::NetworkChange
            | Self::NetworkRemove
            | Self::CustomerCreate
            | Self::CustomerChange
            | Self::CustomerDelete
            | Self::RegistryImport
            | Self::TicketOpen
            | Self::TicketTake
            | Self::TicketDecide
            | Self::TicketMessage
            | Self::TicketClose
            | Self::TicketWithdraw
            | Self::TicketKeep
            | Self::ReportPublish
            | Self::ReportChange
            | Self::ReportRemove
            | Self::ReportGrant
            | Self::ReportUngrant
            | Self::Download => ActionGroup::Registry,
            Self::SignUp
            | Self::ProfileChange
            | Self::NotificationsChange
            | Self::MailResend
            | Self::MailRead
            | Self::SessionsEndAll
            | Self::Invite
            | Self::InvitationWithdraw
            | Self::AccountClose
            | Self::OperatorChange
            | Self::AccountDisable
            | Self::AccountEnable
            | Self::SecretChange => ActionGroup::Account,
        }
    }

    /// The action with this word in the database.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|action| action.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_of_the_enum_is_in_the_list_once() {
        let source = include_str!("mod.rs");
        let (_, body) = source.split_once("pub enum Action {").unwrap();
        let (body, _) = body.split_once("\n}").unwrap();
        let declared: Vec<&str> = body
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .map(|line| line.trim_end_matches(','))
            .collect();
        let listed: Vec<String> = Action::ALL
            .iter()
            .map(|action| format!("{action:?}"))
            .collect();
        assert_eq!(declared, listed);
    }

    #[test]
    fn words_are_read_back() {
        for action in Action::ALL {
            assert_eq!(Action::from_word(action.word()), Some(*action));
        }
        for group in ActionGroup::ALL {
            assert_eq!(ActionGroup::from_word(group.word()), Some(group));
        }
    }
}
