//! The token of one client, for all its calls.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::TokenSettings;
use super::bearer_token::BearerToken;
use super::refresher::{RefreshReason, TokenRefresher, TokenSource};
use super::store::TokenStore;
use crate::account::KnownSecrets;
use crate::clock::Clock;
use crate::{Error, ErrorKind};

/// The token of one account at one gateway, for all calls of a client.
///
/// At most one refresh is pending. It runs in its own task, so that callers can be cancelled while the others still get the
/// token. Nothing runs between calls.
pub(crate) struct TokenManager {
    refresher: Arc<TokenRefresher>,
    pending: Mutex<Option<PendingRefresh>>,
}

/// A refresh that is running or finished.
#[derive(Clone)]
struct PendingRefresh {
    /// No call waits for the token yet, so the refresh may fail where another one would wait for a lock.
    early: bool,
    result: watch::Receiver<Option<RefreshResult>>,
}

type RefreshResult = Result<BearerToken, Arc<Error>>;

/// The source of the token for a caller.
enum TokenLookup {
    Token(BearerToken),
    Pending(PendingRefresh),
    Cooldown,
}

/// The maximum number of refreshes that one caller waits for: the first refresh may have another reason, or end because its
/// runtime is shut down.
const MAX_WAITS: usize = 4;

impl TokenManager {
    pub(crate) fn new(
        source: Arc<dyn TokenSource>,
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        settings: TokenSettings,
        secrets: Arc<KnownSecrets>,
        environment: &str,
    ) -> Self {
        Self::of(TokenRefresher::new(
            source,
            store,
            clock,
            settings,
            secrets,
            environment.to_owned(),
        ))
    }

    pub(super) fn of(refresher: TokenRefresher) -> Self {
        Self {
            refresher: Arc::new(refresher),
            pending: Mutex::new(None),
        }
    }

    /// Returns the token to send now. Waits only if there is no valid token.
    ///
    /// The wait has no timeout that a caller can rely on: drop the future at the deadline.
    pub(crate) async fn current(&self) -> Result<BearerToken, Error> {
        let now = self.refresher.clock.monotonic();
        if let Some(token) = self.refresher.held().filter(|token| token.is_usable(now)) {
            if token.is_refresh_due(now) {
                self.start_early_refresh(&token);
            }
            return Ok(token);
        }
        let accept_any = |_: &BearerToken| true;
        self.obtain(RefreshReason::Required, accept_any)
            .await?
            .ok_or_else(no_usable_token)
    }

    /// Returns the token to send after the gateway rejected this one as invalid (HTTP 401): a token that this client or
    /// another process has already refreshed, or a new one.
    ///
    /// Fails immediately after 10 such refreshes within a cooldown.
    pub(crate) async fn refresh_rejected(
        &self,
        rejected: &BearerToken,
    ) -> Result<BearerToken, Error> {
        if let Some(held) = self.refresher.held().filter(|held| held.is_same(rejected)) {
            held.mark_rejected();
        }
        self.replace(rejected).await
    }

    /// Returns a token other than this one, which belongs to credentials that are no longer in use.
    pub(crate) async fn replace(&self, old: &BearerToken) -> Result<BearerToken, Error> {
        self.obtain(RefreshReason::Required, |token| !token.is_same(old))
            .await?
            .ok_or_else(no_usable_token)
    }

    /// Returns the token to send after an ambiguous rejection, which may or may not be about the token. `None` if the last
    /// refresh for this reason is less than a cooldown ago. If the refresh fails, the old token stays in use.
    pub(crate) async fn refresh_ambiguous(
        &self,
        rejected: &BearerToken,
    ) -> Result<Option<BearerToken>, Error> {
        self.obtain(RefreshReason::Ambiguous, |token| !token.is_same(rejected))
            .await
    }

    async fn obtain(
        &self,
        reason: RefreshReason,
        accept: impl Fn(&BearerToken) -> bool,
    ) -> Result<Option<BearerToken>, Error> {
        for _ in 0..MAX_WAITS {
            let mut pending = match self.find_or_start(reason, &accept)? {
                TokenLookup::Token(token) => return Ok(Some(token)),
                TokenLookup::Pending(pending) => pending,
                TokenLookup::Cooldown => return Ok(None),
            };
            let result = match pending.result.wait_for(Option::is_some).await {
                Ok(result) => result.clone(),
                // The task is gone: its runtime was shut down.
                Err(_) => None,
            };
            match result {
                // A token with a lifetime of zero is accepted by the calls that waited for it, except after an early
                // refresh, whose token another process may have obtained long ago.
                Some(Ok(token)) if accept(&token) && !token.is_rejected() && !pending.early => {
                    return Ok(Some(token));
                }
                Some(Err(error)) if !pending.early => return Err(error.copy()),
                _ => {}
            }
        }
        Err(no_usable_token())
    }

    /// Returns the current token if it is accepted, else the pending refresh, else a new one.
    fn find_or_start(
        &self,
        reason: RefreshReason,
        accept: &impl Fn(&BearerToken) -> bool,
    ) -> Result<TokenLookup, Error> {
        let mut pending = self.pending();
        let now = self.refresher.clock.monotonic();
        let held = self.refresher.held();
        if let Some(token) = held.filter(|held| held.is_usable(now) && accept(held)) {
            return Ok(TokenLookup::Token(token));
        }
        if let Some(running) = pending.as_ref().filter(|refresh| refresh.is_running()) {
            return Ok(TokenLookup::Pending(running.clone()));
        }
        let Ok(runtime) = Handle::try_current() else {
            return Err(Error::configuration(
                "a token can only be requested inside a tokio runtime",
            ));
        };
        if matches!(reason, RefreshReason::Ambiguous) && !self.refresher.allow_ambiguous(now) {
            return Ok(TokenLookup::Cooldown);
        }
        let started = pending.insert(self.start(&runtime, reason));
        Ok(TokenLookup::Pending(started.clone()))
    }

    /// Starts an early refresh, unless a refresh is running.
    fn start_early_refresh(&self, token: &BearerToken) {
        let mut pending = self.pending();
        let now = self.refresher.clock.monotonic();
        if !token.is_refresh_due(now) || pending.as_ref().is_some_and(PendingRefresh::is_running) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        token.postpone_refresh(now, self.refresher.settings.cooldown);
        *pending = Some(self.start(&runtime, RefreshReason::Early));
    }

    fn start(&self, runtime: &Handle, reason: RefreshReason) -> PendingRefresh {
        let (sender, result) = watch::channel(None);
        let refresher = Arc::clone(&self.refresher);
        runtime.spawn(async move {
            let token = refresher.refresh(reason).await.map_err(Arc::new);
            // All callers may have been cancelled; the refresher holds the token.
            let _ = sender.send(Some(token));
        });
        PendingRefresh {
            early: matches!(reason, RefreshReason::Early),
            result,
        }
    }

    #[cfg(test)]
    pub(super) fn is_refreshing(&self) -> bool {
        self.pending()
            .as_ref()
            .is_some_and(PendingRefresh::is_running)
    }

    fn pending(&self) -> MutexGuard<'_, Option<PendingRefresh>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PendingRefresh {
    fn is_running(&self) -> bool {
        self.result.borrow().is_none() && self.result.has_changed().is_ok()
    }
}

fn no_usable_token() -> Error {
    Error::new(ErrorKind::Transport {
        problem: "no token refresh that this call waited for returned a usable token".into(),
    })
    .retryable(true)
    .of_token_request(0)
}

impl fmt::Debug for TokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenManager")
            .field("held", &self.refresher.held())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
