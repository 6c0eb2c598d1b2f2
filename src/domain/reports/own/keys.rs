//! All keys of an account, without their secrets.

use std::io::Write;

use super::super::ReportError;
use super::BATCH;
use super::cells::{Lines, time};
use crate::clock::Timestamp;
use crate::domain::api_keys::{ApiKey, KeyState};
use crate::ids::{AccountId, ApiKeyId};
use crate::store::Db;
use crate::store::api_keys::{self as rows, KeyList};

/// Writes it.
pub(super) fn write<W: Write>(
    db: &mut Db,
    me: AccountId,
    now: Timestamp,
    lines: &mut Lines<W>,
) -> Result<(), ReportError> {
    lines.line([
        "key_id",
        "key_prefix",
        "name",
        "state",
        "created_at",
        "expires_at",
        "deactivated_at",
        "rotated_at",
        "last_used_at",
        "last_used_from",
        "scopes",
        "allowed_addresses",
        "rate_limit",
    ])?;
    let mut cursor = None;
    loop {
        let found = rows::list_for_account(db, me, KeyList::All, None, cursor, BATCH)?;
        let keys: Vec<ApiKey> = found.into_iter().map(ApiKey::from).collect();
        let Some(last) = keys.last() else {
            return Ok(());
        };
        cursor = Some(last.cursor(false));
        let ids: Vec<ApiKeyId> = keys.iter().map(|key| key.id).collect();
        let rotated = rows::rotated_at(db, &ids)?;
        for key in &keys {
            let rotation = rotated.iter().find(|(id, _)| *id == key.id);
            line(key, now, rotation.and_then(|(_, at)| *at), lines)?;
        }
    }
}

fn line<W: Write>(
    key: &ApiKey,
    now: Timestamp,
    rotated_at: Option<Timestamp>,
    lines: &mut Lines<W>,
) -> Result<(), ReportError> {
    let state = match key.state_at(now) {
        KeyState::Active => "active",
        KeyState::Expired => "expired",
        KeyState::Deactivated => "deactivated",
    };
    let last_use = key.last_use.as_ref();
    let limit = key.rate_limit.map(|limit| limit.requests().to_string());
    lines.line([
        key.id.to_string().as_str(),
        &key.prefix,
        &key.name,
        state,
        &key.created_at.to_rfc3339(),
        &time(key.expires_at),
        &time(key.deactivated_at),
        &time(rotated_at),
        &time(last_use.map(|last_use| last_use.at)),
        last_use.map_or("", |last_use| &last_use.address),
        &key.access.to_stored().unwrap_or_else(|| "all".to_owned()),
        &key.allowed_addresses.to_stored().unwrap_or_default(),
        &limit.unwrap_or_default(),
    ])
}
