-- No foreign keys: an entry outlives what it speaks of.
CREATE TABLE audit_entries (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    account_id BIGINT,
    actor TEXT NOT NULL,
    actor_id TEXT,
    action TEXT NOT NULL,
    target TEXT,
    result TEXT NOT NULL,
    address TEXT,
    client TEXT,
    request_id TEXT
);
CREATE INDEX audit_entries_account_id ON audit_entries (account_id, id);
