//! The stores through which clients and processes share one token. Read the trait [`TokenStore`] first, then `memory`, which
//! is the simplest store.

#[cfg(feature = "file-store")]
mod file;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod stored_token;
#[cfg(feature = "file-store")]
mod token_file;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

#[cfg(feature = "file-store")]
pub use file::FileStore;
pub use memory::MemoryStore;
#[cfg(feature = "redis")]
pub use redis::RedisStore;
pub use stored_token::StoredToken;

use crate::clock::BoxFuture;

pub(super) type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Stores the token of an account, so that all its clients share one.
///
/// Issuing a token invalidates the previous one, so two processes with separate tokens keep invalidating each other's. A
/// refresh acquires a [lock](Self::lock) that expires, requests a token, [saves](Self::save) it and [unlocks](Self::unlock).
///
/// The lock may expire while its holder still works, for example because its process is suspended. So each [`RefreshLock`] has
/// a generation, which grows with each lock and is also the generation of the token that is saved with it. A save with a lock that is
/// not the newest must change nothing: its token may already be invalid.
///
/// Expiry is stored as time of day. If the clocks of two machines differ, one sees the token expire early or late by the
/// difference, which costs a refresh or a retried call. Keep the clocks synchronised to about a minute.
///
/// Each method must return within the time that a call can wait, and must not panic. After an error the store may be used again
/// at any time. A dropped future may or may not have taken effect.
pub trait TokenStore: Send + Sync + fmt::Debug + 'static {
    /// Returns the token saved last, even if it has expired: its refresh token may still be valid. `None` if there is no token,
    /// or if the stored text is not a token.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    fn load<'a>(&'a self, key: &'a StoreKey) -> StoreFuture<'a, Option<StoredToken>>;

    /// Acquires the lock of this key for the time `ttl`. Returns `None` immediately if another owner holds it.
    ///
    /// The generation of the lock is greater than that of every earlier lock and of every saved token of this key. An owner that
    /// calls this again extends its lock, which gets a new generation. The client acquires a lock for 6 s, and extends it every
    /// 2 s during a token request.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be written.
    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        ttl: Duration,
    ) -> StoreFuture<'a, Option<RefreshLock>>;

    /// Saves a token whose generation is that of the lock, in one step with a check that no newer lock exists. Returns
    /// `false`, and changes nothing, if one exists. An expired lock is accepted if no newer lock exists.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be written. The token may have been saved nevertheless.
    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        token: &'a StoredToken,
        lock: &'a RefreshLock,
    ) -> StoreFuture<'a, bool>;

    /// Releases the lock if its owner still holds it.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be written. The lock then expires.
    fn unlock<'a>(&'a self, key: &'a StoreKey, lock: &'a RefreshLock) -> StoreFuture<'a, ()>;

    /// Marks the stored token as [expired](StoredToken::expired) if it has this generation, because the gateway rejected it. Its
    /// refresh token stays.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be written.
    fn invalidate<'a>(&'a self, key: &'a StoreKey, generation: u64) -> StoreFuture<'a, ()>;
}

/// Identifies a token: the gateway and the account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreKey {
    environment: String,
    account: String,
}

impl StoreKey {
    /// Creates a key from the origin of the gateway and a hash of the API key.
    pub fn new(environment: impl Into<String>, account: impl Into<String>) -> Self {
        Self {
            environment: environment.into(),
            account: account.into(),
        }
    }

    pub(crate) fn account(&self) -> &str {
        &self.account
    }
}

/// One line without whitespace: `https://openapi.stablelink.app|0f3a…`.
impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.environment, self.account)
    }
}

/// A lock that allows its owner to refresh a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshLock {
    owner: String,
    generation: u64,
}

impl RefreshLock {
    /// Creates a lock, for implementations of [`TokenStore`].
    pub fn new(owner: impl Into<String>, generation: u64) -> Self {
        Self {
            owner: owner.into(),
            generation,
        }
    }

    /// Returns the owner; each refresh is a separate owner.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Returns the generation of the lock and of the token that is saved with it.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }
}

/// The reason why a token store failed.
pub struct StoreError {
    problem: Cow<'static, str>,
    transient: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// Creates a transient error. The text is logged: it must not contain tokens or passwords.
    pub fn new(problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            problem: problem.into(),
            transient: true,
            source: None,
        }
    }

    /// Sets the underlying error, which is also logged.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Marks the error as permanent: it stays until someone changes the configuration. Calls that fail because of it are not
    /// retryable.
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.transient = false;
        self
    }
}

impl From<StoreError> for crate::Error {
    fn from(error: StoreError) -> Self {
        Self::new(crate::ErrorKind::Store {
            problem: format!("the token store: {error}").into(),
        })
        .retryable(error.transient)
        .because(error)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreError({:?}, {:?})", self.problem, self.source)
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source: &(dyn StdError + 'static) = self.source.as_deref()?;
        Some(source)
    }
}

// The integration tests of other stores include the same file.
#[cfg(test)]
#[path = "../../../tests/support/contract.rs"]
mod contract;
