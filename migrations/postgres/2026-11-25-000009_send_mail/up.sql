-- Reminders go by the end of keys, whosever they are.
CREATE INDEX api_keys_expiring ON api_keys (ends_at, id) WHERE expires_at IS NOT NULL AND deactivated_at IS NULL;

-- Up to when reminders have been queued; 0 if never. One row.
CREATE TABLE reminder_progress (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    reached_at BIGINT NOT NULL
);
INSERT INTO reminder_progress (id, reached_at) VALUES (1, 0);

-- When the owner was last told of uses of a dead key, and of how many until then.
ALTER TABLE dead_key_attempts ADD COLUMN told_at BIGINT;
ALTER TABLE dead_key_attempts ADD COLUMN told_attempts BIGINT NOT NULL DEFAULT 0;

CREATE INDEX mails_ended ON mails (created_at) WHERE sent_at IS NOT NULL AND once_key IS NULL;
