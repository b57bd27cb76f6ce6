//! What one renewal does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tracing::{debug, warn};
use uuid::Uuid;

use super::bearer::Bearer;
use super::grant::{Grant, GrantError, Issued};
use super::pacing::Pacing;
use super::settings::TokenSettings;
use super::shared::Shared;
use super::store::{RefreshLock, StoreError, StoreKey, StoredToken, TokenStore};
use crate::clock::Clock;
use crate::{Error, ErrorKind};

/// Why a token is renewed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    /// The one that is held still lives, and nobody waits.
    Early,
    /// There is none that lives.
    Needed,
    /// The gateway refused a call, and the token may be why.
    Doubtful,
}

/// Renews the token; [`Tokens`](super::Tokens) sees to it that one renewal is under way at a time.
pub(super) struct Renewer {
    grant: Arc<dyn Grant>,
    store: Arc<dyn TokenStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: TokenSettings,
    environment: String,
    chance: fn() -> f64,
    held: RwLock<Option<Bearer>>,
    pacing: Mutex<Pacing>,
    /// The refresh token that the gateway refused last: others may still have it.
    spent: Mutex<Option<SecretString>>,
}

/// Why a renewal by way of the store gave nothing.
enum Failure {
    Store(StoreError),
    Other(Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// A life of zero is no life to work with: such a token is used for this long, and refused at worst.
const SHORTEST_LIFE: Duration = Duration::from_secs(1);

/// What lives longer by what the gateway or a store says is renewed after this time all the same: the clock may have
/// jumped since it was stored.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

const LONGEST_REFRESH_LIFE: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// A longer `Retry-After` is not kept to: whatever was meant by it, nothing is dead for good.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// Between two looks at a store whose lock another process has; doubled up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LAST_PAUSE: Duration = Duration::from_millis(400);

impl Renewer {
    pub(super) fn new(
        grant: Arc<dyn Grant>,
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        settings: TokenSettings,
        environment: String,
        chance: fn() -> f64,
    ) -> Self {
        Self {
            grant,
            store,
            clock,
            settings,
            environment,
            chance,
            held: RwLock::new(None),
            pacing: Mutex::default(),
            spent: Mutex::new(None),
        }
    }

    /// The token that came last, dead or alive.
    pub(super) fn held(&self) -> Option<Bearer> {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn may_renew_for_doubt(&self, now: Duration) -> bool {
        self.pacing().take_doubtful(&self.settings, now)
    }

    /// Gets a token: that of another process, or a new one.
    pub(super) async fn renew(&self, cause: Cause) -> Result<Bearer, Error> {
        let limit = self.settings.wait_for_other + self.settings.lock_life;
        let renewed = tokio::select! {
            biased;
            renewed = self.renew_without_limit(cause) => renewed,
            () = self.clock.alarm(limit) => Err(Error::new(ErrorKind::Timeout).retryable(true)),
        };
        match &renewed {
            Ok(bearer) => debug!(generation = bearer.generation(), ?cause, "token renewed"),
            Err(error) => warn!(%error, ?cause, "token not renewed"),
        }
        renewed
    }

    async fn renew_without_limit(&self, cause: Cause) -> Result<Bearer, Error> {
        let mut key = self.key().await?;
        let mut renewed = self.renew_in_store(&key, cause).await;
        // They may have been changed while another process was waited for: then the token of the new ones is the one to get.
        if matches!(&renewed, Err(Failure::Other(error)) if matches!(error.kind(), ErrorKind::Configuration { .. }))
        {
            let now = self.key().await?;
            if now != key {
                key = now;
                renewed = self.renew_in_store(&key, cause).await;
            }
        }
        match renewed {
            Ok(bearer) => Ok(bearer),
            Err(Failure::Other(error)) => Err(error),
            Err(Failure::Store(error)) => {
                // While a token lives, nobody needs one that would end it.
                if self.settings.private_token_without_store && matches!(cause, Cause::Needed) {
                    warn!(%error, "the token store failed; getting a token that is not shared");
                    return self.renew_privately(&key).await;
                }
                Err(error.into())
            }
        }
    }

    async fn key(&self) -> Result<StoreKey, Error> {
        let account = self.grant.account().await?;
        Ok(StoreKey::new(&*self.environment, account))
    }

    async fn renew_in_store(&self, key: &StoreKey, cause: Cause) -> Result<Bearer, Failure> {
        let end = self.clock.monotonic() + self.settings.wait_for_other;
        let mut pause = FIRST_PAUSE;
        loop {
            let stored = self.store.load(key).await?;
            if let Some(bearer) = self.adopt(key, stored.as_ref()) {
                return Ok(bearer);
            }
            self.may_ask(key)?;
            if let Some(stored) = stored.filter(|stored| self.is_news_of_refusal(stored)) {
                self.store.invalidate(key, stored.generation()).await?;
            }
            // An owner of its own for each renewal: one that was given up must not unlock what a later one locked.
            let owner = Uuid::new_v4().to_string();
            let lease = self
                .store
                .lock(key, &owner, self.settings.lock_life)
                .await?;
            if let Some(lease) = lease {
                let renewed = self.renew_locked(key, &lease, cause).await;
                if let Err(error) = self.store.unlock(key, &lease).await {
                    debug!(%error, "the lock of the token store stays until it expires");
                }
                if let Some(bearer) = renewed? {
                    return Ok(bearer);
                }
            }
            if matches!(cause, Cause::Early) || self.clock.monotonic() >= end {
                return Err(Error::new(ErrorKind::Store {
                    problem:
                        "the token store: another process has been renewing the token for too long"
                            .into(),
                })
                .retryable(true)
                .into());
            }
            self.clock
                .sleep(pause.mul_f64(0.5 + (self.chance)().clamp(0.0, 1.0)))
                .await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    /// `None` if the lock was lost to another process, whose token is the one to wait for.
    async fn renew_locked(
        &self,
        key: &StoreKey,
        lease: &RefreshLock,
        cause: Cause,
    ) -> Result<Option<Bearer>, Failure> {
        // Another process may have renewed and unlocked since the first look.
        let stored = self.store.load(key).await?;
        if let Some(bearer) = self.adopt(key, stored.as_ref()) {
            return Ok(Some(bearer));
        }
        let (token, bearer) = self.ask(key, lease.generation(), stored, cause).await?;
        let mut saved = self.store.save(key, &token, lease).await;
        if saved.is_err() {
            saved = self.store.save(key, &token, lease).await;
        }
        match saved {
            Ok(false) => {
                debug!("the lock of the token store expired, and another process took over");
                return Ok(None);
            }
            Ok(true) => {}
            // The token before has ended all the same, so that this one must serve.
            Err(error) => warn!(%error, "the new token could not be saved for others"),
        }
        self.hold(&bearer);
        Ok(Some(bearer))
    }

    async fn renew_privately(&self, key: &StoreKey) -> Result<Bearer, Error> {
        self.may_ask(key)?;
        let generation = self.held().map_or(1, |held| held.generation() + 1);
        let (_, bearer) = self.ask(key, generation, None, Cause::Needed).await?;
        self.hold(&bearer);
        Ok(bearer)
    }

    /// Whether the gateway may be asked now.
    fn may_ask(&self, key: &StoreKey) -> Result<(), Error> {
        let now = self.clock.monotonic();
        let refused = self.held().is_some_and(|held| held.is_refused());
        let mut pacing = self.pacing();
        pacing.check_cooled(key.account(), now)?;
        if refused {
            pacing.check_refused(&self.settings, now)?;
        }
        Ok(())
    }

    /// Asks the gateway for a token.
    async fn ask(
        &self,
        key: &StoreKey,
        generation: u64,
        stored: Option<StoredToken>,
        cause: Cause,
    ) -> Result<(StoredToken, Bearer), Error> {
        // Who asks longer than the lock lives asks side by side with the next one.
        let issued = tokio::select! {
            biased;
            issued = self.refresh_or_begin(key, stored.as_ref(), cause) => issued?,
            () = self.clock.alarm(self.settings.lock_life) => {
                return Err(Error::new(ErrorKind::Timeout).retryable(true));
            }
        };
        let now = self.clock.now();
        let life = issued.expires_in.clamp(SHORTEST_LIFE, LONGEST_LIFE);
        let mut token = StoredToken::new(generation, issued.access_token, now + life);
        if let Some(refresh) = issued.refresh_token {
            let end = issued
                .refresh_expires_in
                .map(|life| now + life.min(LONGEST_REFRESH_LIFE));
            token = token.with_refresh(refresh, end);
        }
        let early = self.settings.early((self.chance)());
        let bearer = Bearer::new(key.account(), &token, life, early, &*self.clock)
            .map_err(|error| self.cool(key, error))?;
        if self.held().is_some_and(|held| held.is_refused()) {
            self.pacing().count_refused(self.clock.monotonic());
        }
        Ok((token, bearer))
    }

    async fn refresh_or_begin(
        &self,
        key: &StoreKey,
        stored: Option<&StoredToken>,
        cause: Cause,
    ) -> Result<Issued, Error> {
        let refresh = stored.and_then(|stored| stored.live_refresh(self.clock.now()));
        if let Some(refresh) = refresh.filter(|token| !self.is_spent(token)) {
            match self.grant.by_refresh(refresh).await {
                Ok(mut issued) => {
                    // One that is not replaced stays good.
                    if issued.refresh_token.is_none() {
                        issued.refresh_token = Some(refresh.clone());
                        issued.refresh_expires_in =
                            stored.and_then(|stored| stored.refresh_life(self.clock.now()));
                    }
                    return Ok(issued);
                }
                Err(GrantError::Refused(error)) => {
                    debug!(%error, "the refresh token was refused");
                    *self.spent() = Some(refresh.clone());
                }
                // Nothing is lost while the token lives: the refresh token may do at the next try. And who was told to wait
                // does not come at once with something else.
                Err(GrantError::Unavailable(error))
                    if !matches!(cause, Cause::Needed) || error.retry_after().is_some() =>
                {
                    return Err(self.wait_as_told(key, error));
                }
                Err(GrantError::Unavailable(error)) => {
                    debug!(%error, "the refresh token could not be used");
                }
            }
        }
        match self.grant.by_credentials(key.account()).await {
            Ok(issued) => Ok(issued),
            Err(GrantError::Unavailable(error)) => Err(self.wait_as_told(key, error)),
            Err(GrantError::Refused(error)) => Err(self.cool(key, error)),
        }
    }

    fn cool(&self, key: &StoreKey, error: Error) -> Error {
        self.cool_for(key, self.settings.cool_down, error)
    }

    /// Of what may do better at once only a `Retry-After` holds the next one back.
    fn wait_as_told(&self, key: &StoreKey, error: Error) -> Error {
        match error.retry_after() {
            Some(wait) => self.cool_for(key, wait.min(LONGEST_WAIT), error),
            None => error,
        }
    }

    fn cool_for(&self, key: &StoreKey, time: Duration, error: Error) -> Error {
        let error = Shared::new(error);
        let until = self.clock.monotonic() + time;
        self.pacing().cool(key.account(), until, error.clone());
        error.error()
    }

    /// Takes a token that is kept into use, if it lives and is newer than the one that is held.
    fn adopt(&self, key: &StoreKey, stored: Option<&StoredToken>) -> Option<Bearer> {
        let stored = stored?;
        let life = stored.life(self.clock.now()).min(LONGEST_LIFE);
        let held = self.held();
        let newer = held.is_none_or(|held| held.is_older_than(key.account(), stored));
        if life.is_zero() || !newer {
            return None;
        }
        let early = self.settings.early((self.chance)());
        // One that can't be sent is as good as none.
        let bearer = Bearer::new(key.account(), stored, life, early, &*self.clock).ok()?;
        self.hold(&bearer);
        Some(bearer)
    }

    fn hold(&self, bearer: &Bearer) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(bearer.clone());
    }

    /// Others would still take this token, which the gateway refused here.
    fn is_news_of_refusal(&self, stored: &StoredToken) -> bool {
        !stored.life(self.clock.now()).is_zero()
            && self
                .held()
                .is_some_and(|held| held.is_refused() && held.is(stored))
    }

    fn is_spent(&self, refresh: &SecretString) -> bool {
        self.spent()
            .as_ref()
            .is_some_and(|spent| spent.expose_secret() == refresh.expose_secret())
    }

    fn pacing(&self) -> MutexGuard<'_, Pacing> {
        self.pacing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spent(&self) -> MutexGuard<'_, Option<SecretString>> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
