//! A gateway, a store and a clock that do what a test says.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;

use super::{
    Bearer, Grant, GrantError, Issued, MemoryStore, RefreshLock, StoreError, StoreKey, StoredToken,
    TokenSettings, TokenStore, Tokens,
};
use crate::clock::{BoxFuture, Clock};
use crate::testing::ManualClock;
use crate::{ApiError, Error, ErrorKind};

pub(super) const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const LIFE: Duration = Duration::from_secs(6 * 3_600);
pub(super) const ENVIRONMENT: &str = "https://pay.example";

/// What the gateway does with one grant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Response {
    Give(Duration),
    /// A token that no header can hold.
    Garbage,
    Refuse,
    Fail,
    /// The same, with the wait that the gateway asks for.
    Busy(Duration),
    Panic,
}

/// Gives numbered tokens, `token-1` with `refresh-1` and on, unless it is told otherwise.
pub(super) struct Gateway {
    script: Mutex<VecDeque<Response>>,
    calls: Mutex<Vec<String>>,
    pub(super) account: Mutex<Result<String, &'static str>>,
    pub(super) refresh_life: Mutex<Option<Duration>>,
    open: watch::Sender<bool>,
}

impl Gateway {
    /// The next grants, in order.
    pub(super) fn will(&self, answers: impl IntoIterator<Item = Response>) {
        self.script.lock().unwrap().extend(answers);
    }

    /// What was asked for so far.
    pub(super) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// Lets grants wait, or go on.
    pub(super) fn open(&self, open: bool) {
        self.open.send_replace(open);
    }

    async fn answer(&self, call: String) -> Result<Issued, GrantError> {
        let number = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(call);
            calls.len()
        };
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open).await.unwrap();
        let answer = self.script.lock().unwrap().pop_front();
        let (access_token, expires_in) = match answer.unwrap_or(Response::Give(LIFE)) {
            Response::Give(life) => (format!("token-{number}"), life),
            Response::Garbage => ("to\nken".to_owned(), LIFE),
            Response::Panic => panic!("as the test asked for"),
            Response::Refuse => {
                return Err(GrantError::Refused(Error::new(ErrorKind::Authentication {
                    problem: "no token was given".into(),
                    api_error: Some(ApiError::new(Some("00007".to_owned()), None)),
                })));
            }
            Response::Fail => {
                return Err(GrantError::Unavailable(
                    Error::new(ErrorKind::Transport {
                        problem: "the line is cut".into(),
                    })
                    .retryable(true),
                ));
            }
            Response::Busy(wait) => {
                let retry_after = Some(wait);
                return Err(GrantError::Unavailable(
                    Error::new(ErrorKind::RateLimited { retry_after })
                        .retryable(true)
                        .after(retry_after),
                ));
            }
        };
        let refresh_life = *self.refresh_life.lock().unwrap();
        Ok(Issued {
            access_token: access_token.into(),
            expires_in,
            refresh_token: refresh_life.map(|_| format!("refresh-{number}").into()),
            refresh_expires_in: refresh_life,
        })
    }
}

impl Grant for Gateway {
    fn account(&self) -> BoxFuture<'_, Result<String, Error>> {
        let account = self.account.lock().unwrap().clone();
        Box::pin(std::future::ready(account.map_err(Error::configuration)))
    }

    fn by_credentials<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Issued, GrantError>> {
        Box::pin(self.answer("credentials".to_owned()))
    }

    fn by_refresh<'a>(
        &'a self,
        token: &'a SecretString,
    ) -> BoxFuture<'a, Result<Issued, GrantError>> {
        Box::pin(self.answer(token.expose_secret().to_owned()))
    }
}

/// A store that can fail, hang, and lose its lock.
#[derive(Debug)]
pub(super) struct Fickle {
    pub(super) inner: MemoryStore,
    pub(super) down: AtomicBool,
    pub(super) hanging: AtomicBool,
    /// How many saves fail from now on.
    pub(super) failing_saves: Mutex<usize>,
    /// Another process saves this token just before the next call of this name.
    pub(super) rival: Mutex<Option<(&'static str, &'static str)>>,
    calls: Mutex<Vec<&'static str>>,
}

impl Fickle {
    pub(super) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    /// As another process would do it.
    pub(super) async fn put(&self, access: &str, expires_at: SystemTime) -> StoredToken {
        let lease = self
            .inner
            .lock(&key(), "rival", HOUR)
            .await
            .unwrap()
            .unwrap();
        let token = StoredToken::new(lease.generation(), access.into(), expires_at);
        assert!(self.inner.save(&key(), &token, &lease).await.unwrap());
        self.inner.unlock(&key(), &lease).await.unwrap();
        token
    }

    fn overtaken(&self, call: &str) -> Option<&'static str> {
        let rival = self.rival.lock().unwrap().take_if(|(at, _)| *at == call);
        rival.map(|(_, access)| access)
    }

    async fn first(&self, call: &'static str) -> Result<(), StoreError> {
        self.calls.lock().unwrap().push(call);
        if self.hanging.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.down.load(Ordering::Relaxed) {
            return Err(StoreError::new("gone"));
        }
        Ok(())
    }
}

