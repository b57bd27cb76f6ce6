//! One refresh: lock the store, request a token, save it, unlock.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tracing::{debug, warn};

use super::TokenSettings;
use super::bearer_token::BearerToken;
use super::cooldown::TokenCooldown;
use super::refresh_guard::{EXTENSION_INTERVAL, RefreshGuard};
use super::store::{StoreError, StoreKey, StoredToken, TokenStore};
use crate::account::KnownSecrets;
use crate::backoff::Backoff;
use crate::clock::{BoxFuture, Clock};
use crate::{Error, ErrorKind};

/// Requests tokens from the gateway.
pub(crate) trait TokenSource: Send + Sync + 'static {
    /// Returns the account of the current credentials: a hash of the API key. The credentials are read at each refresh,
    /// because they may be rotated.
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

/// The reason why a token request failed.
#[derive(Debug)]
pub(crate) enum TokenSourceError {
    /// The gateway rejected the request; the same request will fail again.
    Rejected(Error),
    /// There is no usable response; the same request may succeed.
    Unavailable(Error),
}

/// The reason why a token is refreshed.
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
    secrets: Arc<KnownSecrets>,
    environment: String,
    /// Returns random numbers from 0 to 1.
    pub(super) random: fn() -> f64,
    held: RwLock<Option<BearerToken>>,
    cooldown: Mutex<TokenCooldown>,
    /// The refresh token that the gateway rejected last. Other processes may still store it.
    rejected_refresh_token: Mutex<Option<SecretString>>,
    /// The current token, if it could not be saved.
    ///
    /// Calls use it until the gateway rejects it. A rejection means that another process, which did not find the token in the
    /// store, requested a token. From then on, no token is requested until the store can be written again or the lifetime of the
    /// unsaved token has passed: otherwise, processes whose store is full would invalidate each other's tokens all the time.
    unsaved: Mutex<Option<StoredToken>>,
}

/// The reason why a refresh with the store failed.
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

/// Replaces a longer lifetime from the gateway or a store: the clock may have jumped since the token was stored.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

const MAX_REFRESH_TOKEN_LIFETIME: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Replaces a longer `Retry-After`, so that no response can disable a client for good.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(5 * 60);

/// The maximum time for which a refresh waits for a refresh in another process. It is longer than the other refresh can
/// take.
const LOCK_TIMEOUT: Duration = Duration::from_secs(40);

/// The timeout of the token requests of one refresh.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A longer wait for another process is logged.
const LOGGED_WAIT: Duration = Duration::from_secs(1);

/// The delay before the store is read again while another process holds the lock.
const LOCK_BACKOFF: Backoff = Backoff::new(Duration::from_millis(25), Duration::from_millis(400));

