//! One refresh: lock the store, request a token, save it, unlock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tracing::{debug, warn};
use uuid::Uuid;

use super::bearer_token::BearerToken;
use super::cooldown::TokenCooldown;
use super::settings::TokenSettings;
use super::store::{RefreshLock, StoreError, StoreKey, StoredToken, TokenStore};
use crate::backoff::Backoff;
use crate::clock::{BoxFuture, Clock};
use crate::{Error, ErrorKind};

/// Requests tokens from the gateway.
pub(crate) trait TokenSource: Send + Sync + 'static {
    /// Returns the account of the current credentials: a hash of the API key. Read at each refresh, because credentials may
    /// be rotated.
    fn account(&self) -> BoxFuture<'_, Result<String, Error>>;

    /// Requests a token for the API key and secret of this account. Fails if the credentials now belong to another account,
    /// because the token is stored under this one. The new token invalidates the current one in all processes.
    fn by_credentials<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<IssuedToken, TokenSourceError>>;

    /// Requests a token for a refresh token.
    fn by_refresh_token<'a>(
        &'a self,
        token: &'a SecretString,
    ) -> BoxFuture<'a, Result<IssuedToken, TokenSourceError>>;
}

/// A token in a response of the gateway.
#[derive(Clone)]
pub(crate) struct IssuedToken {
    pub(crate) access_token: SecretString,
    /// The lifetime from the time of the response; may be zero.
    pub(crate) expires_in: Duration,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) refresh_expires_in: Option<Duration>,
}

/// Why a token request failed.
#[derive(Debug)]
pub(crate) enum TokenSourceError {
    /// The gateway rejected the request; the same request will fail again.
    Rejected(Error),
    /// There is no usable response; the same request may succeed.
    Unavailable(Error),
}

/// Why a token is refreshed.
#[derive(Clone, Copy, Debug)]
pub(super) enum RefreshReason {
    /// The current token is valid, and no call waits.
    Early,
    /// There is no valid token.
    Required,
    /// The gateway rejected a call, perhaps because of the token.
    Ambiguous,
}

/// Refreshes the token. [`TokenManager`](super::TokenManager) runs one refresh at a time.
pub(super) struct TokenRefresher {
    source: Arc<dyn TokenSource>,
    store: Arc<dyn TokenStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: TokenSettings,
    environment: String,
    random: fn() -> f64,
    held: RwLock<Option<BearerToken>>,
    cooldown: Mutex<TokenCooldown>,
    /// The refresh token that the gateway rejected last. Other processes may still store it.
    rejected_refresh_token: Mutex<Option<SecretString>>,
}

/// Why a refresh with the store failed.
enum RefreshError {
    Store(StoreError),
    Other(Error),
}

impl From<StoreError> for RefreshError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for RefreshError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// Replaces a shorter lifetime: a token with `expires_in: 0` is sent, and at worst rejected.
const MIN_LIFETIME: Duration = Duration::from_secs(1);

/// Replaces a longer lifetime, whether the gateway or a store gives it: the clock may have jumped since the token was stored.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

const MAX_REFRESH_TOKEN_LIFETIME: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Replaces a longer `Retry-After`, so that no response can disable a client for good.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(5 * 60);

/// The delay before the store is read again while another process holds the lock.
const LOCK_BACKOFF: Backoff = Backoff::new(Duration::from_millis(25), Duration::from_millis(400));

impl TokenRefresher {
    pub(super) fn new(
        source: Arc<dyn TokenSource>,
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        settings: TokenSettings,
        environment: String,
        random: fn() -> f64,
    ) -> Self {
        Self {
            source,
            store,
            clock,
            settings,
            environment,
            random,
            held: RwLock::new(None),
            cooldown: Mutex::default(),
            rejected_refresh_token: Mutex::new(None),
        }
    }

