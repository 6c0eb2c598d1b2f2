-- Addresses and CIDR blocks separated by spaces; NULL for every address.
ALTER TABLE api_keys ADD COLUMN allowed_addresses TEXT;
-- Requests a minute; NULL for no limit.
ALTER TABLE api_keys ADD COLUMN rate_limit INTEGER CONSTRAINT api_keys_rate_limit CHECK (rate_limit > 0);
-- Which secret of the key is the current one, counted from 1. digest is that one's.
ALTER TABLE api_keys ADD COLUMN secret_number INTEGER NOT NULL DEFAULT 1;
-- Until when the secret before it works as well; NULL if there is none. Repeats that secret's ends_at, for the lists.
ALTER TABLE api_keys ADD COLUMN overlap_ends_at INTEGER;

-- Secrets that a rotation replaced. One works until ends_at; its digest is kept for ever, so that it is recognised.
CREATE TABLE replaced_secrets (
    api_key_id INTEGER NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    digest BLOB NOT NULL,
    digest_secret_id TEXT NOT NULL,
    replaced_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, number)
) STRICT;
