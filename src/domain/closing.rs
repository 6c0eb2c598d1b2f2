//! Closing an account, by its holder and for good.
//!
//! The account's row stays, without name and address: audit entries, keys and their usage point at it, and a key of it that
//! is presented is still recognised. It is disabled, so that whatever asks whether an account may act says no.

use super::accounts::Account;
use super::api_keys::{self, ChangeKeyError};
use super::audit::{Act, Action, Actor, Outcome};
use super::integrations::{provider_keys, sharing};
use super::mail::{Mail, Outbox, Recipient};
use super::registry::{links, tickets};
use super::security::two_step;
use crate::store::{
    Db, StoreError, accounts as rows, api_keys as keys, invitations, known_devices, mails,
    one_time_links, sessions,
};

/// What stands in for the name of a closed account, also as the end of "by".
const FORMER_HOLDER: &str = "a closed account";

/// Why an account was not closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// No one else could operate this keyport.
    #[error("the account is the last one of an operator")]
    LastOperator,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// True if no one but this account operates the server.
///
/// # Errors
/// If the database fails.
pub fn is_last_operator(db: &mut Db, account: &Account) -> Result<bool, StoreError> {
    let operators = rows::lock_operators(db)?;
    Ok(operators == [account.id])
}

/// Closes the account: sessions and links to contacts end, keys are deactivated, provider keys are removed, name and address go, and the address is
/// free for others.
///
/// # Errors
/// If it is the last operator's, or the database fails.
pub fn close(db: &mut Db, act: &Act, outbox: &Outbox, account: &Account) -> Result<(), CloseError> {
    // Of two operators who close theirs at once, the second waits here and then is the last.
    if is_last_operator(db, account)? {
        return Err(CloseError::LastOperator);
    }
    // Whoever makes a key now waits, and then makes it for a disabled account.
    rows::lock(db, account.id)?;
    let active = keys::lock_active(db, account.id, act.now)?;
    let contacts = links::end_all(db, account.id)?;
    links::forget(db, act, outbox, account, &contacts)?;
    tickets::ending::withdraw_all(db, act.now, account.id)?;
    sessions::delete_for_account(db, account.id)?;
    one_time_links::delete_for_account(db, account.id)?;
    known_devices::delete_for_account(db, account.id)?;
    invitations::delete_for_email(db, &account.email)?;
    // They have the address.
    mails::delete_done_for_account(db, account.id)?;
    provider_keys::forget(db, account.id)?;
    sharing::forget(db, account.id)?;
    let mail = Mail::AccountClosed { place: act.place() };
    outbox.queue(db, act.now, Recipient::from(account), &mail)?;

    let act = Act {
        actor: Actor::Account {
            id: account.id,
            name: FORMER_HOLDER.to_owned(),
        },
        ..act.clone()
    };
    // First, since it may wait for keys that others change; once one was deactivated here, they wait for this.
    keys::rename_deactivator(db, account.id, &account.name, FORMER_HOLDER)?;
    for id in active {
        match api_keys::deactivate(db, &act, account.id, id) {
            // One that was deleted from the list has ended before.
            Ok(_) | Err(ChangeKeyError::NotFound | ChangeKeyError::StillActive) => {}
            Err(ChangeKeyError::Store(error)) => return Err(error.into()),
        }
    }
    two_step::forget(db, account.id)?;
    // An address that no one can have (RFC 2606), of its own for each account.
    let email = format!("closed-{}@account.invalid", account.id.as_number());
    rows::set_closed(db, account.id, &email, "Closed account", act.now)?;
    let log = Some(account.id);
    links::record_ended(db, &act, account.id, &contacts)?;
    act.record(db, log, Action::AccountClose, None, Outcome::Done)?;
    Ok(())
}
