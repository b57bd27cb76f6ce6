//! A deduplicator that stores handled events in Redis.

use std::fmt;
use std::time::Duration;

use ::redis::{FromRedisValue, cmd};

use super::deduplicator::{CLAIM_TTL, DeduplicatorFuture, RETENTION};
use super::{ClaimResult, Deduplicator, EventClaim, EventKey};
use crate::redis::RedisConnection;
use crate::{Error, ErrorKind};

/// Remembers events in Redis, for any number of receivers in any number of processes. Needs the feature `redis`.
///
/// Each event has one key that expires: `stablelink:webhook:` and the [`EventKey`], without the body or personal data. While
/// Redis is unavailable, every claim fails and no event is handled; the gateway delivers again. If Redis loses its data or
/// evicts keys early, handled events run again: set `maxmemory-policy noeviction`.
pub struct RedisDeduplicator {
    connection: RedisConnection,
    prefix: String,
    claim_ttl: Duration,
    retention: Duration,
}

/// The value of the key of a handled event. Owners are hexadecimal, so no owner equals it.
const HANDLED: &str = "handled";

// Each script is atomic and may run twice: an owner that claims again gets its claim, and a commit or a release has no effect
// the second time. Arguments: owner, TTL in milliseconds, `HANDLED`.

const CLAIM_SCRIPT: &str = "
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return ARGV[1] end
return redis.call('GET', KEYS[1])";

/// Accepts the owner, and an expired claim without a successor.
const COMMIT_SCRIPT: &str = "
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[3] then return 1 end
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
return 1";

const RELEASE_SCRIPT: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0";

impl RedisDeduplicator {
    /// Creates a deduplicator that uses this connection.
    #[must_use]
    pub fn new(connection: RedisConnection) -> Self {
        Self {
            connection,
            prefix: "stablelink:webhook:".to_owned(),
            claim_ttl: CLAIM_TTL,
            retention: RETENTION,
        }
    }

    /// Sets the prefix of all keys. Default: `stablelink:webhook:`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the TTL of a claim, which must be longer than any handler runs. Default: 60 s; at least 1 ms.
    #[must_use]
    pub fn claim_ttl(mut self, ttl: Duration) -> Self {
        self.claim_ttl = ttl;
        self
    }

    /// Sets how long a handled event is remembered. Default: 2 days; at least 1 ms. It must be longer than the 23.6 hours of
    /// redeliveries, and longer than the [tolerance](super::WebhookVerifier::tolerance).
    #[must_use]
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &str,
        claim: &EventClaim,
        ttl: Duration,
    ) -> Result<T, Error> {
        let mut command = cmd("EVAL");
        command
            .arg(script)
            .arg(1)
            .arg(format!("{}{}", self.prefix, claim.key().as_str()))
            .arg(claim.owner())
            .arg(ttl_millis(ttl))
            .arg(HANDLED);
        self.connection.run(&command).await.map_err(|error| {
            let problem = format!("the webhook deduplicator: {error}").into();
            Error::new(ErrorKind::Store { problem }).retryable(error.is_transient())
        })
    }
}

/// Redis rejects a TTL of 0 and a TTL above 63 bits.
fn ttl_millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, 1 << 52)
}

impl Deduplicator for RedisDeduplicator {
    fn claim<'a>(&'a self, key: &'a EventKey) -> DeduplicatorFuture<'a, ClaimResult> {
        Box::pin(async move {
            let claim = EventClaim::new(key.clone());
            let holder: String = self.run(CLAIM_SCRIPT, &claim, self.claim_ttl).await?;
            Ok(match holder {
                holder if holder == HANDLED => ClaimResult::Handled,
                holder if holder == claim.owner() => ClaimResult::Claimed(claim),
                _ => ClaimResult::InProgress,
            })
        })
    }

    fn commit<'a>(&'a self, claim: &'a EventClaim) -> DeduplicatorFuture<'a, bool> {
        Box::pin(async move { Ok(self.run(COMMIT_SCRIPT, claim, self.retention).await?) })
    }

    fn release<'a>(&'a self, claim: &'a EventClaim) -> DeduplicatorFuture<'a, ()> {
        Box::pin(async move {
            let _: i64 = self.run(RELEASE_SCRIPT, claim, self.claim_ttl).await?;
            Ok(())
        })
    }
}

impl fmt::Debug for RedisDeduplicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisDeduplicator")
            .field("prefix", &self.prefix)
            .field("claim_ttl", &self.claim_ttl)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_of_the_url_is_not_shown() {
        let secret = "hidden-password";
        let error = RedisConnection::new(&format!("ftp://user:{secret}@pay.example")).unwrap_err();
        assert!(!format!("{error}{error:?}").contains(secret));
        let connection =
            RedisConnection::new(&format!("redis://user:{secret}@pay.example")).unwrap();
        let deduplicator = RedisDeduplicator::new(connection);
        assert!(!format!("{deduplicator:?}").contains(secret));
    }

    #[test]
    fn ttl_is_limited_to_what_redis_accepts() {
        for (ttl, millis) in [
            (Duration::ZERO, 1),
            (Duration::from_micros(1), 1),
            (Duration::from_secs(60), 60_000),
            (Duration::MAX, 1 << 52),
        ] {
            assert_eq!(ttl_millis(ttl), millis);
        }
    }
}
