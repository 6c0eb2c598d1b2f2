-- Keys for the APIs of other providers, sealed for their account and provider. account_id NULL: the instance's own.
-- place is 'current', or 'pending' for one that waits until it could be checked. hint is what is shown of it: the first 4
-- and last 4 characters. checked_at NULL: the provider has not said yet whether it takes it.
CREATE TABLE provider_keys (
    id INTEGER PRIMARY KEY CHECK (id >= 0),
    account_id INTEGER REFERENCES accounts (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    place TEXT NOT NULL CHECK (place IN ('current', 'pending')),
    sealed BLOB NOT NULL,
    hint TEXT NOT NULL,
    checked_at INTEGER,
    refused_status INTEGER,
    refused_words TEXT,
    refused_since INTEGER,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    CHECK ((refused_status IS NULL) = (refused_since IS NULL))
) STRICT;
CREATE UNIQUE INDEX provider_keys_of_account ON provider_keys (account_id, provider, place) WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX provider_keys_of_instance ON provider_keys (provider, place) WHERE account_id IS NULL;

-- Providers that accounts have added for themselves. auth is 'bearer' or 'x-api-key'.
CREATE TABLE custom_providers (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    slug TEXT NOT NULL,
    base_url TEXT NOT NULL,
    auth TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, slug)
) STRICT;

-- Who may use the instance's own key of a provider: access is 'all' or 'chosen'; those who are chosen have a grant.
CREATE TABLE shared_providers (
    provider TEXT NOT NULL PRIMARY KEY,
    access TEXT NOT NULL CHECK (access IN ('all', 'chosen'))
) STRICT;
CREATE TABLE provider_grants (
    provider TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (provider, account_id)
) STRICT;
CREATE INDEX provider_grants_account_id ON provider_grants (account_id);
