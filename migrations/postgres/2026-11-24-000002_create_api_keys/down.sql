DROP TABLE idempotency_keys;
DROP TABLE shown_forms;
DROP TABLE api_key_last_uses;
DROP TABLE api_keys;
