//! Settings > API keys: the list, and everything that is done to a key.

pub mod confirm;
pub mod create;
pub mod detail;
pub mod list;

use super::html;
use super::see_other;
use crate::clock::Timestamp;
use crate::domain::api_keys::{self, ApiKey, KeyState};
use crate::ids::ApiKeyId;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::markup::Badge;
use crate::web::times::until_short;

/// The list's address.
const LIST: &str = "/settings/api";

/// The state of a key in a word.
fn badge(key: &ApiKey, now: Timestamp) -> Badge {
    let (kind, text) = match key.state_at(now) {
        KeyState::Deactivated => ("neutral", "Deactivated".to_owned()),
        KeyState::Expired => ("hollow", "Expired".to_owned()),
        KeyState::Active if key.ends_at - now < api_keys::SOON => (
            "warn",
            format!("Expires in {}", until_short(key.ends_at - now)),
        ),
        KeyState::Active => ("ok", "Active".to_owned()),
    };
    Badge { kind, text }
}

/// The key that a path names, if it is the account's. Malformed ids are no one's.
async fn key_of(me: &CurrentAccount, id: &str) -> Result<ApiKey, PageError> {
    let id: ApiKeyId = id.parse().or(Err(PageError::NotFound))?;
    let owner = me.account.id;
    let found: Result<_, StoreError> = me
        .visitor
        .state
        .pool
        .read(move |db| api_keys::find(db, owner, id))
        .await;
    found?.ok_or(PageError::NotFound)
}
