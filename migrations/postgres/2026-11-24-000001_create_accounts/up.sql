CREATE TABLE accounts (
    id BIGINT PRIMARY KEY CHECK (id >= 0),
    email TEXT NOT NULL CONSTRAINT accounts_email_key UNIQUE,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    password_hash TEXT,
    password_set_at BIGINT,
    is_operator BOOLEAN NOT NULL,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id_digest BYTEA PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_account_id ON sessions (account_id);
CREATE INDEX sessions_last_seen_at ON sessions (last_seen_at);

CREATE TABLE one_time_links (
    token_digest BYTEA PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX one_time_links_account_id ON one_time_links (account_id);

CREATE TABLE throttles (
    bucket TEXT PRIMARY KEY,
    window_ends_at BIGINT NOT NULL,
    taken BIGINT NOT NULL
);
CREATE INDEX throttles_window_ends_at ON throttles (window_ends_at);
