-- A batch of events a request, posted by a backend for its users; no id twice.
-- wrk … -s batch.lua URL -- KEY PREFIX EVENTS KIND THINK_MS LATE
-- KIND is one of the three, or `mixed`: each in turn. LATE of 1,000 events are an hour old.

local here = debug.getinfo(1, "S").source:match("@(.*/)") or "./"
local events = dofile(here .. "events.lua")
dofile(here .. "done.lua")

local plans = { "free", "pro", "team" }
local key, prefix, size, think, late, number, turn = "", "", 0, 0, 0, 0, {}

function init(args)
  key, prefix, size = args[1], args[2], tonumber(args[3])
  for _, event in ipairs(events) do
    if args[4] == "mixed" or args[4] == event.kind then turn[#turn + 1] = event end
  end
  think, late = tonumber(args[5]), tonumber(args[6])
  math.randomseed(tonumber(prefix, 16))
  if think == 0 then delay = nil end -- even a pause of nothing costs wrk a timer
end

-- A pause before a request, in ms: what makes a load of so many a second.
function delay() return think end

local function time(event)
  if late == 0 or math.random(1000) > late then return "" end
  return '"' .. event.time .. '":"' .. os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - 3600) .. '",'
end

function request()
  local found = {}
  for at = 1, size do
    number = number + 1
    local event = turn[number % #turn + 1]
    found[at] = '{"kind":"' .. event.kind .. '","userId":"user-' .. math.random(20000)
      .. '","userPlan":"' .. events.one(plans) .. '",' .. time(event)
      .. event.fields(prefix .. "-" .. number) .. "}"
  end
  local body = '{"events":[' .. table.concat(found, ",") .. "]}"
  return "POST /api/events/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: " .. key
    .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end
