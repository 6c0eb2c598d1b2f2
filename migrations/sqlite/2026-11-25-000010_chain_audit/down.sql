DROP TRIGGER audit_entries_keep_delete;
DROP TRIGGER audit_entries_keep_update;
DROP TABLE audit_head;
DROP INDEX audit_entries_at;
ALTER TABLE audit_entries DROP COLUMN hash;
ALTER TABLE audit_entries DROP COLUMN actor_words;
