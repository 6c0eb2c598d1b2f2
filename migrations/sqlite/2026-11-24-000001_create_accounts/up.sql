CREATE TABLE accounts (
    id INTEGER PRIMARY KEY CHECK (id >= 0),
    email TEXT NOT NULL CONSTRAINT accounts_email_key UNIQUE,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    password_hash TEXT,
    password_set_at INTEGER,
    is_operator INTEGER NOT NULL CHECK (is_operator IN (0, 1)),
    disabled_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id_digest BLOB NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_account_id ON sessions (account_id);
CREATE INDEX sessions_last_seen_at ON sessions (last_seen_at);

CREATE TABLE one_time_links (
    token_digest BLOB NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX one_time_links_account_id ON one_time_links (account_id);

CREATE TABLE throttles (
    bucket TEXT NOT NULL PRIMARY KEY,
    window_ends_at INTEGER NOT NULL,
    taken INTEGER NOT NULL
) STRICT;
CREATE INDEX throttles_window_ends_at ON throttles (window_ends_at);
