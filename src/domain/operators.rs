//! What operators do to the accounts of others, and the rules that hold for it.
//!
//! Every act that takes something from an account first locks the enabled operators. So of two that are done at once, the
//! second sees what the first has left: there is always an operator, and who is none any more does nothing.

use rand::CryptoRng;

use super::accounts::{self, Account};
use super::api_keys::key_string;
use super::audit::{Act, Action, Outcome};
use super::invitations;
use super::mail::{LinkToken, Mail, Outbox, Recipient};
use super::passwords;
use super::security::{one_time_links, two_step};
use super::text::{EmailAddress, like_pattern};
use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::secret::Secret;
use crate::store::accounts::{self as rows, AccountEdge, AccountFilter};
use crate::store::{Db, StoreError, api_keys, sessions};

/// Why nothing was done to an account.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// Whoever acts is no operator any more.
    #[error("whoever acts is no operator any more")]
    NotOperator,
    /// No one could operate this keyport any more.
    #[error("the account is the last one of an operator")]
    LastOperator,
    /// No one disables their own account.
    #[error("it is the account of whoever acts")]
    OwnAccount,
    /// A disabled account cannot sign in, so it gets no link for a password.
    #[error("the account is disabled")]
    Disabled,
    /// Its address is not confirmed: whoever signs up with it next takes its place.
    #[error("the address of the account is not confirmed")]
    Unconfirmed,
    /// Who is invited has an account already.
    #[error("there is an account with this address")]
    HasAccount,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether an act changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It did.
    Now,
    /// All was so before.
    Before,
}

/// Disables an account: its sessions end now, its keys are refused from the next request on.
///
/// # Errors
/// If there is no such account, it is the operator's own or that of the last operator, or the database fails.
pub fn disable(
    db: &mut Db,
    act: &Act,
    by: AccountId,
    id: AccountId,
) -> Result<Changed, OperateError> {
    if id == by {
        return Err(OperateError::OwnAccount);
    }
    let (account, operators) = take(db, by, id)?;
    if account.disabled_at.is_some() {
        return Ok(Changed::Before);
    }
    refuse_for_last(&operators, id)?;
    accounts::disable(db, act, id)?;
    Ok(Changed::Now)
}

/// Enables an account again; its keys that have not ended work again.
///
/// # Errors
/// If there is no such account, or the database fails.
pub fn enable(
    db: &mut Db,
    act: &Act,
    by: AccountId,
    id: AccountId,
) -> Result<Changed, OperateError> {
    let (account, _) = take(db, by, id)?;
    if account.disabled_at.is_none() {
        return Ok(Changed::Before);
    }
    accounts::enable(db, act, id)?;
    Ok(Changed::Now)
}

/// Gives the operator role.
///
/// # Errors
/// If there is no such account, its address is not confirmed, or the database fails.
pub fn give_role(
    db: &mut Db,
    act: &Act,
    by: AccountId,
    id: AccountId,
) -> Result<Changed, OperateError> {
    let (account, _) = take(db, by, id)?;
    if account.unverified_since.is_some() {
        return Err(OperateError::Unconfirmed);
    }
    if account.is_operator {
        return Ok(Changed::Before);
    }
    accounts::set_operator(db, act, id, true)?;
    Ok(Changed::Now)
}

/// Takes the operator role away; one's own, too.
///
/// # Errors
/// If there is no such account, it is that of the last operator, or the database fails.
pub fn take_role(
    db: &mut Db,
    act: &Act,
    by: AccountId,
    id: AccountId,
) -> Result<Changed, OperateError> {
    let (account, operators) = take(db, by, id)?;
    if !account.is_operator {
        return Ok(Changed::Before);
    }
    refuse_for_last(&operators, id)?;
    accounts::set_operator(db, act, id, false)?;
    Ok(Changed::Now)
}

/// Ends all sessions of an account, and what was begun in them with a link; returns how many sessions.
///
/// # Errors
/// If there is no such account, or the database fails.
pub fn end_sessions(
    db: &mut Db,
    act: &Act,
    by: AccountId,
    id: AccountId,
) -> Result<usize, OperateError> {
    take(db, by, id)?;
    let ended = sessions::delete_for_account(db, id)?;
    one_time_links::end_all(db, id)?;
    let log = Some(id);
    act.record(db, log, Action::SessionsEndAll, None, Outcome::Done)?;
    Ok(ended)
}

/// Makes the link that lets the account's holder set a password; earlier links stop working. Mailed to them if there is
/// `mail`, else returned, for the operator to hand over.
///
/// # Errors
/// If there is no such account, it is disabled, or the database fails.
pub fn make_password_link(
    db: &mut Db,
    act: &Act,
    rng: &mut impl CryptoRng,
    mail: Option<&Outbox>,
    by: AccountId,
    id: AccountId,
) -> Result<Option<Secret<String>>, OperateError> {
    let (account, _) = take(db, by, id)?;
    if account.disabled_at.is_some() {
        return Err(OperateError::Disabled);
    }
    let token = passwords::make_link(db, act, rng, id)?;
    let Some(outbox) = mail else {
        return Ok(Some(token));
    };
    let mail = Mail::ResetPassword {
        token: LinkToken(token),
    };
    outbox.queue(db, act.now, (&account).into(), &mail)?;
    Ok(None)
}

