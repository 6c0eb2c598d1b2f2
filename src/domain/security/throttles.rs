//! Limits on tries. Counted in the database, so they hold across instances and restarts, and counted before the
//! costly or telling part of a request, so parallel tries cannot slip through together.
//!
//! A sign-in counts against the pair of account and client address, and against the address alone; from a browser that the
//! account was used with it counts against that browser and nothing else. So whoever shares the address of the account's
//! holder, behind the same router or proxy, cannot keep them out of the browsers that they use. There is no
//! counter on the account alone: with one, a stranger could keep its holder out. What is counted for an account alone
//! are the mails that strangers can have sent to it; their number keeps no one out, since the mails before are there.
//!
//! Codes are typed by someone who knew the password, so there the account alone counts as well: an authenticator's
//! code has six digits, and whoever has many addresses could guess it. Recovery codes and passkeys, which no one can
//! guess, do not count against the account, so even a thief of the password cannot keep its holder out.

use std::net::IpAddr;

use chrono::TimeDelta;
use rand::CryptoRng;

use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::random::base62_text;
use crate::ids::AccountId;
use crate::store::throttles as rows;
use crate::store::{Db, StoreError};

/// One limit: at most `most` in a window that begins with the first.
#[derive(Clone, Copy, Debug)]
struct Limit {
    kind: &'static str,
    most: i64,
    window: TimeDelta,
}

const SIGN_IN_PAIR: Limit = Limit {
    kind: "sign-in/pair",
    most: 10,
    window: TimeDelta::minutes(15),
};
const SIGN_IN_DEVICE: Limit = Limit {
    kind: "sign-in/device",
    most: 10,
    window: TimeDelta::minutes(15),
};
const SIGN_IN_ADDRESS: Limit = Limit {
    kind: "sign-in/address",
    most: 100,
    window: TimeDelta::minutes(15),
};
/// Codes for one sign-in: after that the password is asked for again.
const CODE_SIGN_IN: Limit = Limit {
    kind: "code/sign-in",
    most: 5,
    window: TimeDelta::minutes(10),
};
const CODE_PAIR: Limit = Limit {
    kind: "code/pair",
    most: 10,
    window: TimeDelta::minutes(15),
};
/// Six digits of which three are right at a time: at this pace a guess succeeds once in some fourteen months.
const CODE_ACCOUNT: Limit = Limit {
    kind: "code/account",
    most: 30,
    window: TimeDelta::hours(1),
};
const PASSKEY_ADDRESS: Limit = Limit {
    kind: "passkey/address",
    most: 300,
    window: TimeDelta::minutes(15),
};
const SIGN_UP_ADDRESS: Limit = Limit {
    kind: "sign-up/address",
    most: 20,
    window: TimeDelta::hours(1),
};
const PASSWORD_LINK_ADDRESS: Limit = Limit {
    kind: "password-link/address",
    most: 30,
    window: TimeDelta::minutes(15),
};
const FORGOT_ADDRESS: Limit = Limit {
    kind: "forgot/address",
    most: 20,
    window: TimeDelta::hours(1),
};
const EMAIL_LINK_ADDRESS: Limit = Limit {
    kind: "email-link/address",
    most: 30,
    window: TimeDelta::minutes(15),
};
const EMAIL_CHANGE: Limit = Limit {
    kind: "email-change/account",
    most: 5,
    window: TimeDelta::hours(1),
};
/// Three an hour are enough for someone who looks for the first one in the wrong folder.
const MAIL: Limit = Limit {
    kind: "mail/email",
    most: 3,
    window: TimeDelta::hours(1),
};
const NOTHING: Limit = Limit {
    kind: "nothing",
    most: 1,
    window: TimeDelta::minutes(1),
};
const KEY_CREATION: Limit = Limit {
    kind: "key-creation/account",
    most: 1_000,
    window: TimeDelta::minutes(1),
};

const DOWNLOADS: Limit = Limit {
    kind: "download/account",
    most: 30,
    window: TimeDelta::minutes(1),
};
const LINK_REQUEST: Limit = Limit {
    kind: "link-request/account",
    most: 5,
    window: TimeDelta::hours(1),
};
/// Whoever reads a contact's mail hears of strangers this often at most.
const LINK_MAIL: Limit = Limit {
    kind: "link-mail/contact",
    most: 3,
    window: TimeDelta::days(1),
};
const REPORT_REQUEST: Limit = Limit {
    kind: "report-request/account",
    most: 30,
    window: TimeDelta::minutes(1),
};

