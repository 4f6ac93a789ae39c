-- Takes in what one replica saw of sessions, and ends those that are over; nobody comes between.
-- The rules are those of memory.py, for stretches of events instead of single ones.
--
-- KEYS  sessions  a hash: a session's key to {first, last, plan, over}; the field '' is the epoch
--       times     a sorted set: a session's key by the time of its last event
--       said      what this replica was told last, and in answer to which call
-- ARGV  call      the call's own id: a call that comes again is told the same again
--       epoch     the epoch that the replica has told its sessions to
--       now, idle, late, most, swept   times in ms; how many sessions are kept and swept at most
--       stretches {key, first, last, plan, logout} of each, packed; logout: 1 for one, 2 for one
--                 after which the session was observed already
-- Gives nil for another epoch, and nothing is done; else, packed: {how many stretches found no
-- room, whether more is to be swept, {plan, length in ms} of each session that ended}.

local sessions, times, said = KEYS[1], KEYS[2], KEYS[3]
local call, epoch = ARGV[1], ARGV[2]
local now, idle, late = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local most, swept = tonumber(ARGV[6]), tonumber(ARGV[7])

local before = redis.call('GET', said)
if before then
  before = cmsgpack.unpack(before)
  if before[1] == call then return before[2] end
end
if redis.call('HLEN', sessions) ~= redis.call('ZCARD', times) + 1 then
  -- A full Redis may have evicted one of the two: the other is of no use alone.
  redis.call('DEL', sessions, times)
end
if redis.call('HGET', sessions, '') ~= epoch then return false end

local ended, no_room = {}, 0

local function finish(session)
  if not session[4] then ended[#ended + 1] = {session[3], session[2] - session[1]} end
end

local function keep(key, session)
  redis.call('HSET', sessions, key, cmsgpack.pack(session))
  redis.call('ZADD', times, session[2], key)
end

local function forget(key)
  redis.call('HDEL', sessions, key)
  redis.call('ZREM', times, key)
end

local function begin(key, first, last, plan)
  if now - last >= idle then return nil end
  if redis.call('HLEN', sessions) > most then
    no_room = no_room + 1
    return nil
  end
  return {first, last, plan, false}
end

for _, stretch in ipairs(cmsgpack.unpack(ARGV[8])) do
  local key, first, last, plan, logout = unpack(stretch)
  local session = redis.call('HGET', sessions, key)
  session = session and cmsgpack.unpack(session)
  local known = session
  if session and first - session[2] >= idle then
    finish(session)
    session = nil
  elseif session and session[4] and last > session[2] and logout == 0 then
    first = math.max(first, session[2])
    session = nil
  end
  if not session then
    if known then forget(key) end
    session = begin(key, first, last, plan)
  end
  if session and not session[4] and session[1] - last < idle then
    if first < session[1] then session[1] = first end
    if last >= session[2] then session[2], session[3] = last, plan end
    if logout == 1 then finish(session) end
    session[4] = logout > 0
    keep(key, session)
  end
end

local over = redis.call('ZRANGEBYSCORE', times, '-inf', now - idle - late, 'LIMIT', 0, swept)
for _, key in ipairs(over) do
  finish(cmsgpack.unpack(redis.call('HGET', sessions, key)))
  forget(key)
end

local answer = cmsgpack.pack({no_room, #over == swept, ended})
redis.call('SET', said, cmsgpack.pack({call, answer}), 'EX', 60)
redis.call('EXPIRE', sessions, 86400)
redis.call('EXPIRE', times, 86400)
return answer