    /// Returns the newest token, which may have expired.
    pub(super) fn held(&self) -> Option<BearerToken> {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn allow_ambiguous(&self, now: Duration) -> bool {
        self.cooldown().allow_ambiguous(&self.settings, now)
    }

    /// Returns a token that another process has stored, or a new one.
    pub(super) async fn refresh(&self, reason: RefreshReason) -> Result<BearerToken, Error> {
        let timeout = self.settings.lock_timeout + self.settings.lock_ttl;
        let result = tokio::select! {
            biased;
            result = self.refresh_without_timeout(reason) => result,
            () = self.clock.alarm(timeout) => Err(Error::new(ErrorKind::Timeout).retryable(true)),
        };
        match &result {
            Ok(token) => debug!(generation = token.generation(), ?reason, "token refreshed"),
            Err(error) => warn!(%error, ?reason, "token refresh failed"),
        }
        result
    }

    async fn refresh_without_timeout(&self, reason: RefreshReason) -> Result<BearerToken, Error> {
        let mut key = self.key().await?;
        let mut result = self.refresh_in_store(&key, reason).await;
        // The credentials may have changed during the wait for another process. Then the account is another one.
        if matches!(&result, Err(RefreshError::Other(error)) if matches!(error.kind(), ErrorKind::Configuration { .. }))
        {
            let current = self.key().await?;
            if current != key {
                key = current;
                result = self.refresh_in_store(&key, reason).await;
            }
        }
        match result {
            Ok(token) => Ok(token),
            Err(RefreshError::Other(error)) => Err(error),
            Err(RefreshError::Store(error)) => {
                // While the current token is valid, no new token may invalidate it.
                if self.settings.allow_unshared_token && matches!(reason, RefreshReason::Required) {
                    warn!(%error, "the token store failed; requesting a token that is not shared");
                    return self.refresh_unshared(&key).await;
                }
                Err(error.into())
            }
        }
    }

    async fn key(&self) -> Result<StoreKey, Error> {
        let account = self.source.account().await?;
        Ok(StoreKey::new(&*self.environment, account))
    }

    async fn refresh_in_store(
        &self,
        key: &StoreKey,
        reason: RefreshReason,
    ) -> Result<BearerToken, RefreshError> {
        let deadline = self.clock.monotonic() + self.settings.lock_timeout;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let stored = self.store.load(key).await?;
            if let Some(token) = self.adopt(key, stored.as_ref()) {
                return Ok(token);
            }
            self.check_cooldown(key)?;
            if let Some(stored) = stored.filter(|stored| self.is_valid_but_rejected(stored)) {
                self.store.invalidate(key, stored.generation()).await?;
            }
            // Each refresh is a separate owner: a cancelled one must not release the lock of a later one.
            let owner = Uuid::new_v4().to_string();
            let lock = self.store.lock(key, &owner, self.settings.lock_ttl).await?;
            if let Some(lock) = lock {
                let result = self.refresh_locked(key, &lock, reason).await;
                if let Err(error) = self.store.unlock(key, &lock).await {
                    debug!(%error, "the lock of the token store could not be released; it expires");
                }
                if let Some(token) = result? {
                    return Ok(token);
                }
            }
            if matches!(reason, RefreshReason::Early) || self.clock.monotonic() >= deadline {
                return Err(Error::new(ErrorKind::Store {
                    problem: "the token store: timed out waiting for another process to refresh the token"
                        .into(),
                })
                .retryable(true)
                .into());
            }
            self.clock
                .sleep(LOCK_BACKOFF.centered_jitter(attempt, (self.random)()))
                .await;
        }
    }

    /// Returns `None` if another process has taken over the lock. Its token is the one to wait for.
    async fn refresh_locked(
        &self,
        key: &StoreKey,
        lock: &RefreshLock,
        reason: RefreshReason,
    ) -> Result<Option<BearerToken>, RefreshError> {
        // Another process may have refreshed and unlocked since the first read.
        let stored = self.store.load(key).await?;
        if let Some(token) = self.adopt(key, stored.as_ref()) {
            return Ok(Some(token));
        }
        let (to_store, token) = self.request(key, lock.generation(), stored, reason).await?;
        let mut saved = self.store.save(key, &to_store, lock).await;
        if saved.is_err() {
            saved = self.store.save(key, &to_store, lock).await;
        }
        match saved {
            Ok(false) => {
                debug!("the lock of the token store expired, and another process took it over");
                return Ok(None);
            }
            Ok(true) => {}
            // The new token is used although it is not shared: it has invalidated the previous one.
            Err(error) => warn!(%error, "the new token could not be saved for other processes"),
        }
        self.hold(&token);
        Ok(Some(token))
    }

    async fn refresh_unshared(&self, key: &StoreKey) -> Result<BearerToken, Error> {
        self.check_cooldown(key)?;
        let generation = self.held().map_or(1, |held| held.generation() + 1);
        let (_, token) = self
            .request(key, generation, None, RefreshReason::Required)
            .await?;
        self.hold(&token);
        Ok(token)
    }

    /// Fails if the gateway must not be asked now.
    fn check_cooldown(&self, key: &StoreKey) -> Result<(), Error> {
        let now = self.clock.monotonic();
        let rejected = self.held().is_some_and(|held| held.is_rejected());
        let mut cooldown = self.cooldown();
        cooldown.check(key.account(), now)?;
        if rejected {
            cooldown.check_rejected(&self.settings, now)?;
        }
        Ok(())
    }

