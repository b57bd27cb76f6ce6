//! What must happen in one step. Each may be run twice, for the answer to the first may be lost.

/// Keys: lock, fence. Arguments: owner, life in milliseconds. Gives the generation, or nil if another has the lock.
///
/// The fence remembers the newest generation, longer than any token lives. It begins at the time of Redis, so that
/// one that lost its memory gives out none that was given out before. `%.0f` writes it in full; Lua would round it.
pub(super) const LOCK: &str = "
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return nil end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
local generation = string.format('%.0f', math.max(last + 1, now))
redis.call('SET', KEYS[2], generation, 'PX', 7776000000)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return generation";

/// Keys: token, fence. Arguments: generation, token, life in milliseconds. Gives whether it was saved.
///
/// Not if a later lock was given out, whether its holder saved already or not. A fence that was lost is put back.
pub(super) const SAVE: &str = "
local last = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
if last > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', 7776000000)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'json', ARGV[2], 'generation', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1";

/// Keys: lock. Arguments: owner.
pub(super) const UNLOCK: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0";

/// Keys: token. Arguments: generation.
pub(super) const INVALIDATE: &str = "
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'ended', '1')
return 1";
