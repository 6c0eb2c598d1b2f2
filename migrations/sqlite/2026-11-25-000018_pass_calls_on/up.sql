-- Which calls of providers a key may make: a line each for providers, methods and paths, as far as they are limited.
-- NULL: any call.
ALTER TABLE api_keys ADD COLUMN call_limits TEXT;

-- Of a call that was passed on: what the provider answered (NULL: nothing) and how long it took to the end of its answer.
-- Both NULL: the request was no such call.
ALTER TABLE key_requests ADD COLUMN upstream_status INTEGER;
ALTER TABLE key_requests ADD COLUMN upstream_us INTEGER;

-- In usage_minutes and usage_days there is one more outcome: 11 outside_limits.

-- Tokens that a key has used at a provider, as far as providers tell: days of UTC, counted since 1970-01-01, kept for ever.
-- calls are all that were answered, also those that told none. No foreign keys: counts outlive what they count.
CREATE TABLE token_days (
    api_key_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    provider TEXT NOT NULL,
    calls INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, day, provider)
) STRICT, WITHOUT ROWID;

-- What a call of a provider needs is remembered as long as verification_epoch stands still: so changes of it are steps,
-- too. They change no key: they have an id that no key has.
CREATE TRIGGER provider_keys_insert_step AFTER INSERT ON provider_keys BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;
CREATE TRIGGER provider_keys_update_step
AFTER UPDATE OF id, account_id, provider, place, sealed, checked_at, refused_since ON provider_keys BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;
CREATE TRIGGER provider_keys_delete_step AFTER DELETE ON provider_keys BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;

CREATE TRIGGER custom_providers_insert_step AFTER INSERT ON custom_providers BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;
CREATE TRIGGER custom_providers_update_step AFTER UPDATE ON custom_providers BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;
CREATE TRIGGER custom_providers_delete_step AFTER DELETE ON custom_providers BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;

CREATE TRIGGER shared_providers_insert_step AFTER INSERT ON shared_providers BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;
CREATE TRIGGER shared_providers_update_step AFTER UPDATE ON shared_providers BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;
CREATE TRIGGER shared_providers_delete_step AFTER DELETE ON shared_providers BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;

CREATE TRIGGER provider_grants_insert_step AFTER INSERT ON provider_grants BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;
CREATE TRIGGER provider_grants_update_step AFTER UPDATE ON provider_grants BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;
CREATE TRIGGER provider_grants_delete_step AFTER DELETE ON provider_grants BEGIN
    INSERT INTO verification_changes (epoch, nonce, api_key_id)
    SELECT epoch + 1, random(), -1 FROM verification_epoch;
END;
