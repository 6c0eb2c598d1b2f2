-- Which calls of providers a key may make: a line each for providers, methods and paths, as far as they are limited.
-- NULL: any call.
ALTER TABLE api_keys ADD COLUMN call_limits TEXT;

-- Of a call that was passed on: what the provider answered (NULL: nothing) and how long it took to the end of its answer.
-- Both NULL: the request was no such call.
ALTER TABLE key_requests ADD COLUMN upstream_status BIGINT;
ALTER TABLE key_requests ADD COLUMN upstream_us BIGINT;

-- In usage_minutes and usage_days there is one more outcome: 11 outside_limits.

-- Tokens that a key has used at a provider, as far as providers tell: days of UTC, counted since 1970-01-01, kept for ever.
-- calls are all that were answered, also those that told none. No foreign keys: counts outlive what they count.
CREATE TABLE token_days (
    api_key_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    provider TEXT NOT NULL,
    calls BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, day, provider)
);

-- What a call of a provider needs is remembered as long as verification_epoch stands still: so changes of it are steps,
-- too. They change no key: they have an id that no key has. The step is made at the end of the transaction, when it holds
-- all rows that it wants, so that two never wait for each other.
CREATE FUNCTION provider_step() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    WITH step AS (
        UPDATE verification_epoch SET epoch = epoch + 1, nonce = hashtextextended(gen_random_uuid()::text, 0)
        RETURNING epoch, nonce
    )
    INSERT INTO verification_changes (epoch, nonce, api_key_id) SELECT epoch, nonce, -1 FROM step;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER provider_keys_step AFTER INSERT OR DELETE OR UPDATE OF id, account_id, provider, place, sealed, checked_at, refused_since ON provider_keys
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION provider_step();
CREATE TRIGGER provider_keys_truncate_step AFTER TRUNCATE ON provider_keys
    FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
CREATE CONSTRAINT TRIGGER custom_providers_step AFTER INSERT OR DELETE OR UPDATE ON custom_providers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION provider_step();
CREATE TRIGGER custom_providers_truncate_step AFTER TRUNCATE ON custom_providers
    FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
CREATE CONSTRAINT TRIGGER shared_providers_step AFTER INSERT OR DELETE OR UPDATE ON shared_providers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION provider_step();
CREATE TRIGGER shared_providers_truncate_step AFTER TRUNCATE ON shared_providers
    FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
CREATE CONSTRAINT TRIGGER provider_grants_step AFTER INSERT OR DELETE OR UPDATE ON provider_grants
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION provider_step();
CREATE TRIGGER provider_grants_truncate_step AFTER TRUNCATE ON provider_grants
    FOR EACH STATEMENT EXECUTE FUNCTION verification_step();
