-- Files of reports and tickets, cut into chunks: any instance can serve them. complete_at is NULL while one is written,
-- and written_at moves with each chunk. unused_since is when it was first seen that nothing names the file any more.
CREATE TABLE stored_files (
    id BIGINT PRIMARY KEY CHECK (id >= 0),
    size BIGINT NOT NULL,
    sha256 BYTEA,
    created_at BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    complete_at BIGINT,
    unused_since BIGINT
);
CREATE TABLE stored_file_chunks (
    file_id BIGINT NOT NULL REFERENCES stored_files (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (file_id, number)
);

-- Requests that someone has to decide, and reports that are made in the background. request is what was asked for, as
-- JSON; once_key is set while no second ticket for the same may be opened. try_at is from when on the report may be made, by
-- whoever moves it: so one instance at a time does.
CREATE TABLE tickets (
    number TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    resolution TEXT,
    account_id BIGINT REFERENCES accounts (id) ON DELETE CASCADE,
    contact TEXT,
    network TEXT,
    organization TEXT,
    request TEXT,
    once_key TEXT CONSTRAINT tickets_once_key UNIQUE,
    assignee_id BIGINT,
    assignee TEXT,
    is_kept BOOLEAN NOT NULL,
    wants_mail BOOLEAN NOT NULL,
    tries BIGINT NOT NULL,
    try_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    resolved_at BIGINT,
    closed_at BIGINT
);
CREATE INDEX tickets_account_id ON tickets (account_id, created_at);
CREATE INDEX tickets_contact ON tickets (contact) WHERE contact IS NOT NULL;
CREATE INDEX tickets_status ON tickets (status, created_at);
CREATE TABLE ticket_messages (
    ticket TEXT NOT NULL REFERENCES tickets (number) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    category TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (ticket, number)
);
CREATE TABLE ticket_attachments (
    ticket TEXT NOT NULL,
    message BIGINT NOT NULL,
    number BIGINT NOT NULL,
    file_name TEXT NOT NULL,
    file_id BIGINT NOT NULL REFERENCES stored_files (id),
    PRIMARY KEY (ticket, message, number),
    FOREIGN KEY (ticket, message) REFERENCES ticket_messages (ticket, number) ON DELETE CASCADE
);
CREATE INDEX ticket_attachments_file_id ON ticket_attachments (file_id);
