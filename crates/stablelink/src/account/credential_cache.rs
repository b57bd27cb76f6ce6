//! Cached credentials, reloaded from their source.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::KnownSecrets;
use super::credentials::{CredentialSource, ResolvedCredentials};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};

/// Cached credentials. The source is called before every token refresh, and before a call if the credentials are older than
/// [`MAX_AGE`]. While the source fails, calls use the cached credentials.
pub(crate) struct CredentialCache {
    source: Box<dyn CredentialSource>,
    clock: Arc<dyn Clock>,
    secrets: Arc<KnownSecrets>,
    cached: Mutex<Option<CachedCredentials>>,
    /// A lock that is held while the source is called.
    loading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct CachedCredentials {
    credentials: Arc<ResolvedCredentials>,
    /// The monotonic time at which the source is called again.
    fresh_until: Duration,
}

/// The longest time until a changed sign key is used.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The longest time that a call with cached credentials waits for the source.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(5);

/// The delay before the source is called again after a failure, so that one call does it and not all of them.
const RETRY_DELAY: Duration = Duration::from_secs(5);

impl CredentialCache {
    pub(crate) fn new(
        source: impl CredentialSource,
        clock: Arc<dyn Clock>,
        secrets: Arc<KnownSecrets>,
    ) -> Self {
        Self {
            source: Box::new(source),
            clock,
            secrets,
            cached: Mutex::new(None),
            loading: tokio::sync::Mutex::new(()),
        }
    }

    /// Returns the cached credentials, reloaded if they are too old.
    pub(crate) async fn current(&self) -> Result<Arc<ResolvedCredentials>, Error> {
        if let Some(credentials) = self.fresh() {
            return Ok(credentials);
        }
        let loaded = async {
            let _loading = self.loading.lock().await;
            // Another call may have reloaded the credentials while this call waited for the lock.
            match self.fresh() {
                Some(credentials) => Ok(credentials),
                None => self.load().await,
            }
        };
        if self.lock().is_none() {
            return loaded.await;
        }
        let loaded = tokio::select! {
            biased;
            loaded = loaded => loaded,
            () = self.clock.alarm(SOURCE_TIMEOUT) => {
                Err(Error::new(ErrorKind::Timeout).retryable(true))
            }
        };
        loaded.or_else(|error| self.reuse_stale(error))
    }

    /// Loads the credentials from the source.
    pub(crate) async fn reload(&self) -> Result<Arc<ResolvedCredentials>, Error> {
        let _loading = self.loading.lock().await;
        self.load().await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<CachedCredentials>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self) -> Option<Arc<ResolvedCredentials>> {
        let now = self.clock.monotonic();
        self.lock()
            .as_ref()
            .filter(|cached| now < cached.fresh_until)
            .map(|cached| Arc::clone(&cached.credentials))
    }

    /// Keeps the cached credentials in use for [`RETRY_DELAY`] and returns them, if there are any: a source that is down
    /// must not stop calls. No token is requested while the source fails, because a token request uses
    /// [`reload`](Self::reload).
    fn reuse_stale(&self, error: Error) -> Result<Arc<ResolvedCredentials>, Error> {
        let mut cached = self.lock();
        let Some(cached) = cached.as_mut() else {
            return Err(error);
        };
        cached.fresh_until = self.clock.monotonic().saturating_add(RETRY_DELAY);
        tracing::warn!(%error, "the credential source failed; the cached credentials are used");
        Ok(Arc::clone(&cached.credentials))
    }

