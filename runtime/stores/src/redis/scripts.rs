//! The scripts. Each runs alone in the server. What it has written before an error stays, so the session itself is
//! written last, by one command.
//!
//! They are sent in full each time (`EVAL`): that is one command with no second way for a server that has forgotten
//! them, and they are shorter than most sealed sessions. The flags say what a server with a full memory, or a replica,
//! still runs.

/// Times are milliseconds. Lua and Redis write large numbers with an exponent, unless they are given a format.
macro_rules! now {
    () => {
        "local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
"
    };
}

/// A server that was started again, or that has replaced another, may have forgotten who owns a session. Its
/// replication ID is another one then. `noticed` returns when that was noticed, or 0: for a lease from then on, within
/// which all who were forgotten end, no session may have a new owner. An empty server has no session to protect.
macro_rules! noticed {
    () => {
        "local function noticed(server, last)
  local id = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)') or ''
  local it = redis.call('HMGET', server, 'replication_id', 'replaced_at', 'replaced_id')
  if it[1] ~= id then
    if it[1] then
      redis.call('HSET', server, 'replication_id', id, 'replaced_at', text(now), 'replaced_id', it[1])
      return now
    end
    redis.call('HSET', server, 'replication_id', id)
  elseif last and last ~= '' and last ~= id and last ~= it[3] then
    redis.call('HSET', server, 'replaced_at', text(now), 'replaced_id', last)
    return now
  end
  return tonumber(it[2] or '0') or 0
end
"
    };
}

/// Keys: the server. Arguments: the replication ID of the server that the client used last, or none. Returns the layout.
/// An owner may connect again although the memory is full.
pub(super) const PREPARE: &str = concat!(
    "#!lua flags=allow-oom\n",
    now!(),
    noticed!(),
    "local layout = redis.call('HGET', KEYS[1], 'layout')
if not layout then
  layout = '1'
  redis.call('HSET', KEYS[1], 'layout', layout)
end
noticed(KEYS[1], ARGV[1])
return layout"
);

/// Keys: the session, the set of names, the server. Arguments: the owner, the lease, the name. Returns 1, the number of
/// the ownership, the version and the content; or 0, the owner (none: it may be forgotten) and the rest of its lease.
pub(super) const ACQUIRE: &str = concat!(
    "#!lua\n",
    now!(),
    noticed!(),
    "local lease = tonumber(ARGV[2])
local it = redis.call('HMGET', KEYS[1], 'owner', 'fence', 'expires_at', 'version', 'data', 'lease')
local owner = it[1]
local function number(field)
  local value = tonumber(field or '0')
  return value and value >= 0 and value < 2^53 and value % 1 == 0 and value
end
local fence, expires_at, version, last_lease = number(it[2]), number(it[3]), number(it[4]), number(it[6])
if not (fence and expires_at and version and last_lease) then
  return redis.error_reply('FOREIGN a field that should be a number is not')
end
if owner ~= ARGV[1] then
  if owner and expires_at > now then return {0, owner, text(expires_at - now)} end
  local closed_until = noticed(KEYS[3]) + math.max(lease, last_lease)
  if closed_until > now then return {0, false, text(closed_until - now)} end
  fence = fence + 1
end
redis.call('SADD', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fence', text(fence), 'expires_at', text(now + lease),
  'version', text(version), 'lease', text(lease))
return {1, text(fence), text(version), it[5]}"
);

/// Keys: the session. Arguments: the owner.
pub(super) const GIVE_UP: &str = "#!lua flags=allow-oom
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then redis.call('HDEL', KEYS[1], 'owner', 'expires_at') end
return 0";

/// Keys: the sessions. Arguments: the lease, then the owner and the number of the ownership of each. Returns the places
/// of those that are still owned. A key that another program has replaced is not, and disturbs no other. Another
/// error, such as a right that the user lacks, says nothing about who owns them.
pub(super) const RENEW: &str = concat!(
    "#!lua flags=allow-oom\n",
    now!(),
    "local expires_at = text(now + ARGV[1])
local kept = {}
for i, key in ipairs(KEYS) do
  local it = redis.pcall('HMGET', key, 'owner', 'fence')
  if it.err and not string.find(it.err, '^WRONGTYPE') then return it end
  if it[1] == ARGV[2 * i] and it[2] == ARGV[2 * i + 1] then
    redis.call('HSET', key, 'expires_at', expires_at)
    kept[#kept + 1] = i
  end
end
return kept"
);

/// Keys: the sessions. Arguments: the owner and the number of the ownership of each.
pub(super) const RELEASE: &str = "#!lua flags=allow-oom
for i, key in ipairs(KEYS) do
  local it = redis.pcall('HMGET', key, 'owner', 'fence')
  if it.err and not string.find(it.err, '^WRONGTYPE') then return it end
  if it[1] == ARGV[2 * i - 1] and it[2] == ARGV[2 * i] then redis.call('HDEL', key, 'owner', 'expires_at') end
end
return 0";

/// Keys: the session. Arguments: the owner, the number of the ownership, the version, the content. Returns whether it
/// is stored.
pub(super) const SAVE: &str = "#!lua
local it = redis.call('HMGET', KEYS[1], 'owner', 'fence', 'version')
if it[1] ~= ARGV[1] or it[2] ~= ARGV[2] then return 0 end
local version = tonumber(it[3] or '0')
if not version then return redis.error_reply('FOREIGN the field version is not a number') end
if version > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'data', ARGV[4])
return 1";

/// Keys: sessions. Returns the owner, the number of the ownership, the version and the rest of the lease of each; nil
/// for one that is gone.
pub(super) const LIST: &str = concat!(
    "#!lua flags=no-writes\n",
    now!(),
    "local list = {}
for i, key in ipairs(KEYS) do
  local it = redis.call('HMGET', key, 'owner', 'fence', 'version', 'expires_at')
  it[4] = text(math.max((tonumber(it[4] or '') or 0) - now, 0))
  list[i] = it[2] and it or false
end
return list"
);
