-- Counts of the minutes that are still counted up. usage_minutes holds each key's minutes side by side, so that they are
-- read at once: counting up there, twice a second, would write a page for each key in use. This table is as small as the
-- last minutes are, and passed minutes go from it to usage_minutes, a part with each flush. A count may stand in both: then
-- it is their sum.
CREATE TABLE usage_open_minutes (
    api_key_id INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, minute, outcome)
) STRICT, WITHOUT ROWID;
