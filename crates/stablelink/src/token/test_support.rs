//! A gateway, a store and a clock that tests control.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;

use super::refresher::TokenRefresher;
use super::store::StoreFuture;
use super::{
    BearerToken, IssuedToken, MemoryStore, RefreshLock, StoreError, StoreKey, StoredToken,
    TokenManager, TokenSettings, TokenSource, TokenSourceError, TokenStore,
};
use crate::clock::{BoxFuture, Clock};
use crate::testing::ManualClock;
use crate::{ApiError, Error, ErrorKind, RawResponse};

pub(super) const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const LIFETIME: Duration = Duration::from_secs(6 * 3_600);
pub(super) const ENVIRONMENT: &str = "https://pay.example";

/// The response of the gateway to one token request.
#[derive(Clone, Copy, Debug)]
pub(super) enum TokenResponse {
    Issue(Duration),
    /// A token with characters that are not allowed in a header.
    Unsendable,
    Reject,
    Fail,
    /// HTTP 500.
    Unusable,
    /// HTTP 500 with this `Retry-After`.
    RateLimited(Duration),
    Panic,
}

/// A gateway that issues numbered tokens, `token-1` with `refresh-1` and so on, unless the test sets other
/// responses.
pub(super) struct FakeGateway {
    script: Mutex<VecDeque<TokenResponse>>,
    requests: Mutex<Vec<String>>,
    pub(super) account: Mutex<Result<String, &'static str>>,
    pub(super) refresh_lifetime: Mutex<Option<Duration>>,
    open: watch::Sender<bool>,
}

impl FakeGateway {
    /// Sets the responses to the next requests, in this order.
    pub(super) fn respond_with(&self, responses: impl IntoIterator<Item = TokenResponse>) {
        self.script.lock().unwrap().extend(responses);
    }

    /// Returns the requests so far: `credentials`, or the refresh token.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Blocks or unblocks the responses.
    pub(super) fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    async fn respond(&self, request: String) -> Result<IssuedToken, TokenSourceError> {
        let number = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(request);
            requests.len()
        };
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open).await.unwrap();
        let response = self.script.lock().unwrap().pop_front();
        let (access_token, expires_in) = match response.unwrap_or(TokenResponse::Issue(LIFETIME)) {
            TokenResponse::Issue(lifetime) => (format!("token-{number}"), lifetime),
            TokenResponse::Unsendable => ("to\nken".to_owned(), LIFETIME),
            TokenResponse::Panic => panic!("requested by the test"),
            TokenResponse::Reject => {
                return Err(TokenSourceError::Rejected(Error::new(
                    ErrorKind::Authentication {
                        problem: "no token was given".into(),
                        api_error: Some(ApiError::new(Some("00007".to_owned()), None)),
                    },
                )));
            }
            TokenResponse::Fail => {
                return Err(TokenSourceError::Unavailable(
                    Error::new(ErrorKind::Transport {
                        problem: "the connection was closed".into(),
                    })
                    .retryable(true),
                ));
            }
            TokenResponse::Unusable => {
                let response = RawResponse::new(
                    http::StatusCode::INTERNAL_SERVER_ERROR,
                    http::HeaderMap::new(),
                    bytes::Bytes::new(),
                );
                let error = Error::new(ErrorKind::Transport {
                    problem: "the gateway failed".into(),
                });
                return Err(TokenSourceError::Unavailable(
                    error
                        .with_response(response)
                        .retryable(true)
                        .of_token_request(1),
                ));
            }
            TokenResponse::RateLimited(retry_after) => {
                let retry_after = Some(retry_after);
                return Err(TokenSourceError::Unavailable(
                    Error::new(ErrorKind::RateLimited { retry_after })
                        .retryable(true)
                        .after(retry_after),
                ));
            }
        };
        let refresh_lifetime = *self.refresh_lifetime.lock().unwrap();
        Ok(IssuedToken {
            access_token: access_token.into(),
            expires_in,
            refresh_token: refresh_lifetime.map(|_| format!("refresh-{number}").into()),
            refresh_expires_in: refresh_lifetime,
        })
    }
}