/// Each may be a call to another server, of the account's choice.
const PROVIDER_CHECK: Limit = Limit {
    kind: "provider-check/account",
    most: 30,
    window: TimeDelta::minutes(10),
};

/// Too many tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tries")]
pub struct Throttled {
    /// How long until the next try is let through.
    pub retry_after: TimeDelta,
}

/// A try to sign in.
#[derive(Clone, Debug)]
pub struct SignInTry {
    /// What was typed as address, in lower case.
    pub email: String,
    /// From where.
    pub address: IpAddr,
    /// What the account knows the browser by, if it does.
    pub device: Option<Vec<u8>>,
}

/// Counts a try to sign in.
///
/// # Errors
/// If the database fails; the inner error if there were too many.
pub fn take_sign_in(
    db: &mut Db,
    now: Timestamp,
    tried: &SignInTry,
) -> Result<Result<(), Throttled>, StoreError> {
    if let Some(device) = &tried.device {
        return take(db, now, SIGN_IN_DEVICE, &hex(device));
    }
    let by_address = take(db, now, SIGN_IN_ADDRESS, &network(tried.address))?;
    let by_pair = take(db, now, SIGN_IN_PAIR, &pair(&tried.email, tried.address))?;
    Ok(by_address.and(by_pair))
}

/// Forgets the failed tries of this account from this browser or address, once a try was right.
///
/// # Errors
/// If the database fails.
pub fn clear_sign_in(db: &mut Db, tried: &SignInTry) -> Result<(), StoreError> {
    rows::clear(
        db,
        &match &tried.device {
            Some(device) => bucket(SIGN_IN_DEVICE, &hex(device)),
            None => bucket(SIGN_IN_PAIR, &pair(&tried.email, tried.address)),
        },
    )
}

/// A try to enter a code.
#[derive(Clone, Copy, Debug)]
pub struct CodeTry<'a> {
    /// Whose second step it is.
    pub account_id: AccountId,
    /// From where.
    pub address: IpAddr,
    /// The sign-in that waits for the code; `None` within a session.
    pub pending_id: Option<&'a str>,
    /// True for six digits, which can be guessed.
    pub is_short: bool,
}

/// Counts a try to enter a code.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_code(
    db: &mut Db,
    now: Timestamp,
    tried: CodeTry<'_>,
) -> Result<Result<(), Throttled>, StoreError> {
    let mut verdict = take(db, now, CODE_PAIR, &code_pair(tried))?;
    if let Some(id) = tried.pending_id {
        verdict = verdict.and(take(db, now, CODE_SIGN_IN, id)?);
    }
    if tried.is_short {
        let account_id = tried.account_id.to_string();
        verdict = verdict.and(take(db, now, CODE_ACCOUNT, &account_id)?);
    }
    Ok(verdict)
}

/// Forgets the wrong codes from this address, once one was right.
///
/// # Errors
/// If the database fails.
pub fn clear_code(db: &mut Db, tried: CodeTry<'_>) -> Result<(), StoreError> {
    rows::clear(db, &bucket(CODE_PAIR, &code_pair(tried)))?;
    if tried.is_short {
        rows::clear(db, &bucket(CODE_ACCOUNT, &tried.account_id.to_string()))?;
    }
    Ok(())
}

fn code_pair(tried: CodeTry<'_>) -> String {
    format!("{}/{}", tried.account_id, network(tried.address))
}

/// Counts a challenge for a passkey, which anyone may ask for and which is stored.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_passkey(
    db: &mut Db,
    now: Timestamp,
    address: IpAddr,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, PASSKEY_ADDRESS, &network(address))
}

/// Counts a try to make an account.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_sign_up(
    db: &mut Db,
    now: Timestamp,
    address: IpAddr,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, SIGN_UP_ADDRESS, &network(address))
}

/// Counts a use of a link for setting a password.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_password_link(
    db: &mut Db,
    now: Timestamp,
    address: IpAddr,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, PASSWORD_LINK_ADDRESS, &network(address))
}

/// Counts a request for a link for a forgotten password.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_forgot(
    db: &mut Db,
    now: Timestamp,
    address: IpAddr,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, FORGOT_ADDRESS, &network(address))
}

