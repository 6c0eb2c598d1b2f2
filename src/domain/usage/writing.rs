//! A batch of the usage log as rows, in one transaction.

use std::net::IpAddr;

use super::key_notes::{KeyNotes, LastUse};
use super::ledger::{Detail, Ledger};
use crate::domain::integrations::calls::note_used;
use crate::domain::mail::{Outbox, Place};
use crate::ids::ApiKeyId;
use crate::store::last_uses::{self, LastUseRow};
use crate::store::token_days::{self, TokenDayRow};
use crate::store::usage::{self as rows, AttemptsRow, ExposureRow, MinuteRow, RequestRow};
use crate::store::{Db, StoreError};

/// Requests that are kept in detail for each key.
pub(super) const KEPT_REQUESTS: i64 = 200;
/// Keys whose counts go into one statement of PostgreSQL, and as rows into memory. A batch under load has tens of thousands.
const KEYS_AT_ONCE: usize = 1_000;

/// Parts in which the counts of a minute that has passed are settled, one with each batch: settling all at once would hold up
/// the batch, and whoever waits to write. Batches come twice a second, so a minute is settled within half of the next.
const PARTS: i64 = 60;
/// Counts of a part at least.
const SMALLEST_PART: i64 = 100;

/// How the counts of passed minutes are settled.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Settling {
    /// The minute that is counted up: those before it have passed.
    minute: i64,
    /// How many counts go with each batch; 0 when all are settled.
    part: i64,
}

impl Settling {
    /// Leaves the rest for the next minute: what cannot be settled must not keep batches from being written.
    pub(super) fn put_off(self) -> Self {
        Self { part: 0, ..self }
    }

    /// Settles the next part. `minute` is the latest in a batch.
    fn settle_part(&mut self, db: &mut Db, minute: i64) -> Result<(), StoreError> {
        if self.minute != minute {
            *self = Self {
                minute,
                part: rows::count_passed(db, minute)? / PARTS + SMALLEST_PART,
            };
        }
        if self.part > 0 {
            let settled = rows::settle_minutes(db, minute, self.part)?;
            if i64::try_from(settled).is_ok_and(|settled| settled < self.part) {
                self.part = 0;
            }
        }
        Ok(())
    }
}

/// Writes what was noted, and removes the old requests of the keys in `prune`. False if another instance is writing, and
/// `waits` is not set: then nothing was written.
///
/// # Errors
/// If the database fails; nothing is written then, either.
pub(super) fn write_batch(
    db: &mut Db,
    waits: bool,
    outbox: &Outbox,
    batch: &Ledger,
    prune: &[ApiKeyId],
    settling: &mut Settling,
) -> Result<bool, StoreError> {
    if !rows::take_turn(db, waits)? {
        return Ok(false);
    }
    // Whoever has the turn is the only one that writes here, but for housekeeping, which goes by the key as well: so no two wait
    // for each other in a circle.
    let mut keys: Vec<(ApiKeyId, &KeyNotes)> =
        batch.keys.iter().map(|(id, notes)| (*id, notes)).collect();
    keys.sort_unstable_by_key(|(id, _)| *id);
    for keys in keys.chunks(KEYS_AT_ONCE) {
        rows::add_minutes(db, &mut minute_rows(keys))?;
        last_uses::upsert(db, &mut last_use_rows(keys))?;
    }
    let minutes = keys.iter().flat_map(|(_, notes)| &notes.counts);
    if let Some(latest) = minutes.map(|count| count.minute).max() {
        settling.settle_part(db, latest)?;
    }
    token_days::add(db, &call_rows(&keys))?;
    for (id, notes) in &keys {
        for (number, used_at) in notes.secret_uses() {
            last_uses::upsert_secret(db, *id, *number, *used_at)?;
        }
        if let Some(attempts) = notes.attempts() {
            rows::add_attempts(
                db,
                &AttemptsRow {
                    api_key_id: *id,
                    attempts: i64::try_from(attempts.number).unwrap_or(i64::MAX),
                    first_at: attempts.first_at,
                    last_at: attempts.last.at,
                    address: address_text(attempts.last.address),
                    client: attempts.last.client.to_string(),
                },
            )?;
            outbox.tell_attempts(db, *id, attempts.last.at, place(&attempts.last))?;
        }
        for seen in notes.exposures() {
            rows::add_exposure(
                db,
                &ExposureRow {
                    api_key_id: *id,
                    place: seen.exposure.word().to_owned(),
                    first_seen_at: seen.first_at,
                    last_seen_at: seen.last_at,
                    address: address_text(seen.address),
                },
            )?;
        }
    }
    let mut provider_uses: Vec<_> = batch.provider_uses.iter().collect();
    provider_uses.sort_unstable();
    for (id, at) in provider_uses {
        note_used(db, *id, *at)?;
    }
    let details: Vec<RequestRow> = batch.details.iter().map(request_row).collect();
    rows::add_requests(db, &details)?;
    for id in prune {
        rows::prune_requests(db, *id, KEPT_REQUESTS)?;
    }
    Ok(true)
}

