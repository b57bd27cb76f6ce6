//! Tokens in Redis.

mod scripts;

use std::fmt;
use std::time::{Duration, SystemTime};

use ::redis::{Cmd, cmd};
use secrecy::ExposeSecret;

use super::stored::unix_millis;
use super::{RefreshLock, StoreError, StoreKey, StoredToken, TokenStore};
use crate::Error;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use crate::RedisTls;
use crate::clock::BoxFuture;
use crate::redis::{Link, LinkError};

/// Keeps tokens in Redis, for any number of processes on any number of machines. Needs the feature `redis`.
///
/// **The token and its refresh token lie there readable**: whoever can read these keys can act as the developer for as
/// long as they live, though without the sign key no signed call. So give this program a user of its own, with nothing
/// but its keys and commands, and use TLS where the line is not yours (`rediss://`, with the feature `rustls` or
/// `native-tls`; an authority of your own is given by [`tls`](Self::tls)):
///
/// ```text
/// ACL SETUSER stablelink on >password ~stablelink:token:* +eval +hmget +hget +hset +get +set +del +pexpire +time
/// ```
///
/// Keys are the prefix, the origin of the gateway and a hash of the api key; three for each account. They end by
/// themselves, the token with its refresh token. A Redis that restarts empty costs one renewal, no more:
/// generations begin at the time of its clock, in milliseconds since 1970. Of several Redis servers only one may be
/// written to: a replica that takes over without the last writes may give a lock out twice, which costs one renewal too.
///
/// It connects when it is first used, and anew after a failure. While Redis is gone, clients go on with the token that
/// they hold, then calls fail with [`ErrorKind::Store`](crate::ErrorKind::Store).
///
/// ```no_run
/// use stablelink::{Client, Credentials, Environment, RedisStore};
///
/// # fn example() -> Result<(), stablelink::Error> {
/// let client = Client::builder()
///     .environment(Environment::Sandbox)
///     .credentials(Credentials::from_env()?)
///     .token_store(RedisStore::connect("redis://127.0.0.1:6379/0")?)
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub struct RedisStore {
    link: Link,
    prefix: String,
}

/// How long what is kept lasts at most, whatever its ends are said to be.
const LONGEST: u64 = 31 * 24 * 60 * 60 * 1_000;

impl RedisStore {
    /// Keeps tokens in the Redis at this address, such as `rediss://user:password@host:6379/0`.
    ///
    /// # Errors
    ///
    /// An address that is none. Whether someone is there shows at the first token.
    pub fn connect(address: &str) -> Result<Self, Error> {
        Ok(Self {
            link: Link::new(address)?,
            prefix: "stablelink:token:".to_owned(),
        })
    }

    /// Whom it trusts, and as whom it presents itself, over `rediss://`.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) of an address without TLS, and of certificates or keys that are
    /// none.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn tls(mut self, tls: &RedisTls) -> Result<Self, Error> {
        self.link = self.link.tls(tls)?;
        Ok(self)
    }

    /// What its keys begin with; `stablelink:token:` by default.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long one question to Redis may take, a new connection included; 2 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.link.timeout = timeout;
        self
    }

    /// In braces, so that a cluster keeps the keys of an account together, as scripts need it.
    fn name(&self, key: &StoreKey, of: &str) -> String {
        format!("{}{{{key}}}{of}", self.prefix)
    }

    fn script(&self, script: &str, key: &StoreKey, names: &[&str]) -> Cmd {
        let mut command = cmd("EVAL");
        command.arg(script).arg(names.len());
        for name in names {
            command.arg(self.name(key, name));
        }
        command
    }
}

const TOKEN: &str = "";
const LOCK: &str = ":lock";
const FENCE: &str = ":fence";

impl TokenStore for RedisStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<StoredToken>, StoreError>> {
        Box::pin(async move {
            let mut command = cmd("HMGET");
            command.arg(self.name(key, TOKEN)).arg("json").arg("ended");
            let (text, ended): (Option<String>, Option<u8>) = self.link.ask(&command).await?;
            let Some(text) = text else { return Ok(None) };
            let token = StoredToken::from_json(&text)?;
            Ok(token.map(|token| {
                if ended.is_some() {
                    token.ended()
                } else {
                    token
                }
            }))
        })
    }

    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        life: Duration,
    ) -> BoxFuture<'a, Result<Option<RefreshLock>, StoreError>> {
        Box::pin(async move {
            let mut command = self.script(scripts::LOCK, key, &[LOCK, FENCE]);
            let life = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
            command.arg(owner).arg(life.clamp(1, LONGEST));
            let generation: Option<u64> = self.link.ask(&command).await?;
            Ok(generation.map(|generation| RefreshLock::new(owner, generation)))
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        token: &'a StoredToken,
        lease: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let now = unix_millis(SystemTime::now());
            let life = token.forget_at_ms().saturating_sub(now);
            let mut command = self.script(scripts::SAVE, key, &[TOKEN, FENCE]);
            command
                .arg(lease.generation())
                .arg(token.to_json()?.expose_secret())
                .arg(life.clamp(1_000, LONGEST));
            Ok(self.link.ask(&command).await?)
        })
    }

    fn unlock<'a>(
        &'a self,
        key: &'a StoreKey,
        lease: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut command = self.script(scripts::UNLOCK, key, &[LOCK]);
            command.arg(lease.owner());
            let _: u8 = self.link.ask(&command).await?;
            Ok(())
        })
    }

    fn invalidate<'a>(
        &'a self,
        key: &'a StoreKey,
        generation: u64,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut command = self.script(scripts::INVALIDATE, key, &[TOKEN]);
            command.arg(generation);
            let _: u8 = self.link.ask(&command).await?;
            Ok(())
        })
    }
}

impl From<LinkError> for StoreError {
    fn from(error: LinkError) -> Self {
        let told = Self::new(error.to_string());
        if error.is_passing() {
            told
        } else {
            told.lasting()
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
    fn addresses_are_checked_and_not_shown() {
        for (address, good) in [
            ("redis://127.0.0.1:6379/0", true),
            ("redis://user:hidden@127.0.0.1", true),
            ("", false),
            ("127.0.0.1:6379", false),
            ("http://user:hidden@127.0.0.1", false),
            ("redis://user:hidden@127.0.0.1:x", false),
            ("rediss://user:hidden@127.0.0.1/#insecure", false),
        ] {
            let store = RedisStore::connect(address);
            assert_eq!(store.is_ok(), good, "{address}");
            let shown = match &store {
                Ok(store) => format!("{store:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("hidden"), "{shown}");
        }
    }

    #[test]
    fn names_hold_the_gateway_and_the_account() {
        let store = RedisStore::connect("redis://127.0.0.1").unwrap();
        let key = StoreKey::new("https://pay.example", "0f3a");
        assert_eq!(
            store.name(&key, LOCK),
            "stablelink:token:{https://pay.example|0f3a}:lock"
        );
        let store = store.prefix("mine:");
        assert_eq!(store.name(&key, TOKEN), "mine:{https://pay.example|0f3a}");
    }
}
