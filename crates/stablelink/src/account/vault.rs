//! Credentials at hand, asked for anew from time to time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::credentials::{CredentialSource, Ready};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};

/// Credentials at hand. The source is asked before every renewal of the token, and before a call if it was not asked for
/// [`KEPT`]; calls meanwhile go on with those at hand, and also while the source fails.
pub(crate) struct Vault {
    source: Box<dyn CredentialSource>,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<Held>>,
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Held {
    ready: Arc<Ready>,
    /// When the source is asked again, by the monotonic time of the clock.
    until: Duration,
}

/// A sign key that was changed is in use after this time at most.
const KEPT: Duration = Duration::from_secs(60);

/// A source that does not answer holds calls up for this time where there are credentials at hand.
const PATIENCE: Duration = Duration::from_secs(5);

/// A source that failed is asked again after this time, by one call and not by all that are made.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

impl Vault {
    pub(crate) fn new(source: impl CredentialSource, clock: Arc<dyn Clock>) -> Self {
        Self {
            source: Box::new(source),
            clock,
            held: Mutex::new(None),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// Those at hand, or asked for if they were kept long enough.
    pub(crate) async fn current(&self) -> Result<Arc<Ready>, Error> {
        if let Some(ready) = self.held() {
            return Ok(ready);
        }
        let asked = async {
            let _asking = self.asking.lock().await;
            // Another call may have asked while this one waited.
            match self.held() {
                Some(ready) => Ok(ready),
                None => self.ask().await,
            }
        };
        if !self.has_any() {
            return asked.await;
        }
        let asked = tokio::select! {
            biased;
            asked = asked => asked,
            () = self.clock.alarm(PATIENCE) => Err(Error::new(ErrorKind::Timeout).retryable(true)),
        };
        asked.or_else(|error| self.go_on(error))
    }

    /// Asked for now.
    pub(crate) async fn anew(&self) -> Result<Arc<Ready>, Error> {
        let _asking = self.asking.lock().await;
        self.ask().await
    }

    fn held(&self) -> Option<Arc<Ready>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.monotonic();
        held.as_ref()
            .filter(|held| now < held.until)
            .map(|held| Arc::clone(&held.ready))
    }

    fn has_any(&self) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.is_some()
    }

    /// Those at hand for a while longer, if there are any: a source that is down must not stop calls that it has nothing new
    /// for. No token is got meanwhile, which [`anew`](Self::anew) sees to.
    fn go_on(&self, error: Error) -> Result<Arc<Ready>, Error> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = held.as_mut() else {
            return Err(error);
        };
        held.until = self.clock.monotonic().saturating_add(AFTER_FAILURE);
        tracing::warn!(%error, "the source of credentials failed; those at hand are used on");
        Ok(Arc::clone(&held.ready))
    }

    async fn ask(&self) -> Result<Arc<Ready>, Error> {
        let credentials = self.source.credentials().await.map_err(|error| {
            let problem = "the credentials could not be had from their source".into();
            // A vault that is closed may open again, and nothing was sent.
            Error::new(ErrorKind::Configuration { problem })
                .because(error)
                .retryable(true)
        })?;
        let ready = Arc::new(credentials.ready()?);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Held {
            ready: Arc::clone(&ready),
            until: self.clock.monotonic().saturating_add(KEPT),
        });
        Ok(ready)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::SystemTime;

    use super::*;
    use crate::Credentials;
    use crate::testing::ManualClock;

    #[tokio::test]
    async fn the_source_is_asked_anew_after_a_while_and_for_each_token() {
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let source = move || {
            let turn = count.fetch_add(1, Ordering::Relaxed);
            async move { Ok(Credentials::new(format!("key-{turn}"), "secret", "sign")) }
        };
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let vault = Vault::new(source, Arc::new(clock.clone()));
        let first = vault.current().await.unwrap().account.clone();
        assert_eq!(vault.current().await.unwrap().account, first);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        clock.advance(KEPT);
        assert_ne!(vault.current().await.unwrap().account, first);
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        vault.anew().await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_source_that_is_down_stops_no_call_but_every_token() {
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let source = move || {
            let turn = count.fetch_add(1, Ordering::Relaxed);
            async move {
                match turn {
                    0 | 5.. => Ok(Credentials::new(format!("key-{turn}"), "secret", "sign")),
                    // What can't be used is as bad as nothing.
                    3 => Ok(Credentials::new("key", "secret", "")),
                    _ => Err("the vault is sealed".into()),
                }
            }
        };
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let vault = Vault::new(source, Arc::new(clock.clone()));
        let first = vault.current().await.unwrap().account.clone();
        // By the time that passes: how often the source was asked so far.
        for (passed, questions) in [(KEPT, 2), (AFTER_FAILURE, 3), (AFTER_FAILURE, 4)] {
            clock.advance(passed);
            for _ in 0..9 {
                assert_eq!(vault.current().await.unwrap().account, first);
            }
            assert_eq!(asked.load(Ordering::Relaxed), questions);
        }
        assert!(vault.anew().await.is_err());
        assert_eq!(vault.current().await.unwrap().account, first);
        clock.advance(AFTER_FAILURE);
        assert_ne!(vault.current().await.unwrap().account, first);
        assert_eq!(asked.load(Ordering::Relaxed), 6);
    }

    /// Without credentials at hand it is the deadline of the call that ends the wait; who goes hinders nobody.
    #[tokio::test]
    async fn a_source_that_hangs_holds_nobody_for_long() {
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let source = move || {
            let turn = count.fetch_add(1, Ordering::Relaxed);
            async move {
                if turn.is_multiple_of(2) {
                    std::future::pending::<()>().await;
                }
                Ok(Credentials::new(format!("key-{turn}"), "secret", "sign"))
            }
        };
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let vault = Arc::new(Vault::new(source, Arc::new(clock.clone())));
        let call = || {
            let vault = Arc::clone(&vault);
            tokio::spawn(async move { vault.current().await.unwrap().account.clone() })
        };
        let turns = async || {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        };
        let gone = call();
        turns().await;
        clock.advance(10 * KEPT);
        turns().await;
        assert!(!gone.is_finished());
        gone.abort();
        let first = call().await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 2);

        clock.advance(KEPT);
        let waiting = [call(), call(), call()];
        turns().await;
        assert!(waiting.iter().all(|call| !call.is_finished()));
        clock.advance(PATIENCE);
        turns().await;
        assert!(waiting.iter().all(tokio::task::JoinHandle::is_finished));
        for call in waiting {
            assert_eq!(call.await.unwrap(), first);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        clock.advance(AFTER_FAILURE);
        let second = call().await.unwrap();
        assert_ne!(second, first);

        // Nor where it is a renewal of the token that waits for it.
        let renewal = {
            let vault = Arc::clone(&vault);
            tokio::spawn(async move { vault.anew().await.map(drop) })
        };
        turns().await;
        assert_eq!(asked.load(Ordering::Relaxed), 5);
        clock.advance(KEPT);
        let waiting = call();
        turns().await;
        clock.advance(PATIENCE);
        turns().await;
        assert!(waiting.is_finished());
        assert_eq!(waiting.await.unwrap(), second);
        assert!(!renewal.is_finished());
    }

    #[tokio::test]
    async fn a_source_that_fails_is_named_and_asked_again() {
        let source = || async { Err("the vault is sealed".into()) };
        let vault = Vault::new(source, Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH)));
        for _ in 0..2 {
            let error = vault.current().await.err().unwrap();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert_eq!(cause, "the vault is sealed");
        }
    }
}
