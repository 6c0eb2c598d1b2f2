-- Points of contact: people and roles. Lines of text (street, comment) are separated by line feeds. revision counts the
-- changes of a record, for those who change only what they know.
CREATE TABLE contacts (
    handle TEXT PRIMARY KEY,
    is_role BOOLEAN NOT NULL,
    company_name TEXT,
    first_name TEXT,
    middle_name TEXT,
    last_name TEXT NOT NULL,
    street TEXT NOT NULL,
    city TEXT NOT NULL,
    state TEXT,
    postal_code TEXT,
    country TEXT NOT NULL,
    comment TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
-- email_key is the address in lower case: each once, whatever the case.
CREATE TABLE contact_emails (
    contact TEXT NOT NULL REFERENCES contacts (handle) ON DELETE CASCADE,
    email_key TEXT NOT NULL,
    email TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (contact, email_key)
);
-- digits is the number without signs: each once per kind, however it is written.
CREATE TABLE contact_phones (
    contact TEXT NOT NULL REFERENCES contacts (handle) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    digits TEXT NOT NULL,
    number TEXT NOT NULL,
    extension TEXT,
    position BIGINT NOT NULL,
    PRIMARY KEY (contact, kind, digits)
);

-- Which account acts for which contact. A person is one account's at most; a role may be several accounts'.
CREATE TABLE contact_links (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    contact TEXT NOT NULL REFERENCES contacts (handle) ON DELETE CASCADE,
    is_exclusive BOOLEAN NOT NULL,
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, contact)
);
CREATE INDEX contact_links_contact ON contact_links (contact);
CREATE UNIQUE INDEX contact_links_exclusive ON contact_links (contact) WHERE is_exclusive;

-- Mailed to the addresses of a contact: an account asks to be linked, and whoever reads that mail agrees.
CREATE TABLE link_requests (
    id BIGINT PRIMARY KEY CHECK (id >= 0),
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    contact TEXT NOT NULL REFERENCES contacts (handle) ON DELETE CASCADE,
    token_digest BYTEA NOT NULL CONSTRAINT link_requests_token_digest_key UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX link_requests_account_id ON link_requests (account_id, created_at);
CREATE INDEX link_requests_contact ON link_requests (contact, created_at);

CREATE TABLE organizations (
    handle TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    dba_name TEXT,
    tax_id TEXT,
    url TEXT,
    street TEXT NOT NULL,
    city TEXT NOT NULL,
    state TEXT,
    postal_code TEXT,
    country TEXT NOT NULL,
    comment TEXT NOT NULL,
    accepts_reassignments BOOLEAN NOT NULL,
    registered_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
-- function is AD, T, AB, N, R or D.
CREATE TABLE organization_contacts (
    organization TEXT NOT NULL REFERENCES organizations (handle) ON DELETE CASCADE,
    contact TEXT NOT NULL REFERENCES contacts (handle),
    function TEXT NOT NULL,
    PRIMARY KEY (organization, contact, function)
);
CREATE INDEX organization_contacts_contact ON organization_contacts (contact);

-- network is the one that the customer was made under. No foreign key: that network may go, and its handle is never
-- given again.
CREATE TABLE customers (
    handle TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    organization TEXT NOT NULL REFERENCES organizations (handle),
    network TEXT NOT NULL,
    is_private BOOLEAN NOT NULL,
    street TEXT NOT NULL,
    city TEXT NOT NULL,
    state TEXT,
    postal_code TEXT,
    country TEXT NOT NULL,
    comment TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX customers_organization ON customers (organization);

-- Networks are a forest: two of them overlap only if one is cut from the other. kind is DA, A or S; addresses are 4
-- bytes (version 4) or 16 (version 6), so that their order as bytes is their order as numbers.
CREATE TABLE networks (
    handle TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    start_ip BYTEA NOT NULL,
    end_ip BYTEA NOT NULL,
    organization TEXT REFERENCES organizations (handle),
    customer TEXT CONSTRAINT networks_customer_key UNIQUE REFERENCES customers (handle),
    parent TEXT REFERENCES networks (handle),
    comment TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    CHECK ((organization IS NULL) <> (customer IS NULL))
);
CREATE UNIQUE INDEX networks_range ON networks (version, start_ip, end_ip);
CREATE INDEX networks_parent ON networks (parent);
CREATE INDEX networks_organization ON networks (organization);
CREATE TABLE network_contacts (
    network TEXT NOT NULL REFERENCES networks (handle) ON DELETE CASCADE,
    contact TEXT NOT NULL REFERENCES contacts (handle),
    function TEXT NOT NULL,
    PRIMARY KEY (network, contact, function)
);
CREATE INDEX network_contacts_contact ON network_contacts (contact);

-- The last number that was given for a stem of handles. Numbers are never given again.
CREATE TABLE handle_counters (
    stem TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);

-- Moved by every change that a report of the whole registry could show.
CREATE TABLE registry_head (
    id BIGINT PRIMARY KEY CHECK (id = 0),
    serial BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
INSERT INTO registry_head (id, serial, changed_at) VALUES (0, 0, 0);