/// Removes all second factors of an account, for someone who has lost theirs; they are told by mail.
///
/// # Errors
/// If there is no such account, or the database fails.
pub fn reset_two_step(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    by: AccountId,
    id: AccountId,
) -> Result<Changed, OperateError> {
    let (account, _) = take(db, by, id)?;
    Ok(match two_step::reset(db, act, outbox, &account)? {
        true => Changed::Now,
        false => Changed::Before,
    })
}

/// Invites an address. The link is mailed if there is `mail`, else its token is returned, for the operator to hand over.
///
/// # Errors
/// If the address has an account, or the database fails.
pub fn invite(
    db: &mut Db,
    act: &Act,
    rng: &mut impl CryptoRng,
    mail: Option<&Outbox>,
    by: AccountId,
    email: &EmailAddress,
) -> Result<Option<Secret<String>>, OperateError> {
    if !rows::lock_operators(db)?.contains(&by) {
        return Err(OperateError::NotOperator);
    }
    if accounts::find_by_email(db, email)?.is_some_and(|account| account.unverified_since.is_none())
    {
        return Err(OperateError::HasAccount);
    }
    let token = invitations::make(db, act, rng, email)?;
    let Some(outbox) = mail else {
        return Ok(Some(token));
    };
    let to = Recipient {
        account_id: None,
        email: email.as_str(),
    };
    let mail = Mail::Invitation {
        token: LinkToken(token),
        invited_by: act.actor.words(),
    };
    outbox.queue(db, act.now, to, &mail)?;
    Ok(None)
}

/// The account, locked, and the enabled operators, locked before it.
fn take(
    db: &mut Db,
    by: AccountId,
    id: AccountId,
) -> Result<(Account, Vec<AccountId>), OperateError> {
    let operators = rows::lock_operators(db)?;
    if !operators.contains(&by) {
        return Err(OperateError::NotOperator);
    }
    rows::lock(db, id)?;
    // Nothing is done to a closed account any more.
    let account = accounts::find(db, id)?
        .filter(|account| account.closed_at.is_none())
        .ok_or(OperateError::NotFound)?;
    Ok((account, operators))
}

fn refuse_for_last(operators: &[AccountId], id: AccountId) -> Result<(), OperateError> {
    if operators == [id] {
        return Err(OperateError::LastOperator);
    }
    Ok(())
}

/// An account in the operators' list.
#[derive(Clone, Debug)]
pub struct ListedAccount {
    /// The account.
    pub account: Account,
    /// How many of its keys work.
    pub active_keys: i64,
}

/// Where a page of the list begins: right behind (or, backwards, right before) this account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountCursor {
    /// The account at the edge.
    pub id: AccountId,
    /// True to read towards the beginning of the list.
    pub backwards: bool,
}

/// A page of accounts.
#[derive(Clone, Debug)]
pub struct AccountPage {
    /// The accounts, by address.
    pub accounts: Vec<ListedAccount>,
    /// How many match in all.
    pub count: i64,
    /// Where the page before begins, if there is one.
    pub previous: Option<AccountCursor>,
    /// Where the page after begins, if there is one.
    pub next: Option<AccountCursor>,
}

/// A page of at most `limit` accounts whose address or name has the text in it, or who own the key that it names by its
/// prefix or id. All for an empty text.
///
/// # Errors
/// If the database fails.
pub fn list(
    db: &mut Db,
    now: Timestamp,
    text: &str,
    cursor: Option<AccountCursor>,
    limit: usize,
) -> Result<AccountPage, StoreError> {
    let filter = filter(db, text)?;
    let edge = match cursor {
        Some(cursor) => rows::find(db, cursor.id)?.map(|row| AccountEdge {
            email: row.email,
            backwards: cursor.backwards,
        }),
        None => None,
    };
    let backwards = edge.as_ref().is_some_and(|edge| edge.backwards);
    // One more than asked for tells whether there is another page in the direction of reading.
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = rows::list_page(db, filter.as_ref(), edge.as_ref(), one_more)?;
    let goes_on = found.len() > limit;
    if goes_on && backwards {
        found.remove(0);
    } else if goes_on {
        found.truncate(limit);
    }
    let ids: Vec<AccountId> = found.iter().map(|row| row.id).collect();
    let keys = api_keys::count_active_of(db, &ids, now)?;
    let active_keys = |id| {
        keys.iter()
            .find(|(owner, _)| *owner == id)
            .map_or(0, |(_, count)| *count)
    };
    let has_previous = if backwards { goes_on } else { edge.is_some() };
    let has_next = backwards || goes_on;
    let cursor_at = |id: Option<&AccountId>, backwards, is_there: bool| {
        id.filter(|_| is_there)
            .map(|id| AccountCursor { id: *id, backwards })
    };
    Ok(AccountPage {
        count: rows::count_matching(db, filter.as_ref())?,
        previous: cursor_at(ids.first(), true, has_previous),
        next: cursor_at(ids.last(), false, has_next),
        accounts: (found.into_iter())
            .map(|row| ListedAccount {
                active_keys: active_keys(row.id),
                account: row.into(),
            })
            .collect(),
    })
}

fn filter(db: &mut Db, text: &str) -> Result<Option<AccountFilter>, StoreError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let owner = match key_string::ids_beginning_with(text) {
        Some((first, last)) if first == last => api_keys::owner_of(db, first)?,
        Some(_) | None => None,
    };
    Ok(Some(AccountFilter {
        pattern: like_pattern(text),
        owners: owner.into_iter().collect(),
    }))
}
