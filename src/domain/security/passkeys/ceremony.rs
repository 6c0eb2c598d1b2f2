//! Challenges for passkeys, and their answers.
//!
//! 1. [`begin`] or [`begin_adding`] makes a challenge and stores what its answer will be checked against, under the
//!    digest of an id that only this browser is given, and of what this browser is told from others by.
//! 2. The browser has the challenge signed and sends the answer with that id.
//! 3. [`check`] or [`finish_adding`] takes the stored part away, so that each challenge is answered once, and checks
//!    signature, origin, user verification and counter. A challenge lives five minutes and is good for one purpose.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use rand::CryptoRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey as Credential, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Uuid, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use super::{as_json, counter};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::random::base62_text;
use crate::domain::accounts::Account;
use crate::domain::audit::{Act, Action, Outcome};
use crate::ids::AccountId;
use crate::store::passkeys::{self as rows, CeremonyRow, PasskeyRow};
use crate::store::{Db, StoreError};

/// How long a challenge waits for its answer.
const LIFE: TimeDelta = TimeDelta::minutes(5);
/// Characters of a challenge's id: 190 bits.
const ID_LENGTH: usize = 32;

/// Who asks for passkeys: this instance, under its public address.
#[derive(Clone)]
pub struct RelyingParty(Arc<Webauthn>);

impl RelyingParty {
    /// The party at this address; `None` if its host is no name, which passkeys need.
    pub fn new(public_url: &Url) -> Option<Self> {
        let builder = WebauthnBuilder::new(public_url.domain()?, public_url).ok()?;
        let webauthn = builder.rp_name("keyport").build().ok()?;
        Some(Self(Arc::new(webauthn)))
    }
}

/// What the answer to a challenge is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// For signing in with nothing else; the answer says who it is.
    SignIn,
    /// For the second step of this account.
    SecondStep(AccountId),
    /// For confirming within a session of this account that it is still its holder.
    Confirm(AccountId),
}

/// Word for adding a passkey, in the database.
const ADD: &str = "add";

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SecondStep(_) => "second_step",
            Self::Confirm(_) => "confirm",
        }
    }

    fn account_id(self) -> Option<AccountId> {
        match self {
            Self::SignIn => None,
            Self::SecondStep(id) | Self::Confirm(id) => Some(id),
        }
    }
}

/// A challenge, for the browser.
#[derive(Debug, Serialize)]
pub struct Challenge {
    /// Its id, to send back with the answer.
    pub ceremony: String,
    /// What `navigator.credentials` takes, with bytes as base64url.
    pub options: Value,
}

/// The answer of a browser.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The id of the challenge.
    pub ceremony: String,
    /// The credential as JSON.
    pub credential: String,
    /// What the browser is told from others by: only the one that asked for a challenge may answer it.
    pub browser: String,
}

/// Why an answer is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPasskey {
    /// The challenge is older than five minutes, was answered before, or was made for something else or another browser.
    #[error("That took too long. Try again.")]
    TooOld,
    /// The passkey is not known, or not this account's.
    #[error("This passkey is not known here. Use another one or your password.")]
    Unknown,
    /// It is to be added, and was before.
    #[error("This passkey was added before.")]
    Known,
    /// Its counter went back: someone else may have a copy of it.
    #[error(
        "This passkey was refused: its counter went back, so there may be a copy of it. Use another way to sign in, then remove this passkey."
    )]
    Cloned,
    /// Anything else: a wrong signature or origin, no user verification, or no credential at all.
    #[error("The passkey was not accepted. Try again.")]
    NotAccepted,
}

/// Makes a challenge for those of an account, or for whoever has a passkey here.
///
/// # Errors
/// If the database fails.
pub fn begin(
    db: &mut Db,
    now: Timestamp,
    rng: &mut impl CryptoRng,
    party: &RelyingParty,
    purpose: Purpose,
    browser: &str,
) -> Result<Challenge, StoreError> {
    let (challenge, state) = party
        .0
        .start_discoverable_authentication()
        .expect("a challenge needs nothing that could be wrong");
    let mut options = plain(&challenge);
    // The page decides whether the browser offers passkeys by itself.
    options
        .as_object_mut()
        .expect("it is a struct")
        .remove("mediation");
    if let Some(account_id) = purpose.account_id() {
        // Named, so that passkeys are found that their authenticator does not list.
        options["publicKey"]["allowCredentials"] = described(&rows::list(db, account_id)?);
    }
    let account_id = purpose.account_id();
    let ceremony = remember(db, now, rng, account_id, purpose.word(), browser, &state)?;
    Ok(Challenge { ceremony, options })
}

