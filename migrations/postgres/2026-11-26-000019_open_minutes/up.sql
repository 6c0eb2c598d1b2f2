-- Counts of the minutes that are still counted up. usage_minutes holds months of them: here, rows and index are as small as the
-- last minutes are, and what is counted up leaves no half-empty pages behind. Passed minutes go from here to usage_minutes, a
-- part with each flush. A count may stand in both: then it is their sum.
CREATE TABLE usage_open_minutes (
    api_key_id BIGINT NOT NULL,
    minute BIGINT NOT NULL,
    outcome BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, minute, outcome)
-- Room in each page for the new version of a row that is counted up, so that the index need not change.
) WITH (fillfactor = 50);

-- Rows there seldom change.
ALTER TABLE usage_minutes RESET (fillfactor);
