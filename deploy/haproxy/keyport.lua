-- Asks keyport about a request: `http-request lua.keyport URL`, where URL is that of /auth with the scopes that are needed.
--
-- A yes puts keyport's identity headers in place of the client's and sets txn.keyport_accepted. A no is answered as
-- keyport answers it. Everything else, a keyport that is down or slow too, is a 503. The rule that follows in
-- haproxy.cfg refuses what has no txn.keyport_accepted: a fault in here would otherwise let the request through.

-- HAProxy asks up to four times, so the client waits four times as long for a keyport that says nothing.
local TIMEOUT_MS = 2000

local IDENTITY = {
    "x-keyport-key-id",
    "x-keyport-account-id",
    "x-keyport-account-name",
    "x-keyport-scopes",
    "x-keyport-expires",
}

-- Only these go to keyport, so no header of the client's can pretend to be HAProxy's.
local FROM_CLIENT = { "x-api-key", "authorization", "user-agent" }

-- Of a refusal; the rest belongs to the connection between HAProxy and keyport.
local FROM_KEYPORT = {
    "content-type",
    "www-authenticate",
    "retry-after",
    "ratelimit",
    "ratelimit-policy",
    "cache-control",
    "x-request-id",
}

-- HAProxy counts the values of a header from 0 in some places and from 1 in others.
local function each(values)
    local list = {}
    for index = 0, 1000 do
        local value = values and values[index]
        if value == nil and index > 0 then
            break
        end
        list[#list + 1] = value
    end
    return list
end

local function refuse(txn, status, body, headers)
    local reply = txn:reply({ status = status, body = body })
    for _, name in ipairs(FROM_KEYPORT) do
        for _, value in ipairs(each(headers[name])) do
            reply:add_header(name, value)
        end
    end
    txn:done(reply)
end

local function unavailable(txn)
    local body = '{"title":"Service Unavailable","status":503,"detail":"Keys cannot be checked at the moment."}'
    refuse(txn, 503, body, { ["content-type"] = { "application/problem+json" } })
end

local function question(txn)
    local sent = txn.http:req_get_headers()
    local headers = {
        ["x-original-method"] = { txn.f:method() },
        ["x-original-uri"] = { txn.f:pathq() },
        ["x-forwarded-for"] = { txn.f:src() },
        ["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" },
    }
    for _, name in ipairs(FROM_CLIENT) do
        local values = each(sent[name])
        if #values > 0 then
            headers[name] = values
        end
    end
    return headers
end

core.register_action("keyport", { "http-req" }, function(txn, url)
    local answer = core.httpclient():get({ url = url, headers = question(txn), timeout = TIMEOUT_MS })
    local headers = answer and answer.headers or {}
    if not answer or not answer.status then
        return unavailable(txn)
    end
    if answer.status >= 400 and answer.status < 600 and headers["x-request-id"] then
        return refuse(txn, answer.status, answer.body or "", headers)
    end
    if answer.status ~= 200 then
        return unavailable(txn)
    end
    local identity = {}
    for _, name in ipairs(IDENTITY) do
        local values = each(headers[name])
        if #values ~= 1 then
            return unavailable(txn)
        end
        identity[name] = values[1]
    end
    for name, value in pairs(identity) do
        txn.http:req_set_header(name, value)
    end
    txn:set_var("txn.keyport_accepted", true)
end, 1)
