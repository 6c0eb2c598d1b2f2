//! Settings > API keys: the list, and everything that is done to a key.

pub mod access;
pub mod confirm;
pub mod create;
pub mod detail;
pub mod integrations;
pub mod list;
mod requests;
pub mod rotate;
mod shown;

use super::html;
use super::see_other;
use crate::clock::Timestamp;
use crate::domain::api_keys::{self, ApiKey, KeyState};
use crate::ids::ApiKeyId;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::times;
use crate::web::markup::{Badge, TimeView};
use crate::web::times::{until_letter, until_short};

/// The list's address.
const LIST: &str = "/settings/api";

/// The state of a key in a word.
pub(super) fn badge(key: &ApiKey, now: Timestamp) -> Badge {
    let (kind, text) = match key.state_at(now) {
        KeyState::Deactivated => ("neutral", "Deactivated".to_owned()),
        KeyState::Expired => ("hollow", "Expired".to_owned()),
        KeyState::Active if key.overlap_at(now).is_some() => {
            let left = key.overlap_at(now).unwrap_or(now) - now;
            ("accent", format!("Rotating, {} left", until_letter(left)))
        }
        KeyState::Active if key.ends_at - now < api_keys::SOON => (
            "warn",
            format!("Expires in {}", until_short(key.ends_at - now)),
        ),
        KeyState::Active => ("ok", "Active".to_owned()),
    };
    Badge { kind, text }
}

/// Which key is meant: shown first, so that nobody ends the wrong one.
struct KeyLine {
    id: String,
    name: String,
    prefix: String,
    last_use: Option<TimeView>,
    expires: Option<TimeView>,
}

fn key_line(me: &CurrentAccount, key: &ApiKey) -> KeyLine {
    let times = times(&me.visitor, &me.account);
    KeyLine {
        id: key.id.to_string(),
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        last_use: key.last_use.as_ref().map(|last_use| times.ago(last_use.at)),
        expires: key.expires_at.map(|at| times.date(at)),
    }
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
