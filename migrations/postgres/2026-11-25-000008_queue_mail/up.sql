-- A mail is queued in the transaction of its cause. What it says is sealed, since it may hold a one-time link; it is
-- removed once the mail was sent.
CREATE TABLE mails (
    id BIGINT PRIMARY KEY CHECK (id >= 0),
    account_id BIGINT REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    sealed BYTEA,
    once_key TEXT UNIQUE,
    created_at BIGINT NOT NULL,
    next_try_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    last_error TEXT,
    sent_at BIGINT,
    gave_up_at BIGINT
);
CREATE INDEX mails_account_id ON mails (account_id);
CREATE INDEX mails_created_at ON mails (created_at);
CREATE INDEX mails_due ON mails (next_try_at) WHERE sent_at IS NULL AND gave_up_at IS NULL;

-- The mails that an account does not want. Only kinds that are not about security can be here.
CREATE TABLE unwanted_mails (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    PRIMARY KEY (account_id, kind)
);