/// Makes a challenge for a new passkey of the account.
///
/// # Errors
/// If the database fails.
pub fn begin_adding(
    db: &mut Db,
    now: Timestamp,
    rng: &mut impl CryptoRng,
    party: &RelyingParty,
    account: &Account,
    browser: &str,
) -> Result<Challenge, StoreError> {
    let known = rows::list(db, account.id)?;
    let ids = known.iter().map(|row| row.credential_id.clone());
    let (challenge, state) = party
        .0
        .start_passkey_registration(
            user_handle(account.id),
            &account.email,
            &account.name,
            Some(ids.collect()),
        )
        .expect("names and ids are never refused");
    let mut options = plain(&challenge);
    // One that its authenticator lists can be used alone; the crate asks for that only with attestation.
    let selection = &mut options["publicKey"]["authenticatorSelection"];
    selection["residentKey"] = json!("required");
    selection["requireResidentKey"] = json!(true);
    let ceremony = remember(db, now, rng, Some(account.id), ADD, browser, &state)?;
    Ok(Challenge { ceremony, options })
}

/// Checks the answer to a challenge of [`begin`] and notes the use. Says whose passkey it is.
///
/// # Errors
/// If the database fails; the inner error if the answer is no good. What was written down about it must be kept then.
pub fn check(
    db: &mut Db,
    act: &Act,
    party: &RelyingParty,
    purpose: Purpose,
    answered: &Answered,
) -> Result<Result<AccountId, BadPasskey>, StoreError> {
    let account_id = purpose.account_id();
    let taken =
        take::<DiscoverableAuthentication>(db, act.now, account_id, purpose.word(), answered)?;
    let Some(state) = taken else {
        return Ok(Err(BadPasskey::TooOld));
    };
    let Ok(answer) = serde_json::from_str::<PublicKeyCredential>(&answered.credential) else {
        return Ok(Err(BadPasskey::NotAccepted));
    };
    let found = rows::find_by_credential_id(db, answer.get_credential_id())?;
    let Some(row) = found.filter(|row| account_id.is_none_or(|id| id == row.account_id)) else {
        return Ok(Err(BadPasskey::Unknown));
    };
    if !names_its_account(&answer, row.account_id, purpose) {
        return Ok(Err(BadPasskey::Unknown));
    }
    let verified = verify(party, &answer, state, &row);
    let updated = match verified {
        Ok(updated) => updated,
        Err(BadPasskey::Cloned) => return refuse_clone(db, act, &row),
        Err(bad) => return Ok(Err(bad)),
    };
    let (count, json) = (counter(&updated), as_json(&updated));
    if !rows::set_used(db, row.id, row.counter, count, &json, act.now)? {
        // Between reading and writing the same passkey was used elsewhere: one of the two is a copy.
        return refuse_clone(db, act, &row);
    }
    Ok(Ok(row.account_id))
}

/// True if the answer names the holder of the passkey (Web Authentication, section 7.2, step 6). Where the holder is
/// known already it need not name anyone.
fn names_its_account(answer: &PublicKeyCredential, holder: AccountId, purpose: Purpose) -> bool {
    match answer.get_user_unique_id() {
        Some(handle) => handle == user_handle(holder).as_bytes(),
        None => purpose != Purpose::SignIn,
    }
}

fn verify(
    party: &RelyingParty,
    answer: &PublicKeyCredential,
    state: DiscoverableAuthentication,
    row: &PasskeyRow,
) -> Result<Credential, BadPasskey> {
    let mut credential: Credential = serde_json::from_str(&row.credential).map_err(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, passkey = %row.id, "a stored passkey does not read");
        BadPasskey::NotAccepted
    })?;
    let result = (party.0)
        .finish_discoverable_authentication_v2(answer, state, &credential)
        .map_err(|error| match error {
            WebauthnError::CredentialPossibleCompromise => BadPasskey::Cloned,
            other => not_accepted(&other),
        })?;
    credential.update_credential(&result);
    Ok(credential)
}

