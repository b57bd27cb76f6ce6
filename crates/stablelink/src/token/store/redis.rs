//! Tokens in Redis.

use std::fmt;
use std::time::{Duration, SystemTime};

use ::redis::{Cmd, cmd};
use secrecy::ExposeSecret;

use super::stored_token::unix_millis;
use super::{RefreshLock, StoreError, StoreFuture, StoreKey, StoredToken, TokenStore};
use crate::redis::{RedisCommandError, RedisConnection};

/// Stores tokens in Redis, for any number of processes on any number of machines. Needs the feature `redis`.
///
/// **The tokens are not encrypted.** Anyone who can read these keys has the developer's tokens until they expire, although no
/// signed call is possible without the sign key. So give the program its own Redis user with access to its own keys and
/// commands only, and use TLS (`rediss://`, with the feature `rustls` or `native-tls`) on an untrusted network:
///
/// ```text
/// ACL SETUSER stablelink on >password ~stablelink:token:* +eval +hmget +hget +hset +get +set +del +pexpire +time
/// ```
///
/// Each account has three keys: the prefix, the origin of the gateway and a hash of the API key. They expire with the refresh
/// token. If Redis loses its data, one extra refresh happens: generations begin at the time of the Redis clock, in
/// milliseconds since 1970. Use one primary: after a failover without the last writes, a lock may be granted twice, which also
/// costs one extra refresh.
///
/// While Redis is unavailable, clients use the token that they have until it expires; then calls fail with
/// [`ErrorKind::Store`](crate::ErrorKind::Store).
///
/// ```no_run
/// use stablelink::{Client, Credentials, Environment, RedisConnection, RedisStore};
///
/// # fn example() -> Result<(), stablelink::Error> {
/// let client = Client::builder()
///     .environment(Environment::Sandbox)
///     .credentials(Credentials::from_env()?)
///     .token_store(RedisStore::new(RedisConnection::new("redis://127.0.0.1:6379/0")?))
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub struct RedisStore {
    connection: RedisConnection,
    prefix: String,
}

/// The maximum TTL of keys, even if the token expires later.
const MAX_TTL_MS: u64 = 31 * 24 * 60 * 60 * 1_000;

const TOKEN: &str = "";
const LOCK: &str = ":lock";
const GENERATION: &str = ":fence";

// The scripts are atomic. Each may run twice, because the response to the first run may be lost.

/// Keys: lock, generation. Arguments: owner, TTL in milliseconds. Returns the generation, or nil if another owner holds the lock.
///
/// The generation key outlives every token. Its value begins at the time of Redis, so that no generation is used twice after a
/// loss of data. `%.0f` prints all digits of the number; Lua would round it.
const LOCK_SCRIPT: &str = "
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return nil end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
local generation = string.format('%.0f', math.max(last + 1, now))
redis.call('SET', KEYS[2], generation, 'PX', 7776000000)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return generation";

/// Keys: token, generation. Arguments: generation, token, TTL in milliseconds. Returns whether the token was saved.
///
/// The token is not saved if a newer lock exists, whether its holder has saved a token or not. A lost generation is restored.
const SAVE_SCRIPT: &str = "
local last = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
if last > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', 7776000000)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'json', ARGV[2], 'generation', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1";

/// Keys: lock. Arguments: owner.
const UNLOCK_SCRIPT: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0";

/// Keys: token. Arguments: generation.
const INVALIDATE_SCRIPT: &str = "
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'ended', '1')
return 1";

impl RedisStore {
    /// Creates a store that uses this connection.
    #[must_use]
    pub fn new(connection: RedisConnection) -> Self {
        Self {
            connection,
            prefix: "stablelink:token:".to_owned(),
        }
    }

    /// Sets the prefix of all keys. Default: `stablelink:token:`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Returns a key with this suffix. The braces keep the keys of an account on one node of a cluster, which scripts
    /// require.
    fn redis_key(&self, key: &StoreKey, suffix: &str) -> String {
        format!("{}{{{key}}}{suffix}", self.prefix)
    }

