-- Which instance secrets this database was used with, by fingerprint; the secrets themselves lie elsewhere.
CREATE TABLE instance_secrets (
    id TEXT NOT NULL PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