    async fn load(&self) -> Result<Arc<ResolvedCredentials>, Error> {
        let credentials = self.source.credentials().await.map_err(|error| {
            // Retryable: nothing was sent, and the source may recover.
            Error::configuration("the credential source failed")
                .because(error)
                .retryable(true)
        })?;
        credentials.remember_in(&self.secrets);
        let credentials = Arc::new(credentials.resolve()?);
        *self.lock() = Some(CachedCredentials {
            credentials: Arc::clone(&credentials),
            fresh_until: self.clock.monotonic().saturating_add(MAX_AGE),
        });
        Ok(credentials)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::SystemTime;

    use super::*;
    use crate::Credentials;
    use crate::testing::ManualClock;

    fn cache(source: impl CredentialSource, clock: &ManualClock) -> CredentialCache {
        CredentialCache::new(source, Arc::new(clock.clone()), Arc::default())
    }

    #[tokio::test]
    async fn source_is_called_after_max_age_and_for_each_reload() {
        let calls = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&calls);
        let source = move || {
            let number = count.fetch_add(1, Ordering::Relaxed);
            async move { Ok(Credentials::new(format!("key-{number}"), "secret", "sign")) }
        };
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let cache = cache(source, &clock);
        let first = cache.current().await.unwrap().account.clone();
        assert_eq!(cache.current().await.unwrap().account, first);
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        clock.advance(MAX_AGE);
        assert_ne!(cache.current().await.unwrap().account, first);
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        cache.reload().await.unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn failing_source_fails_reload_but_not_current() {
        let calls = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&calls);
        let source = move || {
            let number = count.fetch_add(1, Ordering::Relaxed);
            async move {
                match number {
                    0 | 5.. => Ok(Credentials::new(format!("key-{number}"), "secret", "sign")),
                    // Invalid credentials count as a failure.
                    3 => Ok(Credentials::new("key", "secret", "")),
                    _ => Err("the source is down".into()),
                }
            }
        };
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let cache = cache(source, &clock);
        let first = cache.current().await.unwrap().account.clone();
        // Each entry has the time that passes and the number of source calls so far.
        for (elapsed, expected) in [(MAX_AGE, 2), (RETRY_DELAY, 3), (RETRY_DELAY, 4)] {
            clock.advance(elapsed);
            for _ in 0..9 {
                assert_eq!(cache.current().await.unwrap().account, first);
            }
            assert_eq!(calls.load(Ordering::Relaxed), expected);
        }
        assert!(cache.reload().await.is_err());
        assert_eq!(cache.current().await.unwrap().account, first);
        clock.advance(RETRY_DELAY);
        assert_ne!(cache.current().await.unwrap().account, first);
        assert_eq!(calls.load(Ordering::Relaxed), 6);
    }

    /// Without cached credentials, only the deadline of the call ends the wait. A call that is dropped releases the lock.
    #[tokio::test]
    async fn hanging_source_delays_calls_only_briefly() {
        let calls = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&calls);
        let source = move || {
            let number = count.fetch_add(1, Ordering::Relaxed);
            async move {
                if number.is_multiple_of(2) {
                    std::future::pending::<()>().await;
                }
                Ok(Credentials::new(format!("key-{number}"), "secret", "sign"))
            }
        };
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let cache = Arc::new(cache(source, &clock));
        let call = || {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move { cache.current().await.unwrap().account.clone() })
        };
        let yield_often = async || {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        };
        let dropped = call();
        yield_often().await;
        clock.advance(10 * MAX_AGE);
        yield_often().await;
        assert!(!dropped.is_finished());
        dropped.abort();
        let first = call().await.unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 2);

        clock.advance(MAX_AGE);
        let waiting = [call(), call(), call()];
        yield_often().await;
        assert!(waiting.iter().all(|call| !call.is_finished()));
        clock.advance(SOURCE_TIMEOUT);
        yield_often().await;
        assert!(waiting.iter().all(tokio::task::JoinHandle::is_finished));
        for call in waiting {
            assert_eq!(call.await.unwrap(), first);
        }
        assert_eq!(calls.load(Ordering::Relaxed), 3);
        clock.advance(RETRY_DELAY);
        let second = call().await.unwrap();
        assert_ne!(second, first);

        // The same holds if a token refresh is waiting for the source.
        let refresh = {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move { cache.reload().await.map(drop) })
        };
        yield_often().await;
        assert_eq!(calls.load(Ordering::Relaxed), 5);
        clock.advance(MAX_AGE);
        let waiting = call();
        yield_often().await;
        clock.advance(SOURCE_TIMEOUT);
        yield_often().await;
        assert!(waiting.is_finished());
        assert_eq!(waiting.await.unwrap(), second);
        assert!(!refresh.is_finished());
    }

    #[tokio::test]
    async fn failing_source_is_reported_and_called_again() {
        let source = || async { Err("the source is down".into()) };
        let cache = cache(source, &ManualClock::new(SystemTime::UNIX_EPOCH));
        for _ in 0..2 {
            let error = cache.current().await.err().unwrap();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert_eq!(cause, "the source is down");
        }
    }
}
