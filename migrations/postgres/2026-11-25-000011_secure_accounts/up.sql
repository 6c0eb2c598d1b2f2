-- Since when an account waits for its address to be confirmed; NULL once it was, or if it never had to be.
ALTER TABLE accounts ADD COLUMN unverified_since BIGINT;
-- When its holder closed it. It is disabled as well, for good.
ALTER TABLE accounts ADD COLUMN closed_at BIGINT;
CREATE INDEX accounts_unverified_since ON accounts (unverified_since) WHERE unverified_since IS NOT NULL;

-- What an account's list of sessions shows and names them by. The version before knows nothing of it.
ALTER TABLE sessions ADD COLUMN public_id BIGINT;
ALTER TABLE sessions ADD COLUMN signed_in_at BIGINT;
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN client TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX sessions_public_id ON sessions (public_id);

-- The address that a link confirms.
ALTER TABLE one_time_links ADD COLUMN email TEXT;
CREATE INDEX one_time_links_expires_at ON one_time_links (expires_at);

-- Who may sign up. No foreign key: an invitation outlives the account of whoever made it.
CREATE TABLE invitations (
    id BIGINT PRIMARY KEY CHECK (id >= 0),
    token_digest BYTEA NOT NULL CONSTRAINT invitations_token_digest_key UNIQUE,
    email TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX invitations_email ON invitations (email);
CREATE INDEX invitations_expires_at ON invitations (expires_at);

-- The browsers that an account was signed in with, by the digest of a cookie that is of no other use.
CREATE TABLE known_devices (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    token_digest BYTEA NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, token_digest)
);
CREATE INDEX known_devices_last_seen_at ON known_devices (last_seen_at);
