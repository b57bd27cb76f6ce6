//! Where tokens are kept, so that clients and processes share one.

#[cfg(feature = "file-store")]
mod file;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod stored;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

#[cfg(feature = "file-store")]
pub use file::FileStore;
pub use memory::MemoryStore;
#[cfg(feature = "redis")]
pub use redis::RedisStore;
pub use stored::StoredToken;

use crate::clock::BoxFuture;

/// Where the token of an account is kept, so that all clients of it share one.
///
/// A token ends when another is got, so that two processes with tokens of their own keep ending each other's. Who wants
/// to renew takes a [lock](Self::lock) that expires, asks the gateway, [saves](Self::save) what came and
/// [unlocks](Self::unlock).
///
/// The lock may expire while its holder is still at work: stopped, swapped out, cut off. Its [`RefreshLock`] has a generation
/// that grows with each lock given out, and becomes that of the token saved with it; a save with a lease that is not the
/// newest must change nothing. This fences off a late writer, whose token may have ended already.
///
/// Ends are kept as times of day. Machines whose clocks are apart see a token end early or late by as much, which costs a renewal
/// or a call that is repeated: keep their clocks together, to a minute or so.
///
/// Each method must end in a time that a call can wait, in an error at worst, and must not panic. A store that failed may
/// be asked again at any time: no error is for good. Dropping a future may leave what it began done or undone.
pub trait TokenStore: Send + Sync + fmt::Debug + 'static {
    /// The token saved last, even if it has ended: its refresh token may not have. `None` if there is none, or what is
    /// there can't be read as one.
    ///
    /// # Errors
    ///
    /// The store can't be read now.
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<StoredToken>, StoreError>>;

    /// Takes the lock of this key for `life`, unless another owner has it: then `None`, at once.
    ///
    /// The generation of the lease is greater than that of every earlier lease and of every saved token of this key.
    ///
    /// # Errors
    ///
    /// The store can't be written now.
    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        life: Duration,
    ) -> BoxFuture<'a, Result<Option<RefreshLock>, StoreError>>;

    /// Saves a token, whose generation is that of the lease, if no other lease was given out since: compare and set in
    /// one step. `false` if one was; then nothing changes. A lock that has expired, with no other lease since, does.
    ///
    /// # Errors
    ///
    /// The store can't be written now. The token may be saved all the same.
    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        token: &'a StoredToken,
        lease: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Gives the lock back, if this lease still holds it.
    ///
    /// # Errors
    ///
    /// The store can't be written now. The lock ends by itself.
    fn unlock<'a>(
        &'a self,
        key: &'a StoreKey,
        lease: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The gateway refused the access token of this generation: marks it as [ended](StoredToken::ended), if it is still
    /// the one that is kept. Its refresh token stays.
    ///
    /// # Errors
    ///
    /// The store can't be written now.
    fn invalidate<'a>(
        &'a self,
        key: &'a StoreKey,
        generation: u64,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// Whose token it is: a gateway and an account of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreKey {
    environment: String,
    account: String,
}

impl StoreKey {
    /// Of the origin of a gateway and a hash of the api key.
    pub fn new(environment: impl Into<String>, account: impl Into<String>) -> Self {
        Self {
            environment: environment.into(),
            account: account.into(),
        }
    }

    /// The origin of the gateway, such as `https://openapi.stablelink.app`.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// A hash of the api key, in hex. It does not tell the key.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

/// In one line, without white space: `https://openapi.stablelink.app|0f3a…`.
impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.environment, self.account)
    }
}

/// A lock that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshLock {
    owner: String,
    generation: u64,
}

impl RefreshLock {
    /// Of its owner and generation, for those who write a store.
    pub fn new(owner: impl Into<String>, generation: u64) -> Self {
        Self {
            owner: owner.into(),
            generation,
        }
    }

    /// Who took it; each attempt to renew is an owner of its own.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The number of this lease, and of the token that is saved with it.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }
}

/// Why a store did not do what it was asked for.
pub struct StoreError {
    problem: Cow<'static, str>,
    passing: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// What failed, for people. It is shown: no tokens or passwords.
    pub fn new(problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            problem: problem.into(),
            passing: true,
            source: None,
        }
    }

    /// What it was caused by. It is shown too.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// It will not pass by itself: somebody must change something. Calls that fail for it are not retryable.
    #[must_use]
    pub fn lasting(mut self) -> Self {
        self.passing = false;
        self
    }

    /// Whether it may pass by itself.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        self.passing
    }
}

impl From<StoreError> for crate::Error {
    fn from(error: StoreError) -> Self {
        Self::new(crate::ErrorKind::Store {
            problem: format!("the token store: {error}").into(),
        })
        .retryable(error.passing)
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

// Stores in other places are tested by the same file.
#[cfg(test)]
#[path = "../../../tests/support/contract.rs"]
mod contract;
