-- Files that operators publish. access is 'everyone' or 'restricted'.
CREATE TABLE published_reports (
    slug TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    access TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
-- edition is when it was published, as 20261125T193000Z; file_name is what it is downloaded as.
CREATE TABLE report_editions (
    slug TEXT NOT NULL REFERENCES published_reports (slug) ON DELETE CASCADE,
    edition TEXT NOT NULL,
    file_id INTEGER NOT NULL REFERENCES stored_files (id),
    file_name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    PRIMARY KEY (slug, edition)
) STRICT;

-- Who may download a restricted report: one account, or whoever is linked to a contact with one of these functions
-- (separated by spaces) of an organization. slug is a published report's or a built-in one's.
CREATE TABLE report_grants (
    id INTEGER PRIMARY KEY CHECK (id >= 0),
    slug TEXT NOT NULL,
    account_id INTEGER REFERENCES accounts (id) ON DELETE CASCADE,
    organization TEXT REFERENCES organizations (handle) ON DELETE CASCADE,
    functions TEXT,
    until INTEGER,
    granted_at INTEGER NOT NULL,
    granted_by TEXT NOT NULL,
    CHECK ((account_id IS NULL) <> (organization IS NULL))
) STRICT;
CREATE INDEX report_grants_slug ON report_grants (slug);
CREATE INDEX report_grants_account_id ON report_grants (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX report_grants_organization ON report_grants (organization) WHERE organization IS NOT NULL;

-- The whole registry as files, made once for each state of it. objects are words joined by +.
CREATE TABLE registry_files (
    serial INTEGER NOT NULL,
    objects TEXT NOT NULL,
    format TEXT NOT NULL,
    file_id INTEGER NOT NULL REFERENCES stored_files (id),
    PRIMARY KEY (serial, objects, format)
) STRICT;
CREATE INDEX report_editions_file_id ON report_editions (file_id);
CREATE INDEX registry_files_file_id ON registry_files (file_id);
