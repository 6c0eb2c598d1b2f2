DROP TABLE provider_grants;
DROP TABLE shared_providers;
DROP TABLE custom_providers;
DROP TABLE provider_keys;
