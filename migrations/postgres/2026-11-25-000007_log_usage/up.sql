-- No foreign keys here: counts outlive what they count, and writing them must not look at other tables.

-- Requests of a key in a minute, counted since 1970-01-01T00:00Z, by outcome: 0 accepted, 1 invalid_key (its id with a wrong
-- secret), 2 deactivated_key, 3 expired_key, 4 replaced_secret, 5 owner_disabled, 6 address_not_allowed, 7 missing_scope,
-- 8 no_authority, 9 rate_limited, 10 key_in_url.
CREATE TABLE usage_minutes (
    api_key_id BIGINT NOT NULL,
    minute BIGINT NOT NULL,
    outcome BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, minute, outcome)
-- Room in each page for the new version of a row that is counted up, so that the index need not change.
) WITH (fillfactor = 50);

-- What usage_minutes comes to after its retention: days of UTC, counted since 1970-01-01, kept for ever.
CREATE TABLE usage_days (
    api_key_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    outcome BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, day, outcome)
);

-- The newest requests of each key in detail.
CREATE TABLE key_requests (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    api_key_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    outcome BIGINT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status BIGINT NOT NULL,
    duration_us BIGINT NOT NULL,
    address TEXT NOT NULL,
    client TEXT NOT NULL
);
CREATE INDEX key_requests_api_key_id ON key_requests (api_key_id, id);

-- Uses of a true secret that no longer works: of an ended key, a replaced secret, or a disabled owner.
CREATE TABLE dead_key_attempts (
    api_key_id BIGINT NOT NULL PRIMARY KEY,
    attempts BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    client TEXT NOT NULL
);

-- Where a true secret was seen that others may have seen too: in a URL, or on plain http from another machine.
CREATE TABLE key_exposures (
    api_key_id BIGINT NOT NULL,
    place TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (api_key_id, place)
);

-- The last use of each secret of a key, noted while two of them work.
CREATE TABLE secret_last_uses (
    api_key_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, number)
);

ALTER TABLE api_key_last_uses DROP CONSTRAINT api_key_last_uses_api_key_id_fkey;
ALTER TABLE api_key_last_uses SET (fillfactor = 50);
