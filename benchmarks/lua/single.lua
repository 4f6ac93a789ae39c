-- One event a request: three families in turn, users at random, no id twice.
-- wrk … -s single.lua URL -- FOLDER PREFIX THINK_MS
-- FOLDER has a token a line in `tokens` and a user agent a line in `agents`.

local here = debug.getinfo(1, "S").source:match("@(.*/)") or "./"
local events = dofile(here .. "events.lua")
dofile(here .. "done.lua")

local tokens, agents, prefix, think, number = {}, {}, "", 0, 0

local function lines(path)
  local found = {}
  for line in io.lines(path) do found[#found + 1] = line end
  return found
end

function init(args)
  tokens, agents = lines(args[1] .. "/tokens"), lines(args[1] .. "/agents")
  prefix, think = args[2], tonumber(args[3])
  math.randomseed(tonumber(prefix, 16))
  if think == 0 then delay = nil end -- even a pause of nothing costs wrk a timer
end

-- A pause before a request, in ms: what makes a load of so many a second.
function delay() return math.random(0, 2 * think) end

function request()
  number = number + 1
  local event = events[number % #events + 1]
  local body = "{" .. event.fields(prefix .. "-" .. number) .. "}"
  return "POST " .. event.path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
    .. events.one(tokens) .. "\r\nUser-Agent: " .. events.one(agents)
    .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end
