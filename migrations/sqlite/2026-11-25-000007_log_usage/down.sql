CREATE TABLE old_last_uses (
    api_key_id INTEGER PRIMARY KEY REFERENCES api_keys (id) ON DELETE CASCADE,
    used_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    client TEXT NOT NULL
) STRICT;
INSERT INTO old_last_uses SELECT api_key_id, used_at, address, client FROM api_key_last_uses
WHERE api_key_id IN (SELECT id FROM api_keys);
DROP TABLE api_key_last_uses;
ALTER TABLE old_last_uses RENAME TO api_key_last_uses;
DROP TABLE secret_last_uses;
DROP TABLE key_exposures;
DROP TABLE dead_key_attempts;
DROP TABLE key_requests;
DROP TABLE usage_days;
DROP TABLE usage_minutes;
