DELETE FROM api_key_last_uses WHERE api_key_id NOT IN (SELECT id FROM api_keys);
ALTER TABLE api_key_last_uses RESET (fillfactor);
ALTER TABLE api_key_last_uses ADD FOREIGN KEY (api_key_id) REFERENCES api_keys (id) ON DELETE CASCADE;
DROP TABLE secret_last_uses;
DROP TABLE key_exposures;
DROP TABLE dead_key_attempts;
DROP TABLE key_requests;
DROP TABLE usage_days;
DROP TABLE usage_minutes;