impl TokenSource for FakeGateway {
    fn account(&self) -> BoxFuture<'_, Result<String, Error>> {
        let account = self.account.lock().unwrap().clone();
        Box::pin(std::future::ready(account.map_err(Error::configuration)))
    }

    fn by_credentials<'a>(
        &'a self,
        _: &'a str,
    ) -> BoxFuture<'a, Result<IssuedToken, TokenSourceError>> {
        Box::pin(self.respond("credentials".to_owned()))
    }

    fn by_refresh_token<'a>(
        &'a self,
        token: &'a SecretString,
    ) -> BoxFuture<'a, Result<IssuedToken, TokenSourceError>> {
        Box::pin(self.respond(token.expose_secret().to_owned()))
    }
}

/// A store that can fail, hang, and lose its lock to another process.
#[derive(Debug)]
pub(super) struct FlakyStore {
    pub(super) inner: MemoryStore,
    pub(super) down: AtomicBool,
    pub(super) hung: AtomicBool,
    /// The number of saves that will fail, as on a full disk.
    pub(super) failing_saves: Mutex<usize>,
    /// Another process saves this token immediately before the next call of this method.
    pub(super) concurrent_save: Mutex<Option<(&'static str, &'static str)>>,
    calls: Mutex<Vec<&'static str>>,
}

impl FlakyStore {
    pub(super) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    /// Saves a token as another process does.
    pub(super) async fn save_as_other(&self, access: &str, expires_at: SystemTime) -> StoredToken {
        let lock = self
            .inner
            .lock(&key(), "other process", HOUR)
            .await
            .unwrap()
            .unwrap();
        let token = StoredToken::new(lock.generation(), access.into(), expires_at);
        assert!(self.inner.save(&key(), &token, &lock).await.unwrap());
        self.inner.unlock(&key(), &lock).await.unwrap();
        token
    }

    fn take_concurrent_save(&self, call: &str) -> Option<&'static str> {
        let token = self
            .concurrent_save
            .lock()
            .unwrap()
            .take_if(|(at, _)| *at == call);
        token.map(|(_, access)| access)
    }

    async fn before(&self, call: &'static str) -> Result<(), StoreError> {
        self.calls.lock().unwrap().push(call);
        if self.hung.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.down.load(Ordering::Relaxed) {
            return Err(StoreError::new("gone"));
        }
        Ok(())
    }
}

impl TokenStore for FlakyStore {
    fn load<'a>(&'a self, key: &'a StoreKey) -> StoreFuture<'a, Option<StoredToken>> {
        Box::pin(async move {
            self.before("load").await?;
            self.inner.load(key).await
        })
    }

    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        ttl: Duration,
    ) -> StoreFuture<'a, Option<RefreshLock>> {
        Box::pin(async move {
            self.before("lock").await?;
            if let Some(access) = self.take_concurrent_save("lock") {
                self.save_as_other(access, UNIX_EPOCH + 9 * HOUR).await;
            }
            self.inner.lock(key, owner, ttl).await
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        token: &'a StoredToken,
        lock: &'a RefreshLock,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            self.before("save").await?;
            if let Some(access) = self.take_concurrent_save("save") {
                self.inner.unlock(key, lock).await?;
                self.save_as_other(access, UNIX_EPOCH + 9 * HOUR).await;
            }
            {
                let mut failing = self.failing_saves.lock().unwrap();
                if *failing > 0 {
                    *failing -= 1;
                    return Err(StoreError::new("full"));
                }
            }
            self.inner.save(key, token, lock).await
        })
    }

    fn unlock<'a>(&'a self, key: &'a StoreKey, lock: &'a RefreshLock) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.before("unlock").await?;
            self.inner.unlock(key, lock).await
        })
    }

    fn invalidate<'a>(&'a self, key: &'a StoreKey, generation: u64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.before("invalidate").await?;
            self.inner.invalidate(key, generation).await
        })
    }
}

/// A clock whose pauses, like its timeouts, end only when the test advances the time.
#[derive(Debug)]
struct FakeClock(ManualClock);

impl Clock for FakeClock {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        self.0.alarm(pause)
    }

    fn alarm(&self, limit: Duration) -> BoxFuture<'static, ()> {
        self.0.alarm(limit)
    }
}

