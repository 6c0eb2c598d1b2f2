-- Which instance secrets this database was used with, by fingerprint; the secrets themselves lie elsewhere.
CREATE TABLE instance_secrets (
    id TEXT PRIMARY KEY,
    fingerprint BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
