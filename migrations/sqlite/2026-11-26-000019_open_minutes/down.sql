INSERT INTO usage_minutes (api_key_id, minute, outcome, requests)
    SELECT api_key_id, minute, outcome, requests FROM usage_open_minutes WHERE TRUE
    ON CONFLICT (api_key_id, minute, outcome) DO UPDATE SET requests = usage_minutes.requests + excluded.requests;
DROP TABLE usage_open_minutes;
