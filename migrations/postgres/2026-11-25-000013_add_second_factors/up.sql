-- The secret of an account's authenticator app, sealed. A step of 30 seconds is accepted only if it is later than the
-- last one that was.
CREATE TABLE totp_secrets (
    account_id BIGINT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    confirmed_at BIGINT NOT NULL,
    last_used_step BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    digest BYTEA NOT NULL,
    digest_secret_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (account_id, digest)
);

-- What the server knows of a passkey: a public key and a counter, as JSON. Nothing of it is secret.
CREATE TABLE passkeys (
    id BIGINT PRIMARY KEY CHECK (id >= 0),
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    credential_id BYTEA NOT NULL CONSTRAINT passkeys_credential_id_key UNIQUE,
    name TEXT NOT NULL,
    credential TEXT NOT NULL,
    counter BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX passkeys_account_id ON passkeys (account_id);

-- A challenge that a browser was given and has not answered yet. It is gone with the answer.
CREATE TABLE passkey_ceremonies (
    id_digest BYTEA PRIMARY KEY,
    account_id BIGINT REFERENCES accounts (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX passkey_ceremonies_account_id ON passkey_ceremonies (account_id);
CREATE INDEX passkey_ceremonies_expires_at ON passkey_ceremonies (expires_at);

-- A form that has shown recovery codes once: sending it again finds its row and makes none.
CREATE TABLE shown_code_forms (
    form_digest BYTEA CONSTRAINT shown_code_forms_pkey PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX shown_code_forms_account_id ON shown_code_forms (account_id);
CREATE INDEX shown_code_forms_created_at ON shown_code_forms (created_at);

-- Until when the second step may follow the password. Such a session is nobody's yet; NULL: its account is signed in.
ALTER TABLE sessions ADD COLUMN pending_until BIGINT;
