-- Who did it, in the words of then: names change, and accounts and keys go.
ALTER TABLE audit_entries ADD COLUMN actor_words TEXT;
-- SHA-256 over the hash of the entry before and all that this one says; NULL in those from before there was a chain.
ALTER TABLE audit_entries ADD COLUMN hash BLOB;
-- For the retention, and for reading a span of time.
CREATE INDEX audit_entries_at ON audit_entries (at);

-- Where the chain ends (last), and after which entry it begins: before_id is the newest entry from before there was a chain,
-- anchor the newest entry of the chain that retention has dropped. unconfirmed_from is the first entry that was added
-- after the head was found not to be what keyport had written. mac vouches for all of it under the instance secret.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last_id INTEGER NOT NULL,
    last_hash BLOB NOT NULL,
    anchor_id INTEGER NOT NULL,
    anchor_hash BLOB NOT NULL,
    before_id INTEGER NOT NULL,
    unconfirmed_from INTEGER,
    mac BLOB,
    mac_secret_id TEXT
) STRICT;
INSERT INTO audit_head (id, last_id, last_hash, anchor_id, anchor_hash, before_id)
SELECT 1, COALESCE(MAX(id), 0), zeroblob(32), COALESCE(MAX(id), 0), zeroblob(32), COALESCE(MAX(id), 0)
FROM audit_entries;

-- Entries are added and, once retention has moved the anchor over them, dropped. This stops mistakes; whoever may drop
-- triggers is found by the chain.
CREATE TRIGGER audit_entries_keep_update BEFORE UPDATE ON audit_entries BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log cannot be changed');
END;
CREATE TRIGGER audit_entries_keep_delete BEFORE DELETE ON audit_entries
WHEN OLD.id > COALESCE((SELECT anchor_id FROM audit_head), 0) BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log cannot be removed');
END;
