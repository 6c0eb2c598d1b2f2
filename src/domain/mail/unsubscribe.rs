//! Which mails an account gets, and the links that turn one kind off without signing in. Those are signed and never end:
//! what they can do is harmless, and can be taken back under Settings, Notifications.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{OPTIONAL, rows};
use crate::crypto::digest::{constant_time_eq, hmac_sha256};
use crate::crypto::instance_secret::InstanceSecrets;
use crate::domain::audit::{Act, Action, Outcome};
use crate::ids::AccountId;
use crate::store::{Db, StoreError, accounts};

/// The signature of a link.
pub fn sign(secrets: &InstanceSecrets, account_id: AccountId, kind: &str) -> String {
    let key = secrets.unsubscribe_keys().next();
    let key = key.expect("there is always an instance secret");
    signature(&key, account_id, kind)
}

/// True if the link was made here, under any instance secret that is still here, and is for a mail that can be turned off.
pub fn is_signed(
    secrets: &InstanceSecrets,
    account_id: AccountId,
    kind: &str,
    presented: &str,
) -> bool {
    OPTIONAL.contains(&kind)
        && secrets.unsubscribe_keys().any(|key| {
            let wanted = signature(&key, account_id, kind);
            constant_time_eq(wanted.as_bytes(), presented.as_bytes())
        })
}

fn signature(key: &[u8; 32], account_id: AccountId, kind: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac_sha256(key, format!("{account_id}/{kind}").as_bytes()))
}

/// The kinds of mail that the account turned off.
///
/// # Errors
/// If the database fails.
pub fn list_unwanted(db: &mut Db, account_id: AccountId) -> Result<Vec<String>, StoreError> {
    rows::list_unwanted(db, account_id)
}

/// Which of the optional mails an account wants; those that are not named are turned off. True if that changed anything.
///
/// # Errors
/// If the database fails.
pub fn choose(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    wanted: &[String],
) -> Result<bool, StoreError> {
    let before = rows::list_unwanted(db, account_id)?;
    let mut has_changed = false;
    for kind in OPTIONAL {
        let is_unwanted = !wanted.iter().any(|wanted| wanted == kind);
        if is_unwanted != before.iter().any(|unwanted| unwanted == kind) {
            set(db, act, account_id, kind, is_unwanted)?;
            has_changed = true;
        }
    }
    Ok(has_changed)
}

/// Turns one kind of mail off. Does nothing if it is off, or if the account is gone.
///
/// # Errors
/// If the database fails.
pub fn turn_off(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    kind: &str,
) -> Result<(), StoreError> {
    if accounts::find(db, account_id)?.is_none() || rows::is_unwanted(db, account_id, kind)? {
        return Ok(());
    }
    set(db, act, account_id, kind, true)
}

fn set(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    kind: &str,
    is_unwanted: bool,
) -> Result<(), StoreError> {
    rows::set_unwanted(db, account_id, kind, is_unwanted)?;
    let word = if is_unwanted { "off" } else { "on" };
    act.record(
        db,
        Some(account_id),
        Action::NotificationsChange,
        Some(&format!("{kind} {word}")),
        Outcome::Done,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn secrets(text: &str) -> InstanceSecrets {
        InstanceSecrets::parse(&Secret::new(text.to_owned())).unwrap()
    }

    const ONE: &str = "a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const TWO: &str = "b:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    #[test]
    fn a_link_is_good_for_one_account_and_one_kind_also_after_the_secret_was_rotated() {
        let [one, two]: [AccountId; 2] = ["0000000001", "0000000002"].map(|id| id.parse().unwrap());
        let signed = sign(&secrets(ONE), one, "key_created");
        let rotated = format!("{TWO},{ONE}");
        for text in [ONE, rotated.as_str()] {
            assert!(is_signed(&secrets(text), one, "key_created", &signed));
        }
        assert!(!is_signed(&secrets(TWO), one, "key_created", &signed));
        assert!(!is_signed(&secrets(ONE), two, "key_created", &signed));
        assert!(!is_signed(&secrets(ONE), one, "key_rotated", &signed));
        assert!(!is_signed(&secrets(ONE), one, "key_created", &signed[1..]));
        let forced = sign(&secrets(ONE), one, "password_changed");
        assert!(!is_signed(&secrets(ONE), one, "password_changed", &forced));
    }
}