    fn script(&self, script: &str, key: &StoreKey, suffixes: &[&str]) -> Cmd {
        let mut command = cmd("EVAL");
        command.arg(script).arg(suffixes.len());
        for suffix in suffixes {
            command.arg(self.redis_key(key, suffix));
        }
        command
    }
}

impl TokenStore for RedisStore {
    fn load<'a>(&'a self, key: &'a StoreKey) -> StoreFuture<'a, Option<StoredToken>> {
        Box::pin(async move {
            let mut command = cmd("HMGET");
            command
                .arg(self.redis_key(key, TOKEN))
                .arg("json")
                .arg("ended");
            let (text, invalidated): (Option<String>, Option<u8>) =
                self.connection.run(&command).await?;
            let Some(text) = text else { return Ok(None) };
            let token = StoredToken::from_json(&text)?;
            Ok(match invalidated {
                Some(_) => token.map(StoredToken::expired),
                None => token,
            })
        })
    }

    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        ttl: Duration,
    ) -> StoreFuture<'a, Option<RefreshLock>> {
        Box::pin(async move {
            let mut command = self.script(LOCK_SCRIPT, key, &[LOCK, GENERATION]);
            let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
            command.arg(owner).arg(ttl.clamp(1, MAX_TTL_MS));
            let generation: Option<u64> = self.connection.run(&command).await?;
            Ok(generation.map(|generation| RefreshLock::new(owner, generation)))
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        token: &'a StoredToken,
        lock: &'a RefreshLock,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let now = unix_millis(SystemTime::now());
            let ttl = token.retain_until_ms().saturating_sub(now);
            let mut command = self.script(SAVE_SCRIPT, key, &[TOKEN, GENERATION]);
            command
                .arg(lock.generation())
                .arg(token.to_json()?.expose_secret())
                .arg(ttl.clamp(1_000, MAX_TTL_MS));
            Ok(self.connection.run(&command).await?)
        })
    }

    fn unlock<'a>(&'a self, key: &'a StoreKey, lock: &'a RefreshLock) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut command = self.script(UNLOCK_SCRIPT, key, &[LOCK]);
            command.arg(lock.owner());
            let _: u8 = self.connection.run(&command).await?;
            Ok(())
        })
    }

    fn invalidate<'a>(&'a self, key: &'a StoreKey, generation: u64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut command = self.script(INVALIDATE_SCRIPT, key, &[TOKEN]);
            command.arg(generation);
            let _: u8 = self.connection.run(&command).await?;
            Ok(())
        })
    }
}

impl From<RedisCommandError> for StoreError {
    fn from(error: RedisCommandError) -> Self {
        let store_error = Self::new(error.to_string());
        if error.is_transient() {
            store_error
        } else {
            store_error.permanent()
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_validated_and_not_shown() {
        for (url, valid) in [
            ("redis://127.0.0.1:6379/0", true),
            ("redis://user:hidden@127.0.0.1", true),
            ("", false),
            ("127.0.0.1:6379", false),
            ("http://user:hidden@127.0.0.1", false),
            ("redis://user:hidden@127.0.0.1:x", false),
            ("rediss://user:hidden@127.0.0.1/#insecure", false),
        ] {
            let connection = RedisConnection::new(url);
            assert_eq!(connection.is_ok(), valid, "{url}");
            let shown = match connection {
                Ok(connection) => {
                    format!("{connection:?} {:?}", RedisStore::new(connection.clone()))
                }
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("hidden"), "{shown}");
        }
    }

    #[test]
    fn keys_contain_the_gateway_and_the_account() {
        let store = RedisStore::new(RedisConnection::new("redis://127.0.0.1").unwrap());
        let key = StoreKey::new("https://pay.example", "0f3a");
        assert_eq!(
            store.redis_key(&key, LOCK),
            "stablelink:token:{https://pay.example|0f3a}:lock"
        );
        let store = store.prefix("mine:");
        assert_eq!(
            store.redis_key(&key, TOKEN),
            "mine:{https://pay.example|0f3a}"
        );
    }
}
