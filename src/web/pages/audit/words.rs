//! What each action is called. An action without words does not compile.

use crate::domain::audit::{Action, ActionGroup, Entry, Outcome};

/// What happened, as a heading.
pub(super) fn event_words(entry: &Entry) -> &str {
    let Some(action) = entry.action else {
        return &entry.action_word;
    };
    let was_done = entry.outcome == Outcome::Done;
    match action {
        Action::SignUp => "Account created",
        Action::SignIn if was_done => "Signed in",
        Action::SignIn => "Sign-in refused",
        Action::SignInConfirm if was_done => "Confirmed it is you",
        Action::SignInConfirm => "Confirmation refused",
        Action::SignOut => "Signed out",
        Action::ProfileChange => "Profile changed",
        Action::PasswordLink => "Link for a new password made",
        Action::PasswordSet => "Password set",
        Action::OperatorChange if entry.target.as_deref() == Some("off") => {
            "Operator role taken away"
        }
        Action::OperatorChange => "Operator role given",
        Action::AccountDisable => "Account disabled",
        Action::AccountEnable => "Account enabled",
        Action::KeyCreate => "API key created",
        Action::KeyRename => "API key renamed",
        Action::KeyLimitCalls => "Provider calls of an API key limited",
        Action::KeyRotate => "API key rotated",
        Action::KeyEndOldSecret => "Old secret of an API key ended",
        Action::KeyDeactivate => "API key deactivated",
        Action::KeyDelete => "API key deleted from the list",
        Action::EmailVerify => "Address confirmed",
        Action::EmailChangeAsk => "Another address asked for",
        Action::EmailChangeCancel => "Change of address taken back",
        Action::EmailChange => "Address changed",
        Action::SessionEnd => "Session ended",
        Action::SessionsEnd => "Other sessions ended",
        Action::PasswordForgot => "Link for a forgotten password asked for",
        Action::Invite => "Invitation made",
        Action::InvitationWithdraw => "Invitation withdrawn",
        Action::AccountClose => "Account closed",
        Action::SignInFirstStep => "Password accepted, second step asked for",
        Action::TwoStepOn => "Two-step verification turned on",
        Action::TwoStepOff => "Two-step verification turned off",
        Action::TwoStepReset => "Second factors removed by an operator",
        Action::RecoveryCodesReplace => "New recovery codes made",
        Action::RecoveryCodeUse => "Recovery code used",
        Action::PasskeyAdd => "Passkey added",
        Action::PasskeyRename => "Passkey renamed",
        Action::PasskeyRemove => "Passkey removed",
        Action::PasskeyClone => "Copied passkey refused",
        Action::SecretChange => "Instance secret changed",
        Action::ProviderAdd => "Provider added",
        Action::ProviderRemove => "Provider removed",
        Action::ProviderKeySave => "Provider key saved",
        Action::ProviderKeyReplace => "Provider key replaced",
        Action::ProviderKeyCheck if was_done => "Provider key checked",
        Action::ProviderKeyCheck => "Provider key refused by the provider",
        Action::ProviderKeyRemove => "Provider key removed",
        Action::ProviderShare => "Sharing of a provider key changed",
        Action::ContactCreate => "Contact created",
        Action::ContactChange => "Contact changed",
        Action::ContactDelete => "Contact deleted",
        Action::LinkAsk => "Link to a contact asked for",
        Action::LinkDecide => "Request to link decided",
        Action::LinkMake => "Linked to a contact",
        Action::LinkEnd => "Link to a contact ended",
        Action::OrganizationCreate => "Organization created",
        Action::OrganizationChange => "Organization changed",
        Action::OrganizationDelete => "Organization deleted",
        Action::NetworkCreate => "Network registered",
        Action::NetworkChange => "Network changed",
        Action::NetworkRemove => "Network removed",
        Action::CustomerCreate => "Customer created",
        Action::CustomerChange => "Customer changed",
        Action::CustomerDelete => "Customer deleted",
        Action::RegistryImport => "Registry imported",
        Action::TicketOpen => "Ticket opened",
        Action::TicketTake => "Ticket taken",
        Action::TicketDecide => "Ticket decided",
        Action::TicketMessage => "Message on a ticket",
        Action::TicketClose => "Ticket closed",
        Action::TicketWithdraw => "Ticket withdrawn",
        Action::TicketKeep => "Keeping of a report changed",
        Action::ReportPublish => "Report published",
        Action::ReportChange => "Report changed",
        Action::ReportRemove => "Report removed",
        Action::ReportGrant => "Grant given",
        Action::ReportUngrant => "Grant taken away",
        Action::Download => "Downloaded",
        Action::KeyLeak => "API key found in public",
        Action::NotificationsChange => "Notifications changed",
        Action::MailResend => "Mail sent again",
        Action::MailRead => "Kept mail read in full",
        Action::SessionsEndAll => "All sessions ended",
    }
}

/// To what it was done, if the heading does not say it.
pub(super) fn target_words(entry: &Entry) -> Option<&str> {
    match entry.action {
        Some(Action::OperatorChange) => None,
        _ => entry.target.as_deref(),
    }
}

/// What a group of actions is called.
pub(super) fn group_words(group: ActionGroup) -> &'static str {
    match group {
        ActionGroup::SignIn => "Sign-in and sessions",
        ActionGroup::Security => "Security",
        ActionGroup::Keys => "API keys",
        ActionGroup::Integrations => "Provider keys",
        ActionGroup::Registry => "Registry, tickets and reports",
        ActionGroup::Account => "Account",
    }
}
