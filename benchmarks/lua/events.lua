-- The events of the load: for each of three families its path, its time
-- field, and the fields of one event.

local models = { "gpt-4o-mini", "gpt-4o", "claude-3-5-sonnet-latest", "gemini-1.5-flash" }
local features = { "chat", "summarize", "code", "translate", "extract" }
local names = { "page_view", "feature_used", "search", "login", "logout", "click" }

local function one(list) return list[math.random(#list)] end

local function session() return "session-" .. math.random(20000) end

return {
  one = one,
  { kind = "ai_request", path = "/api/ai-tracking/track", time = "createdAt", fields = function(id)
    return '"requestId":"' .. id .. '","model":"' .. one(models) .. '","provider":"openai",'
      .. '"feature":"' .. one(features) .. '","sessionId":"' .. session() .. '",'
      .. '"complexity":"medium","language":"en","status":"completed","tokens":{"input":'
      .. math.random(50, 4000) .. ',"output":' .. math.random(20, 1500) .. '},"durationMs":'
      .. math.random(200, 9000) .. ',"queueTimeMs":' .. math.random(90)
  end },
  { kind = "engagement", path = "/api/analytics/engagement/track", time = "timestamp", fields = function(id)
    return '"eventId":"' .. id .. '","event":"' .. one(names) .. '","sessionId":"' .. session()
      .. '","page":"/conversations","feature":"' .. one(features) .. '","metadata":{"timeOnPage":'
      .. math.random(300) .. ',"scrollDepth":' .. math.random(100) .. ',"clicks":'
      .. math.random(20) .. ',"country":"DE"}'
  end },
  { kind = "performance", path = "/api/performance/track", time = "timestamp", fields = function(id)
    return '"service":"gateway","endpoint":"/v1/' .. one(features) .. '","method":"POST",'
      .. '"statusCode":200,"responseTime":' .. math.random(5, 900) .. ',"requestSize":'
      .. math.random(200, 9000) .. ',"responseSize":' .. math.random(200, 90000)
      .. ',"requestId":"' .. id .. '"'
  end },
}