fn refuse_clone(
    db: &mut Db,
    act: &Act,
    row: &PasskeyRow,
) -> Result<Result<AccountId, BadPasskey>, StoreError> {
    let target = row.id.to_string();
    let action = Action::PasskeyClone;
    act.record(
        db,
        Some(row.account_id),
        action,
        Some(&target),
        Outcome::Refused,
    )?;
    Ok(Err(BadPasskey::Cloned))
}

/// Checks the answer to a challenge of [`begin_adding`].
///
/// # Errors
/// If the database fails; the inner error if the answer is no good.
pub(super) fn finish_adding(
    db: &mut Db,
    now: Timestamp,
    party: &RelyingParty,
    account_id: AccountId,
    answered: &Answered,
) -> Result<Result<Credential, BadPasskey>, StoreError> {
    let taken = take::<PasskeyRegistration>(db, now, Some(account_id), ADD, answered)?;
    let Some(state) = taken else {
        return Ok(Err(BadPasskey::TooOld));
    };
    let Ok(answer) = serde_json::from_str::<RegisterPublicKeyCredential>(&answered.credential)
    else {
        return Ok(Err(BadPasskey::NotAccepted));
    };
    // The crate refuses it too, with an error that says something else.
    if rows::find_by_credential_id(db, &answer.raw_id)?.is_some() {
        return Ok(Err(BadPasskey::Known));
    }
    let made = party.0.finish_passkey_registration(&answer, &state);
    Ok(made.map_err(|error| not_accepted(&error)))
}

fn not_accepted(error: &WebauthnError) -> BadPasskey {
    tracing::info!(
        error = error as &dyn std::error::Error,
        "the answer of a passkey is refused"
    );
    BadPasskey::NotAccepted
}

fn remember(
    db: &mut Db,
    now: Timestamp,
    rng: &mut impl CryptoRng,
    account_id: Option<AccountId>,
    purpose: &str,
    browser: &str,
    state: &impl Serialize,
) -> Result<String, StoreError> {
    let id = base62_text(rng, ID_LENGTH);
    rows::insert_ceremony(
        db,
        &CeremonyRow {
            id_digest: digest(&id, browser),
            account_id,
            purpose: purpose.to_owned(),
            state: serde_json::to_string(state).expect("a state is plain data"),
            expires_at: now + LIFE,
        },
    )?;
    Ok(id)
}

/// The stored part of a challenge, which is gone after this; `None` if there is none that fits.
fn take<T: DeserializeOwned>(
    db: &mut Db,
    now: Timestamp,
    account_id: Option<AccountId>,
    purpose: &str,
    answered: &Answered,
) -> Result<Option<T>, StoreError> {
    let digest = digest(&answered.ceremony, &answered.browser);
    let taken = rows::take_ceremony(db, &digest)?;
    Ok(taken
        .filter(|row| now < row.expires_at)
        .filter(|row| row.account_id == account_id && row.purpose == purpose)
        .and_then(|row| serde_json::from_str(&row.state).ok()))
}

/// What a challenge is stored under. Both parts are of letters, digits, - and _.
fn digest(id: &str, browser: &str) -> Vec<u8> {
    sha256(format!("{id}/{browser}").as_bytes()).to_vec()
}

/// What an authenticator keeps beside the passkey to say whose it is: the account's id, which is random.
fn user_handle(account_id: AccountId) -> Uuid {
    Uuid::from_u64_pair(0, account_id.as_number().unsigned_abs())
}

fn described(rows: &[PasskeyRow]) -> Value {
    let ids = rows.iter().map(|row| {
        let id = URL_SAFE_NO_PAD.encode(&row.credential_id);
        json!({ "type": "public-key", "id": id })
    });
    Value::Array(ids.collect())
}

fn plain(challenge: &impl Serialize) -> Value {
    serde_json::to_value(challenge).expect("a challenge is plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_name_in_the_address() {
        let party = |url: &str| RelyingParty::new(&Url::parse(url).unwrap());
        assert!(party("https://keys.example").is_some());
        assert!(party("http://localhost:8080").is_some());
        assert!(party("http://10.0.0.5:8080").is_none());
        assert!(party("https://[2001:db8::1]").is_none());
    }
}
