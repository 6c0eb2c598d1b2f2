-- What a verifier remembers is confirmed by one look at verification_epoch: as long as epoch and nonce are the ones it
-- knows, nothing that it remembers has changed. Triggers move them, so that every change counts, whoever makes it.
-- The nonce is drawn anew at each step: an epoch that repeats after a restore is not taken for the one before.
CREATE TABLE verification_epoch (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL,
    nonce BIGINT NOT NULL
);
INSERT INTO verification_epoch (id, epoch, nonce) VALUES (1, 0, hashtextextended(gen_random_uuid()::text, 0));

-- Which key, or the keys of which account, a step changed; neither: all. Old steps are pruned, the newest never.
CREATE TABLE verification_changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    epoch BIGINT NOT NULL,
    nonce BIGINT NOT NULL,
    api_key_id BIGINT,
    account_id BIGINT
);
CREATE INDEX verification_changes_epoch ON verification_changes (epoch);
INSERT INTO verification_changes (epoch, nonce) SELECT epoch, nonce FROM verification_epoch;

-- The row of verification_epoch is locked until the transaction ends, so that steps become visible in their order.
-- Transactions change keys and accounts last, after all other locks: two of them then never wait for each other.
-- A statement is one step, however many rows it changes.
CREATE FUNCTION verification_step() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        WITH step AS (
            UPDATE verification_epoch SET epoch = epoch + 1, nonce = hashtextextended(gen_random_uuid()::text, 0)
            RETURNING epoch, nonce
        )
        INSERT INTO verification_changes (epoch, nonce) SELECT epoch, nonce FROM step;
    ELSIF NOT EXISTS (SELECT 1 FROM changed) THEN
        RETURN NULL;
    ELSIF TG_TABLE_NAME = 'accounts' THEN
        WITH step AS (
            UPDATE verification_epoch SET epoch = epoch + 1, nonce = hashtextextended(gen_random_uuid()::text, 0)
            RETURNING epoch, nonce
        )
        INSERT INTO verification_changes (epoch, nonce, account_id)
        SELECT step.epoch, step.nonce, changed.id FROM step, changed;
    ELSIF TG_TABLE_NAME = 'api_keys' THEN
        WITH step AS (
            UPDATE verification_epoch SET epoch = epoch + 1, nonce = hashtextextended(gen_random_uuid()::text, 0)
            RETURNING epoch, nonce
        )
        INSERT INTO verification_changes (epoch, nonce, api_key_id)
        SELECT step.epoch, step.nonce, changed.id FROM step, changed;
    ELSE
        WITH step AS (
            UPDATE verification_epoch SET epoch = epoch + 1, nonce = hashtextextended(gen_random_uuid()::text, 0)
            RETURNING epoch, nonce
        )
        INSERT INTO verification_changes (epoch, nonce, api_key_id)
        SELECT DISTINCT step.epoch, step.nonce, changed.api_key_id FROM step, changed;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER api_keys_update_step AFTER UPDATE ON api_keys
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
CREATE TRIGGER api_keys_delete_step AFTER DELETE ON api_keys
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
CREATE TRIGGER api_keys_truncate_step AFTER TRUNCATE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION verification_step();

CREATE TRIGGER replaced_secrets_insert_step AFTER INSERT ON replaced_secrets
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
CREATE TRIGGER replaced_secrets_update_step AFTER UPDATE ON replaced_secrets
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
CREATE TRIGGER replaced_secrets_delete_step AFTER DELETE ON replaced_secrets
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
CREATE TRIGGER replaced_secrets_truncate_step AFTER TRUNCATE ON replaced_secrets
    FOR EACH STATEMENT EXECUTE FUNCTION verification_step();

CREATE TRIGGER accounts_update_step AFTER UPDATE ON accounts
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
CREATE TRIGGER accounts_delete_step AFTER DELETE ON accounts
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
CREATE TRIGGER accounts_truncate_step AFTER TRUNCATE ON accounts
    FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
