DROP INDEX mails_ended;
ALTER TABLE dead_key_attempts DROP COLUMN told_attempts;
ALTER TABLE dead_key_attempts DROP COLUMN told_at;
DROP TABLE reminder_progress;
DROP INDEX api_keys_expiring;
