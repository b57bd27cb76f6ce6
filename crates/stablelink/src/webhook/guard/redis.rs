//! Events remembered in Redis.

use std::fmt;
use std::time::Duration;

use ::redis::{FromRedisValue, cmd};

use super::{Claim, EventKey, GuardError, LEASE, Lease, RETENTION, ReplayGuard};
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use crate::RedisTls;
use crate::clock::BoxFuture;
use crate::redis::Link;
use crate::{Error, ErrorKind};

/// Remembers events in Redis: for any number of receivers in any number of processes. Needs the feature `redis`.
///
/// One key an event, `stablelink:webhook:` and the [`EventKey`], that ends by itself: no personal data, no body. It
/// connects when it is first used, and anew after a failure. While Redis is gone every claim fails and no event is
/// handled; the gateway comes [again](crate::webhook::REDELIVERIES). A Redis that loses its memory, or evicts keys
/// before their time, lets handled events in again: `maxmemory-policy noeviction` keeps them.
pub struct RedisGuard {
    link: Link,
    prefix: String,
    lease: Duration,
    retention: Duration,
}

/// What the key of a handled event holds. Owners are hexadecimal, so no owner is this.
const HANDLED: &str = "handled";

/// In one step, so that a claim that ends in between is not read as no claim at all.
const CLAIM: &str = "
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return ARGV[1] end
return redis.call('GET', KEYS[1])";

/// By the owner alone, or where the claim ended and nobody took the event.
const COMMIT: &str = "
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[3] then return 1 end
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
return 1";

const RELEASE: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0";

impl RedisGuard {
    /// Remembers in the Redis at this address, such as `redis://127.0.0.1:6379/0`.
    ///
    /// # Errors
    ///
    /// An address that is none. Whether someone is there shows at the first claim.
    pub fn connect(address: &str) -> Result<Self, Error> {
        Ok(Self {
            link: Link::new(address)?,
            prefix: "stablelink:webhook:".to_owned(),
            lease: LEASE,
            retention: RETENTION,
        })
    }

    /// Whom it trusts, and as whom it presents itself, over `rediss://`.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) of an address without TLS, and of certificates or keys that are none.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn tls(mut self, tls: &RedisTls) -> Result<Self, Error> {
        self.link = self.link.tls(tls)?;
        Ok(self)
    }

    /// What its keys begin with; `stablelink:webhook:` by default.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long a claim lasts; 60 s by default, at least 1 ms. More than a handler may take.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long a handled event is remembered; 2 days by default, at least 1 ms. More than the gateway's
    /// [redeliveries](crate::webhook::REDELIVERIES) go on, and more than the
    /// [tolerance](crate::webhook::Webhooks::tolerance).
    #[must_use]
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// How long one question to Redis may take, a new connection included; 2 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.link.timeout = timeout;
        self
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &str,
        lease: &Lease,
        life: Duration,
    ) -> Result<T, Error> {
        let mut command = cmd("EVAL");
        command
            .arg(script)
            .arg(1)
            .arg(format!("{}{}", self.prefix, lease.key().as_str()))
            .arg(lease.owner())
            .arg(millis(life))
            .arg(HANDLED);
        // Each script may run twice: an owner that claims again has its claim, and what is done stays done.
        self.link.ask(&command).await.map_err(|error| {
            let problem = format!("the replay guard: {error}").into();
            Error::new(ErrorKind::Store { problem }).retryable(error.is_passing())
        })
    }
}

/// Redis refuses a life of 0, and one beyond 63 bits.
fn millis(life: Duration) -> u64 {
    u64::try_from(life.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, 1 << 52)
}

impl ReplayGuard for RedisGuard {
    fn claim<'a>(&'a self, key: &'a EventKey) -> BoxFuture<'a, Result<Claim, GuardError>> {
        Box::pin(async move {
            let lease = Lease::new(key.clone());
            let holder: String = self.run(CLAIM, &lease, self.lease).await?;
            Ok(match holder {
                holder if holder == HANDLED => Claim::Done,
                holder if holder == lease.owner() => Claim::New(lease),
                _ => Claim::InProgress,
            })
        })
    }

    fn commit<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<bool, GuardError>> {
        Box::pin(async move { Ok(self.run(COMMIT, lease, self.retention).await?) })
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<(), GuardError>> {
        Box::pin(async move {
            let _: i64 = self.run(RELEASE, lease, self.lease).await?;
            Ok(())
        })
    }
}

impl fmt::Debug for RedisGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisGuard")
            .field("prefix", &self.prefix)
            .field("lease", &self.lease)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_a_password_is_not_shown() {
        let secret = "hidden-password";
        let error = RedisGuard::connect(&format!("ftp://user:{secret}@pay.example")).unwrap_err();
        assert!(!format!("{error}{error:?}").contains(secret));
        let guard = RedisGuard::connect(&format!("redis://user:{secret}@pay.example")).unwrap();
        assert!(!format!("{guard:?}").contains(secret));
    }

    #[test]
    fn lives_are_what_redis_takes() {
        for (life, taken) in [
            (Duration::ZERO, 1),
            (Duration::from_micros(1), 1),
            (Duration::from_secs(60), 60_000),
            (Duration::MAX, 1 << 52),
        ] {
            assert_eq!(millis(life), taken);
        }
    }
}