impl TokenRefresher {
    pub(super) fn new(
        source: Arc<dyn TokenSource>,
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        settings: TokenSettings,
        secrets: Arc<KnownSecrets>,
        environment: String,
    ) -> Self {
        Self {
            source,
            store,
            clock,
            settings,
            secrets,
            environment,
            random: fastrand::f64,
            held: RwLock::new(None),
            cooldown: Mutex::default(),
            rejected_refresh_token: Mutex::new(None),
            unsaved: Mutex::new(None),
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
        self.cooldown().allow_ambiguous(self.settings.cooldown, now)
    }

    /// Returns a token that another process has stored, or a new one.
    pub(super) async fn refresh(&self, reason: RefreshReason) -> Result<BearerToken, Error> {
        let result = tokio::select! {
            biased;
            result = self.refresh_without_timeout(reason) => result,
            () = self.clock.alarm(LOCK_TIMEOUT + REQUEST_TIMEOUT) => Err(timeout()),
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
        let start = self.clock.monotonic();
        let mut logged = false;
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
            if let Some(mut guard) = RefreshGuard::acquire(&self.store, key).await? {
                let result = self.refresh_locked(key, &mut guard, reason).await;
                guard.release().await;
                if let Some(token) = result? {
                    return Ok(token);
                }
            }
            let waited = self.clock.monotonic().saturating_sub(start);
            if !logged && waited > LOGGED_WAIT {
                logged = true;
                warn!("waiting for another process that is refreshing the token");
            }
            if matches!(reason, RefreshReason::Early) || waited >= LOCK_TIMEOUT {
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
        guard: &mut RefreshGuard,
        reason: RefreshReason,
    ) -> Result<Option<BearerToken>, RefreshError> {
        // Another process may have refreshed and unlocked since the first read.
        let stored = self.store.load(key).await?;
        if let Some(token) = self.adopt(key, stored.as_ref()) {
            return Ok(Some(token));
        }
        if let Some(rejected) = self.rejected_unsaved_token(key, reason) {
            // This save shows whether the store can be written. No process uses the expired token.
            let probe = rejected.expired_with(guard.lock().generation());
            if !self.store.save(key, &probe, guard.lock()).await? {
                return Ok(None);
            }
        }
        let issued = self
            .request(key, Some(&mut *guard), stored.as_ref(), reason)
            .await?;
        guard.confirm().await;
        if guard.was_lost().await {
            debug!("another process refreshed the token while this one was suspended");
            return Ok(None);
        }
        let lock = guard.lock();
        let (to_store, token) = self.accept(key, lock.generation(), &issued)?;
        let mut saved = self.store.save(key, &to_store, lock).await;
        if saved.is_err() {
            saved = self.store.save(key, &to_store, lock).await;
        }
        match saved {
            Ok(false) => {
                debug!("the lock of the token store expired, and another process took it over");
                return Ok(None);
            }
            Ok(true) => self.hold(&token),
            Err(error) => {
                warn!(%error, "the new token could not be saved for other processes");
                self.hold(&token);
                if !self.settings.allow_unshared_token {
                    *self.unsaved() = Some(to_store);
                }
            }
        }
        Ok(Some(token))
    }

    async fn refresh_unshared(&self, key: &StoreKey) -> Result<BearerToken, Error> {
        self.check_cooldown(key)?;
        let generation = self.held().map_or(1, |held| held.generation() + 1);
        let issued = self
            .request(key, None, None, RefreshReason::Required)
            .await?;
        let (_, token) = self.accept(key, generation, &issued)?;
        self.hold(&token);
        Ok(token)
    }

    /// Returns the current token if it belongs to this account, could not be saved, has been rejected and has not expired.
    fn rejected_unsaved_token(&self, key: &StoreKey, reason: RefreshReason) -> Option<StoredToken> {
        let held = self.held().filter(|held| held.is_of(key.account()))?;
        let is_rejected = matches!(reason, RefreshReason::Ambiguous) || held.is_rejected();
        let now = self.clock.now();
        let unsaved = self.unsaved().clone();
        unsaved.filter(|unsaved| is_rejected && !unsaved.lifetime(now).is_zero())
    }

    /// Fails if the gateway must not be asked now.
    fn check_cooldown(&self, key: &StoreKey) -> Result<(), Error> {
        let now = self.clock.monotonic();
        let rejected = self.held().is_some_and(|held| held.is_rejected());
        let mut cooldown = self.cooldown();
        cooldown.check(key.account(), now)?;
        if rejected {
            cooldown.check_rejected(self.settings.cooldown, now)?;
        }
        Ok(())
    }

    /// Requests a token from the gateway, and extends the lock meanwhile.
    async fn request(
        &self,
        key: &StoreKey,
        mut guard: Option<&mut RefreshGuard>,
        stored: Option<&StoredToken>,
        reason: RefreshReason,
    ) -> Result<IssuedToken, Error> {
        let deadline = self.clock.monotonic() + REQUEST_TIMEOUT;
        let mut request = pin!(self.request_by_either(key, stored, reason));
        let issued = loop {
            tokio::select! {
                biased;
                issued = &mut request => break issued?,
                () = self.clock.alarm(EXTENSION_INTERVAL) => {}
            }
            if self.clock.monotonic() >= deadline {
                return Err(timeout());
            }
            if let Some(guard) = &mut guard {
                guard.extend().await;
            }
        };
        let mut cooldown = self.cooldown();
        cooldown.reset_unusable();
        if self.held().is_some_and(|held| held.is_rejected()) {
            cooldown.count_rejected(self.clock.monotonic());
        }
        Ok(issued)
    }

    /// Returns an issued token in its stored form and ready to be sent.
    fn accept(
        &self,
        key: &StoreKey,
        generation: u64,
        issued: &IssuedToken,
    ) -> Result<(StoredToken, BearerToken), Error> {
        let now = self.clock.now();
        let lifetime = issued.expires_in.clamp(MIN_LIFETIME, MAX_LIFETIME);
        let mut to_store =
            StoredToken::new(generation, issued.access_token.clone(), now + lifetime);
        if let Some(refresh_token) = &issued.refresh_token {
            let expires_at = issued
                .refresh_expires_in
                .map(|lifetime| now + lifetime.min(MAX_REFRESH_TOKEN_LIFETIME));
            to_store = to_store.with_refresh(refresh_token.clone(), expires_at);
        }
        let token = self
            .bearer(key, &to_store, lifetime)
            .map_err(|error| self.start_cooldown(key, self.settings.cooldown, error))?;
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
            self.secrets.remember(refresh_token);
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
                // While the token is valid, the refresh token can be tried again later. A gateway that asks to wait gets no
                // other request, and neither does one that responded for the first time that it is not available. After
                // that, the refresh token may be the reason.
                Err(TokenSourceError::Unavailable(error))
                    if !matches!(reason, RefreshReason::Required)
                        || error.retry_after().is_some()
                        || error.raw_response().is_some() && !self.cooldown().is_unusable() =>
                {
                    return Err(self.back_off(key, error));
                }
                Err(TokenSourceError::Unavailable(error)) => {
                    debug!(%error, "the request with the refresh token failed");
                }
            }
        }
        match self.source.by_credentials(key.account()).await {
            Ok(issued) => Ok(issued),
            Err(TokenSourceError::Unavailable(error)) => Err(self.back_off(key, error)),
            Err(TokenSourceError::Rejected(error)) => {
                Err(self.start_cooldown(key, self.settings.cooldown, error))
            }
        }
    }

    /// Starts a cooldown if the gateway responded: by its `Retry-After`, or with a delay that grows with each unusable response.
    /// A failure without a response may disappear immediately.
    fn back_off(&self, key: &StoreKey, error: Error) -> Error {
        let delay = match error.retry_after() {
            Some(delay) => delay.min(MAX_RETRY_AFTER),
            None if error.raw_response().is_some()
                || matches!(error.kind(), ErrorKind::Decode(_)) =>
            {
                let delay = self.cooldown().count_unusable((self.random)());
                delay.min(self.settings.cooldown)
            }
            None => return error,
        };
        self.start_cooldown(key, delay, error)
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
        let random = (self.random)();
        BearerToken::new(key.account(), token, lifetime, random, &*self.clock)
    }

    fn hold(&self, token: &BearerToken) {
        self.secrets.remember(token.token());
        *self.unsaved() = None;
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

    fn unsaved(&self) -> MutexGuard<'_, Option<StoredToken>> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
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

fn timeout() -> Error {
    Error::new(ErrorKind::Timeout)
        .retryable(true)
        .of_token_request(0)
}

#[cfg(test)]
mod tests;