/// Counts a use of a link that confirms an address.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_email_link(
    db: &mut Db,
    now: Timestamp,
    address: IpAddr,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, EMAIL_LINK_ADDRESS, &network(address))
}

/// Counts a change of an account's address.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_email_change(
    db: &mut Db,
    now: Timestamp,
    account_id: AccountId,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, EMAIL_CHANGE, &account_id.to_string())
}

/// Counts a request of an account to be linked to a contact.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_link_request(
    db: &mut Db,
    now: Timestamp,
    account_id: AccountId,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, LINK_REQUEST, &account_id.to_string())
}

/// Counts a mail to a contact that asks for a link to it.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_link_mail(
    db: &mut Db,
    now: Timestamp,
    contact: &str,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, LINK_MAIL, contact)
}

/// Counts a request of an account for a report.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_report_request(
    db: &mut Db,
    now: Timestamp,
    account_id: AccountId,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, REPORT_REQUEST, &account_id.to_string())
}

/// Counts a call that checks a provider key.
///
/// # Errors
/// If the database fails; the inner error if there were too many.
pub fn take_provider_check(
    db: &mut Db,
    now: Timestamp,
    account_id: AccountId,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, PROVIDER_CHECK, &account_id.to_string())
}

/// What a mail that anyone can have sent is for: each purpose has a count of its own, so that one cannot keep the other
/// from being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPurpose {
    /// A new password.
    Reset,
    /// Signing up.
    SignUp,
    /// Another address.
    ChangeEmail,
}

impl MailPurpose {
    fn word(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::SignUp => "sign-up",
            Self::ChangeEmail => "change-email",
        }
    }
}

/// Counts a mail to this address that anyone can have sent; false if there were too many. Says nothing about whether
/// there is an account.
///
/// # Errors
/// If the database fails.
pub fn take_mail(
    db: &mut Db,
    now: Timestamp,
    purpose: MailPurpose,
    email: &str,
) -> Result<bool, StoreError> {
    let subject = format!("{}/{}", purpose.word(), short_digest(email));
    Ok(take(db, now, MAIL, &subject)?.is_ok())
}

/// Writes a row that counts nothing, in place of one that would tell by its time that there is an account.
///
/// # Errors
/// If the database fails.
pub fn count_nothing(
    db: &mut Db,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<(), StoreError> {
    // A row of its own each time: a shared one would be waited for, and tell by that.
    take(db, now, NOTHING, &base62_text(rng, 22)).map(drop)
}

/// Counts a key made by API.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_key_creation(
    db: &mut Db,
    now: Timestamp,
    account_id: AccountId,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, KEY_CREATION, &account_id.to_string())
}

/// Counts a download of a report or of an attachment.
///
/// # Errors
/// As [`take_sign_in`].
pub fn take_download(
    db: &mut Db,
    now: Timestamp,
    account_id: AccountId,
) -> Result<Result<(), Throttled>, StoreError> {
    take(db, now, DOWNLOADS, &account_id.to_string())
}

fn take(
    db: &mut Db,
    now: Timestamp,
    limit: Limit,
    subject: &str,
) -> Result<Result<(), Throttled>, StoreError> {
    let row = rows::take(db, &bucket(limit, subject), now, now + limit.window)?;
    if row.taken <= limit.most {
        return Ok(Ok(()));
    }
    Ok(Err(Throttled {
        retry_after: (row.window_ends_at - now).clamp(TimeDelta::seconds(1), limit.window),
    }))
}

/// What was typed as an address may be a password by mistake: only its digest is stored.
fn pair(email: &str, address: IpAddr) -> String {
    format!("{}/{}", short_digest(email), network(address))
}

fn short_digest(email: &str) -> String {
    hex(&sha256(email.as_bytes()))
}

/// The first 16 bytes of a digest.
fn hex(digest: &[u8]) -> String {
    (digest.iter().take(16))
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// One household or host: an IPv4 address, or the /64 of an IPv6 address, all of which one host can use.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

fn bucket(limit: Limit, subject: &str) -> String {
    format!("{}/{subject}", limit.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_host_cannot_change_its_bucket_within_its_network() {
        let one: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        let other: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
        assert_eq!(network(one), network(other));
    }

    #[test]
    fn an_ipv4_address_counts_alike_in_both_notations() {
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(network(mapped), "192.0.2.1");
    }
}