    /// Requests a token from the gateway.
    async fn request(
        &self,
        key: &StoreKey,
        generation: u64,
        stored: Option<StoredToken>,
        reason: RefreshReason,
    ) -> Result<(StoredToken, BearerToken), Error> {
        // A request that takes longer than the lock TTL would run concurrently with that of the next holder.
        let issued = tokio::select! {
            biased;
            issued = self.request_by_either(key, stored.as_ref(), reason) => issued?,
            () = self.clock.alarm(self.settings.lock_ttl) => {
                return Err(Error::new(ErrorKind::Timeout).retryable(true));
            }
        };
        let now = self.clock.now();
        let lifetime = issued.expires_in.clamp(MIN_LIFETIME, MAX_LIFETIME);
        let mut to_store = StoredToken::new(generation, issued.access_token, now + lifetime);
        if let Some(refresh_token) = issued.refresh_token {
            let expires_at = issued
                .refresh_expires_in
                .map(|lifetime| now + lifetime.min(MAX_REFRESH_TOKEN_LIFETIME));
            to_store = to_store.with_refresh(refresh_token, expires_at);
        }
        let token = self
            .bearer(key, &to_store, lifetime)
            .map_err(|error| self.start_cooldown(key, self.settings.cooldown, error))?;
        if self.held().is_some_and(|held| held.is_rejected()) {
            self.cooldown().count_rejected(self.clock.monotonic());
        }
        Ok((to_store, token))
    }

    /// Requests a token by the stored refresh token, or by credentials.
    async fn request_by_either(
        &self,
        key: &StoreKey,
        stored: Option<&StoredToken>,
        reason: RefreshReason,
    ) -> Result<IssuedToken, Error> {
        let refresh_token = stored.and_then(|stored| stored.valid_refresh(self.clock.now()));
        if let Some(refresh_token) = refresh_token.filter(|token| !self.was_rejected(token)) {
            match self.source.by_refresh_token(refresh_token).await {
                Ok(mut issued) => {
                    // A response without a refresh token does not invalidate the previous one.
                    if issued.refresh_token.is_none() {
                        issued.refresh_token = Some(refresh_token.clone());
                        issued.refresh_expires_in =
                            stored.and_then(|stored| stored.refresh_lifetime(self.clock.now()));
                    }
                    return Ok(issued);
                }
                Err(TokenSourceError::Rejected(error)) => {
                    debug!(%error, "the refresh token was rejected");
                    *self.rejected_refresh_token() = Some(refresh_token.clone());
                }
                // While the token is valid, the refresh token can be tried again later. After a `Retry-After` nothing else
                // is requested either.
                Err(TokenSourceError::Unavailable(error))
                    if !matches!(reason, RefreshReason::Required)
                        || error.retry_after().is_some() =>
                {
                    return Err(self.honour_retry_after(key, error));
                }
                Err(TokenSourceError::Unavailable(error)) => {
                    debug!(%error, "the request with the refresh token failed");
                }
            }
        }
        match self.source.by_credentials(key.account()).await {
            Ok(issued) => Ok(issued),
            Err(TokenSourceError::Unavailable(error)) => Err(self.honour_retry_after(key, error)),
            Err(TokenSourceError::Rejected(error)) => {
                Err(self.start_cooldown(key, self.settings.cooldown, error))
            }
        }
    }

    /// Starts a cooldown if the error has a `Retry-After`: other errors of this kind may disappear immediately.
    fn honour_retry_after(&self, key: &StoreKey, error: Error) -> Error {
        match error.retry_after() {
            Some(delay) => self.start_cooldown(key, delay.min(MAX_RETRY_AFTER), error),
            None => error,
        }
    }

    fn start_cooldown(&self, key: &StoreKey, duration: Duration, error: Error) -> Error {
        let until = self.clock.monotonic() + duration;
        self.cooldown().start(key.account(), until, error.copy());
        error
    }

    /// Uses a stored token if it is valid and newer than the current one.
    fn adopt(&self, key: &StoreKey, stored: Option<&StoredToken>) -> Option<BearerToken> {
        let stored = stored?;
        let lifetime = stored.lifetime(self.clock.now()).min(MAX_LIFETIME);
        let newer = self
            .held()
            .is_none_or(|held| held.is_older_than(key.account(), stored));
        if lifetime.is_zero() || !newer {
            return None;
        }
        // A token that cannot be sent is ignored.
        let token = self.bearer(key, stored, lifetime).ok()?;
        self.hold(&token);
        Some(token)
    }

    fn bearer(
        &self,
        key: &StoreKey,
        token: &StoredToken,
        lifetime: Duration,
    ) -> Result<BearerToken, Error> {
        let refresh_after = self.settings.refresh_share((self.random)());
        BearerToken::new(key.account(), token, lifetime, refresh_after, &*self.clock)
    }

    fn hold(&self, token: &BearerToken) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
    }

    /// Returns whether other processes would still use this token, which the gateway has rejected.
    fn is_valid_but_rejected(&self, stored: &StoredToken) -> bool {
        !stored.lifetime(self.clock.now()).is_zero()
            && self
                .held()
                .is_some_and(|held| held.is_rejected() && held.is_stored_as(stored))
    }

    fn was_rejected(&self, refresh_token: &SecretString) -> bool {
        self.rejected_refresh_token()
            .as_ref()
            .is_some_and(|rejected| rejected.expose_secret() == refresh_token.expose_secret())
    }

    fn cooldown(&self) -> MutexGuard<'_, TokenCooldown> {
        self.cooldown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rejected_refresh_token(&self) -> MutexGuard<'_, Option<SecretString>> {
        self.rejected_refresh_token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
