DROP TABLE replaced_secrets;
ALTER TABLE api_keys DROP COLUMN overlap_ends_at;
ALTER TABLE api_keys DROP COLUMN secret_number;
ALTER TABLE api_keys DROP COLUMN rate_limit;
ALTER TABLE api_keys DROP COLUMN allowed_addresses;
