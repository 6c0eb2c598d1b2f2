-- A version before this one would take a session that waits for its second step for one that is signed in.
DELETE FROM sessions WHERE pending_until IS NOT NULL;
ALTER TABLE sessions DROP COLUMN pending_until;
DROP TABLE shown_code_forms;
DROP TABLE passkey_ceremonies;
DROP TABLE passkeys;
DROP TABLE recovery_codes;
DROP TABLE totp_secrets;
