-- What a verifier remembers is confirmed by one look at verification_epoch: as long as epoch and nonce are the ones it
-- knows, nothing that it remembers has changed. Triggers move them, so that every change counts, whoever makes it.
-- The nonce is drawn anew at each step: an epoch that repeats after a restore is not taken for the one before.
CREATE TABLE verification_epoch (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    nonce INTEGER NOT NULL
) STRICT;
INSERT INTO verification_epoch (id, epoch, nonce) VALUES (1, 0, random());

-- Which key, or the keys of which account, a step changed; neither: all. Old steps are pruned, the newest never.
CREATE TABLE verification_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch INTEGER NOT NULL,
    nonce INTEGER NOT NULL,
    api_key_id INTEGER,
    account_id INTEGER
) STRICT;
CREATE INDEX verification_changes_epoch ON verification_changes (epoch);
INSERT INTO verification_changes (epoch, nonce) SELECT epoch, nonce FROM verification_epoch;

CREATE TRIGGER verification_changes_step AFTER INSERT ON verification_changes BEGIN
    UPDATE verification_epoch SET epoch = NEW.epoch, nonce = NEW.nonce;
END;

CREATE TRIGGER api_keys_update_step AFTER UPDATE ON api_keys BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), OLD.id FROM verification_epoch;
END;
CREATE TRIGGER api_keys_delete_step AFTER DELETE ON api_keys BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), OLD.id FROM verification_epoch;
END;
-- INSERT OR REPLACE fires no delete trigger (sqlite.org/lang_conflict.html): the row that it will replace is still there.
CREATE TRIGGER api_keys_replace_step BEFORE INSERT ON api_keys
WHEN EXISTS (SELECT 1 FROM api_keys WHERE id = NEW.id) BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), NEW.id FROM verification_epoch;
END;

CREATE TRIGGER replaced_secrets_insert_step AFTER INSERT ON replaced_secrets BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), NEW.api_key_id FROM verification_epoch;
END;
CREATE TRIGGER replaced_secrets_update_step
AFTER UPDATE OF api_key_id, number, digest, digest_secret_id, replaced_at, ends_at ON replaced_secrets BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), key_id
    FROM verification_epoch, (SELECT OLD.api_key_id AS key_id UNION SELECT NEW.api_key_id);
END;
CREATE TRIGGER replaced_secrets_delete_step AFTER DELETE ON replaced_secrets BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), OLD.api_key_id FROM verification_epoch;
END;

CREATE TRIGGER accounts_update_step AFTER UPDATE OF id, name, is_operator, disabled_at ON accounts BEGIN
    INSERT INTO verification_changes (epoch, nonce, account_id)
    SELECT epoch + 1, random(), OLD.id FROM verification_epoch;
END;
CREATE TRIGGER accounts_delete_step AFTER DELETE ON accounts BEGIN
    INSERT INTO verification_changes (epoch, nonce, account_id)
    SELECT epoch + 1, random(), OLD.id FROM verification_epoch;
END;
CREATE TRIGGER accounts_replace_step BEFORE INSERT ON accounts
WHEN EXISTS (SELECT 1 FROM accounts WHERE id = NEW.id OR email = NEW.email) BEGIN
    INSERT INTO verification_changes (epoch, nonce, account_id)
    SELECT epoch + 1, random(), accounts.id FROM verification_epoch, accounts
    WHERE accounts.id = NEW.id OR accounts.email = NEW.email;
END;
