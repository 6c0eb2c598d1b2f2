-- No foreign keys here: counts outlive what they count, and writing them must not look at other tables.

-- Requests of a key in a minute, counted since 1970-01-01T00:00Z, by outcome: 0 accepted, 1 invalid_key (its id with a wrong
-- secret), 2 deactivated_key, 3 expired_key, 4 replaced_secret, 5 owner_disabled, 6 address_not_allowed, 7 missing_scope,
-- 8 no_authority, 9 rate_limited, 10 key_in_url.
CREATE TABLE usage_minutes (
    api_key_id INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, minute, outcome)
) STRICT, WITHOUT ROWID;

-- What usage_minutes comes to after its retention: days of UTC, counted since 1970-01-01, kept for ever.
CREATE TABLE usage_days (
    api_key_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, day, outcome)
) STRICT, WITHOUT ROWID;

-- The newest requests of each key in detail.
CREATE TABLE key_requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    api_key_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    address TEXT NOT NULL,
    client TEXT NOT NULL
) STRICT;
CREATE INDEX key_requests_api_key_id ON key_requests (api_key_id, id);

-- Uses of a true secret that no longer works: of an ended key, a replaced secret, or a disabled owner.
CREATE TABLE dead_key_attempts (
    api_key_id INTEGER NOT NULL PRIMARY KEY,
    attempts INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    client TEXT NOT NULL
) STRICT;

-- Where a true secret was seen that others may have seen too: in a URL, or on plain http from another machine.
CREATE TABLE key_exposures (
    api_key_id INTEGER NOT NULL,
    place TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (api_key_id, place)
) STRICT;

-- The last use of each secret of a key, noted while two of them work.
CREATE TABLE secret_last_uses (
    api_key_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, number)
) STRICT;

CREATE TABLE new_last_uses (
    api_key_id INTEGER PRIMARY KEY,
    used_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    client TEXT NOT NULL
) STRICT;
INSERT INTO new_last_uses SELECT api_key_id, used_at, address, client FROM api_key_last_uses;
DROP TABLE api_key_last_uses;
ALTER TABLE new_last_uses RENAME TO api_key_last_uses;