impl TokenStore for Fickle {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<StoredToken>, StoreError>> {
        Box::pin(async move {
            self.first("load").await?;
            self.inner.load(key).await
        })
    }

    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        life: Duration,
    ) -> BoxFuture<'a, Result<Option<RefreshLock>, StoreError>> {
        Box::pin(async move {
            self.first("lock").await?;
            if let Some(access) = self.overtaken("lock") {
                self.put(access, UNIX_EPOCH + 9 * HOUR).await;
            }
            self.inner.lock(key, owner, life).await
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        token: &'a StoredToken,
        lease: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            self.first("save").await?;
            if let Some(access) = self.overtaken("save") {
                self.inner.unlock(key, lease).await?;
                self.put(access, UNIX_EPOCH + 9 * HOUR).await;
            }
            {
                let mut failing = self.failing_saves.lock().unwrap();
                if *failing > 0 {
                    *failing -= 1;
                    return Err(StoreError::new("full"));
                }
            }
            self.inner.save(key, token, lease).await
        })
    }

    fn unlock<'a>(
        &'a self,
        key: &'a StoreKey,
        lease: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.first("unlock").await?;
            self.inner.unlock(key, lease).await
        })
    }

    fn invalidate<'a>(
        &'a self,
        key: &'a StoreKey,
        generation: u64,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.first("invalidate").await?;
            self.inner.invalidate(key, generation).await
        })
    }
}

/// The pauses of this clock pass as its limits do, when the test says so.
#[derive(Debug)]
struct Patient(ManualClock);

impl Clock for Patient {
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

/// A client at midnight of 1970-01-01.
pub(super) struct Trial {
    pub(super) clock: ManualClock,
    pub(super) gateway: Arc<Gateway>,
    pub(super) store: Arc<Fickle>,
    pub(super) tokens: Arc<Tokens>,
    settings: TokenSettings,
}

impl Trial {
    pub(super) fn new() -> Self {
        Self::with(TokenSettings::default())
    }

    pub(super) fn with(settings: TokenSettings) -> Self {
        let clock = ManualClock::new(UNIX_EPOCH);
        let gateway = Arc::new(Gateway {
            script: Mutex::default(),
            calls: Mutex::default(),
            account: Mutex::new(Ok("account".to_owned())),
            refresh_life: Mutex::new(Some(2 * LIFE)),
            open: watch::Sender::new(true),
        });
        let store = Arc::new(Fickle {
            inner: MemoryStore::with_clock(Arc::new(clock.clone())),
            down: AtomicBool::new(false),
            hanging: AtomicBool::new(false),
            failing_saves: Mutex::default(),
            rival: Mutex::default(),
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

    /// Another process with the same account and store.
    pub(super) fn another(&self) -> Arc<Tokens> {
        tokens(&self.clock, &self.gateway, &self.store, &self.settings)
    }

    pub(super) fn advance(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The text of the token that a call gets.
    pub(super) async fn current(&self) -> String {
        text(&ended(self.tokens.current()).await.unwrap())
    }

    pub(super) fn grants(&self) -> usize {
        self.gateway.calls().len()
    }

    /// What the gateway was asked for by this call for a token.
    pub(super) async fn asked_by(&self, act: impl Future<Output = ()>) -> Vec<String> {
        let before = self.grants();
        act.await;
        self.gateway.calls().split_off(before)
    }

    /// A call begins an early renewal and goes on with what it has; ends with that renewal.
    pub(super) async fn renewed_beside(&self) -> Vec<String> {
        self.asked_by(async {
            ended(self.tokens.current()).await.unwrap();
            settled(&self.tokens).await;
        })
        .await
    }
}

fn tokens(
    clock: &ManualClock,
    gateway: &Arc<Gateway>,
    store: &Arc<Fickle>,
    settings: &TokenSettings,
) -> Arc<Tokens> {
    Arc::new(Tokens::with_chance(
        Arc::<Gateway>::clone(gateway),
        Arc::<Fickle>::clone(store),
        Arc::new(Patient(clock.clone())),
        settings.clone(),
        ENVIRONMENT,
        || 0.5,
    ))
}

pub(super) fn key() -> StoreKey {
    StoreKey::new(ENVIRONMENT, "account")
}

pub(super) fn text(bearer: &Bearer) -> String {
    bearer.token().expose_secret().to_owned()
}

/// What waits here waits for other tasks, and not for a time: it has as many turns as any of them needs.
pub(super) async fn ended<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    for _ in 0..100_000 {
        tokio::select! {
            biased;
            value = &mut future => return value,
            () = tokio::task::yield_now() => {}
        }
    }
    panic!("it does not end");
}

/// Waits until this has happened.
pub(super) async fn until(what: &str, happened: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if happened() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it did not happen: {what}");
}

/// Waits for the end of the renewal that is under way.
pub(super) async fn settled(tokens: &Tokens) {
    until("the end of the renewal", || !tokens.is_renewing()).await;
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.calls()).finish()
    }
}
