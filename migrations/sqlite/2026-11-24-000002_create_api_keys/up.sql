-- ends_at is when the key stops working, whatever the reason: the earlier of its expiry and its
-- deactivation, or the last moment of year 9999. Being active is ends_at > now and nothing else.
CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY CHECK (id >= 0),
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    brand TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    digest_secret_id TEXT NOT NULL,
    scopes TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    deactivated_at INTEGER,
    deactivated_by TEXT,
    ends_at INTEGER NOT NULL,
    deleted_at INTEGER,
    CONSTRAINT api_keys_ends_at CHECK (ends_at = COALESCE(deactivated_at, expires_at, 253402300799999)),
    CONSTRAINT api_keys_deactivated CHECK ((deactivated_at IS NULL) = (deactivated_by IS NULL))
) STRICT;
CREATE INDEX api_keys_account_id_ends_at ON api_keys (account_id, ends_at, id);

-- Apart from api_keys: recording use must not touch the rows that verification reads.
CREATE TABLE api_key_last_uses (
    api_key_id INTEGER PRIMARY KEY REFERENCES api_keys (id) ON DELETE CASCADE,
    used_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    client TEXT NOT NULL
) STRICT;

-- A form that has shown a full key once: sending it again finds its row and creates nothing.
CREATE TABLE shown_forms (
    form_digest BLOB NOT NULL CONSTRAINT shown_forms_pkey PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    api_key_id INTEGER NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX shown_forms_account_id ON shown_forms (account_id);
CREATE INDEX shown_forms_api_key_id ON shown_forms (api_key_id);
CREATE INDEX shown_forms_created_at ON shown_forms (created_at);

CREATE TABLE idempotency_keys (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key_digest BLOB NOT NULL,
    body_digest BLOB NOT NULL,
    api_key_id INTEGER NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, key_digest)
) STRICT;
CREATE INDEX idempotency_keys_api_key_id ON idempotency_keys (api_key_id);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
