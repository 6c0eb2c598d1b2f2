-- The id comes from the head of the chain: order of ids, of the chain and of commits are one, without gaps.
ALTER TABLE audit_entries ALTER COLUMN id DROP IDENTITY;
-- Who did it, in the words of then: names change, and accounts and keys go.
ALTER TABLE audit_entries ADD COLUMN actor_words TEXT;
-- SHA-256 over the hash of the entry before and all that this one says; NULL in those from before there was a chain.
ALTER TABLE audit_entries ADD COLUMN hash BYTEA;
-- For the retention, and for reading a span of time.
CREATE INDEX audit_entries_at ON audit_entries (at);

-- Where the chain ends (last), and after which entry it begins: before_id is the newest entry from before there was a chain,
-- anchor the newest entry of the chain that retention has dropped. unconfirmed_from is the first entry that was added
-- after the head was found not to be what keyport had written. mac vouches for all of it under the instance secret.
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    last_id BIGINT NOT NULL,
    last_hash BYTEA NOT NULL,
    anchor_id BIGINT NOT NULL,
    anchor_hash BYTEA NOT NULL,
    before_id BIGINT NOT NULL,
    unconfirmed_from BIGINT,
    mac BYTEA,
    mac_secret_id TEXT
-- Room in the page for the row's next versions.
) WITH (fillfactor = 50);
INSERT INTO audit_head (id, last_id, last_hash, anchor_id, anchor_hash, before_id)
SELECT 1, COALESCE(MAX(id), 0), decode(repeat('00', 32), 'hex'), COALESCE(MAX(id), 0), decode(repeat('00', 32), 'hex'),
    COALESCE(MAX(id), 0)
FROM audit_entries;

-- Entries are added and, once retention has moved the anchor over them, dropped. This stops mistakes; whoever may drop
-- triggers is found by the chain.
CREATE FUNCTION audit_keep() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.id <= COALESCE((SELECT anchor_id FROM audit_head), 0) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'entries of the audit log cannot be changed or removed';
END
$$;
CREATE TRIGGER audit_entries_keep_update BEFORE UPDATE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_keep();
CREATE TRIGGER audit_entries_keep_delete BEFORE DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_keep();
CREATE TRIGGER audit_entries_keep_truncate BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_keep();
