-- The secret of an account's authenticator app, sealed. A step of 30 seconds is accepted only if it is later than the
-- last one that was.
CREATE TABLE totp_secrets (
    account_id INTEGER PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    confirmed_at INTEGER NOT NULL,
    last_used_step INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    digest_secret_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (account_id, digest)
) STRICT;

-- What the server knows of a passkey: a public key and a counter, as JSON. Nothing of it is secret.
CREATE TABLE passkeys (
    id INTEGER PRIMARY KEY CHECK (id >= 0),
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    credential_id BLOB NOT NULL CONSTRAINT passkeys_credential_id_key UNIQUE,
    name TEXT NOT NULL,
    credential TEXT NOT NULL,
    counter INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;
CREATE INDEX passkeys_account_id ON passkeys (account_id);

-- A challenge that a browser was given and has not answered yet. It is gone with the answer.
CREATE TABLE passkey_ceremonies (
    id_digest BLOB NOT NULL PRIMARY KEY,
    account_id INTEGER REFERENCES accounts (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX passkey_ceremonies_account_id ON passkey_ceremonies (account_id);
CREATE INDEX passkey_ceremonies_expires_at ON passkey_ceremonies (expires_at);

-- A form that has shown recovery codes once: sending it again finds its row and makes none.
CREATE TABLE shown_code_forms (
    form_digest BLOB NOT NULL CONSTRAINT shown_code_forms_pkey PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX shown_code_forms_account_id ON shown_code_forms (account_id);
CREATE INDEX shown_code_forms_created_at ON shown_code_forms (created_at);

-- Until when the second step may follow the password. Such a session is nobody's yet; NULL: its account is signed in.
ALTER TABLE sessions ADD COLUMN pending_until INTEGER;