/// A token manager with a fake gateway, a flaky store and a clock that starts at 1970-01-01.
pub(super) struct TokenFixture {
    pub(super) clock: ManualClock,
    pub(super) gateway: Arc<FakeGateway>,
    pub(super) store: Arc<FlakyStore>,
    pub(super) tokens: Arc<TokenManager>,
    settings: TokenSettings,
}

impl TokenFixture {
    pub(super) fn new() -> Self {
        Self::with(TokenSettings::default())
    }

    pub(super) fn with_unshared_token() -> Self {
        Self::with(TokenSettings {
            allow_unshared_token: true,
            ..TokenSettings::default()
        })
    }

    fn with(settings: TokenSettings) -> Self {
        let clock = ManualClock::new(UNIX_EPOCH);
        let gateway = Arc::new(FakeGateway {
            script: Mutex::default(),
            requests: Mutex::default(),
            account: Mutex::new(Ok("account".to_owned())),
            refresh_lifetime: Mutex::new(Some(2 * LIFETIME)),
            open: watch::Sender::new(true),
        });
        let store = Arc::new(FlakyStore {
            inner: MemoryStore::with_clock(Arc::new(clock.clone())),
            down: AtomicBool::new(false),
            hung: AtomicBool::new(false),
            failing_saves: Mutex::default(),
            concurrent_save: Mutex::default(),
            calls: Mutex::default(),
        });
        let tokens = tokens(&clock, &gateway, &store, &settings);
        Self {
            clock,
            gateway,
            store,
            tokens,
            settings,
        }
    }

    /// Creates a manager of another process with the same account and store.
    pub(super) fn other_process(&self) -> Arc<TokenManager> {
        tokens(&self.clock, &self.gateway, &self.store, &self.settings)
    }

    pub(super) fn advance(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Returns the text of the token that a call gets.
    pub(super) async fn current(&self) -> String {
        token_text(&finish(self.tokens.current()).await.unwrap())
    }

    pub(super) fn request_count(&self) -> usize {
        self.gateway.requests().len()
    }

    /// Returns the token requests during this future.
    pub(super) async fn requests_during(&self, act: impl Future<Output = ()>) -> Vec<String> {
        let before = self.request_count();
        act.await;
        self.gateway.requests().split_off(before)
    }

    /// Makes a call that starts an early refresh, waits for that refresh, and returns its token requests.
    pub(super) async fn early_refresh(&self) -> Vec<String> {
        self.requests_during(async {
            finish(self.tokens.current()).await.unwrap();
            refresh_finished(&self.tokens).await;
        })
        .await
    }
}

fn tokens(
    clock: &ManualClock,
    gateway: &Arc<FakeGateway>,
    store: &Arc<FlakyStore>,
    settings: &TokenSettings,
) -> Arc<TokenManager> {
    let mut refresher = TokenRefresher::new(
        Arc::<FakeGateway>::clone(gateway),
        Arc::<FlakyStore>::clone(store),
        Arc::new(FakeClock(clock.clone())),
        settings.clone(),
        Arc::default(),
        ENVIRONMENT.to_owned(),
    );
    refresher.random = || 0.5;
    Arc::new(TokenManager::of(refresher))
}

pub(super) fn key() -> StoreKey {
    StoreKey::new(ENVIRONMENT, "account")
}

pub(super) fn token_text(bearer: &BearerToken) -> String {
    bearer.token().expose_secret().to_owned()
}

/// Waits for a future that depends on other tasks, but not on time.
pub(super) async fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    for _ in 0..100_000 {
        tokio::select! {
            biased;
            value = &mut future => return value,
            () = tokio::task::yield_now() => {}
        }
    }
    panic!("the future does not finish");
}

/// Waits until the condition is true.
pub(super) async fn wait_until(description: &str, condition: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if condition() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("timed out waiting for {description}");
}

/// Waits until no refresh is running.
pub(super) async fn refresh_finished(tokens: &TokenManager) {
    wait_until("the end of the refresh", || !tokens.is_refreshing()).await;
}

impl fmt::Debug for FakeGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.requests()).finish()
    }
}
