-- A mail is queued in the transaction of its cause. What it says is sealed, since it may hold a one-time link; it is
-- removed once the mail was sent.
CREATE TABLE mails (
    id INTEGER PRIMARY KEY CHECK (id >= 0),
    account_id INTEGER REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    sealed BLOB,
    once_key TEXT UNIQUE,
    created_at INTEGER NOT NULL,
    next_try_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    last_error TEXT,
    sent_at INTEGER,
    gave_up_at INTEGER
) STRICT;
CREATE INDEX mails_account_id ON mails (account_id);
CREATE INDEX mails_created_at ON mails (created_at);
CREATE INDEX mails_due ON mails (next_try_at) WHERE sent_at IS NULL AND gave_up_at IS NULL;

-- The mails that an account does not want. Only kinds that are not about security can be here.
CREATE TABLE unwanted_mails (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    PRIMARY KEY (account_id, kind)
) STRICT;