fn minute_rows(keys: &[(ApiKeyId, &KeyNotes)]) -> Vec<MinuteRow> {
    let mut rows = Vec::with_capacity(keys.len());
    for (id, notes) in keys {
        rows.extend(notes.counts.iter().map(|count| MinuteRow {
            api_key_id: *id,
            minute: count.minute,
            outcome: count.outcome.number(),
            requests: i64::try_from(count.requests).unwrap_or(i64::MAX),
        }));
    }
    rows
}

fn last_use_rows(keys: &[(ApiKeyId, &KeyNotes)]) -> Vec<LastUseRow> {
    let of_key = |(id, notes): &(ApiKeyId, &KeyNotes)| {
        (notes.last_use.as_ref()).map(|last| LastUseRow {
            api_key_id: *id,
            used_at: last.at,
            address: address_text(last.address),
            client: last.client.to_string(),
        })
    };
    keys.iter().filter_map(of_key).collect()
}

/// In the order in which every instance takes them.
fn call_rows(keys: &[(ApiKeyId, &KeyNotes)]) -> Vec<TokenDayRow> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let of_key = |(id, notes): &(ApiKeyId, &KeyNotes)| {
        let id = *id;
        let rows = notes.calls().iter().map(move |used| TokenDayRow {
            api_key_id: id,
            day: used.day,
            provider: used.provider.to_string(),
            calls: number(used.calls),
            input_tokens: number(used.tokens.input),
            output_tokens: number(used.tokens.output),
        });
        rows.collect::<Vec<_>>()
    };
    let mut rows: Vec<TokenDayRow> = keys.iter().flat_map(of_key).collect();
    rows.sort_by(|a, b| {
        (a.api_key_id, a.day, &a.provider).cmp(&(b.api_key_id, b.day, &b.provider))
    });
    rows
}

fn place(last: &LastUse) -> Place {
    Place {
        address: last.address.map(|address| address.to_string()),
        client: Some(last.client.to_string()).filter(|client| !client.is_empty()),
    }
}

fn request_row(detail: &Detail) -> RequestRow {
    RequestRow {
        api_key_id: detail.key,
        at: detail.at,
        outcome: detail.outcome.number(),
        method: detail.method.to_string(),
        path: detail.path.to_string(),
        status: i64::from(detail.status),
        duration_us: i64::try_from(detail.took_us).unwrap_or(i64::MAX),
        address: address_text(detail.address),
        client: detail.client.to_string(),
        upstream_status: (detail.upstream).and_then(|upstream| upstream.status.map(i64::from)),
        upstream_us: (detail.upstream)
            .map(|upstream| i64::try_from(upstream.took_us).unwrap_or(i64::MAX)),
    }
}

fn address_text(address: Option<IpAddr>) -> String {
    address
        .map(|address| address.to_string())
        .unwrap_or_default()
}
