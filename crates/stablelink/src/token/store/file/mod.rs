//! Tokens in a file.

mod access;
mod book;
mod place;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use self::place::Place;
use super::{RefreshLock, StoreError, StoreKey, StoredToken, TokenStore};
use crate::Error;
use crate::clock::{BoxFuture, Clock, SystemClock};

/// Keeps tokens in a file, for programs of one user of one machine, such as those of a command line. Needs the feature
/// `file-store`, and a system of the Unix family.
///
/// **The tokens lie there readable** for their owner and for nobody else: the file is made with mode 0600, and one that
/// others can read, that somebody else owns, or that is a symbolic link is refused. It is replaced in one step, so that
/// a program that dies leaves the old or the new one. Beside it lies a file with `.lock` at its end, for the locks.
///
/// Not for a folder on the network, where locks of files may mean nothing. The folder must be one where only its owner can
/// make files.
///
/// ```no_run
/// use stablelink::{Client, Credentials, Environment, FileStore};
///
/// # fn example(home: &std::path::Path) -> Result<(), stablelink::Error> {
/// let client = Client::builder()
///     .environment(Environment::Sandbox)
///     .credentials(Credentials::from_env()?)
///     .token_store(FileStore::at(home.join(".stablelink-token"))?)
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub struct FileStore {
    place: Arc<Place>,
    clock: Arc<dyn Clock>,
}

impl FileStore {
    /// Keeps tokens in the file at this path, which is made when it is needed; its folder must exist. One file may hold
    /// the tokens of several accounts and gateways.
    ///
    /// # Errors
    ///
    /// A system that is not of the Unix family: who may read a file is not checked there.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self, Error> {
        if cfg!(not(unix)) {
            return Err(Error::configuration(
                "the file store is for Unix alone, for it can't tell here who may read a file: use another token store",
            ));
        }
        Ok(Self {
            place: Arc::new(Place::new(path.into())),
            clock: Arc::new(SystemClock::default()),
        })
    }

    /// Takes the time of day, by which locks expire, from this clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Place) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let place = Arc::clone(&self.place);
        Box::pin(async move {
            let Ok(runtime) = Handle::try_current() else {
                return Err(StoreError::new(
                    "the token file can only be used inside a tokio runtime",
                )
                .lasting());
            };
            match runtime.spawn_blocking(move || act(&place)).await {
                Ok(done) => done,
                Err(error) => {
                    Err(StoreError::new("the work on the token file was broken off").because(error))
                }
            }
        })
    }
}

impl TokenStore for FileStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<StoredToken>, StoreError>> {
        let key = key.to_string();
        self.run(move |place| place.read()?.token(&key))
    }

    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        life: Duration,
    ) -> BoxFuture<'a, Result<Option<RefreshLock>, StoreError>> {
        let (key, owner) = (key.to_string(), owner.to_owned());
        let clock = Arc::clone(&self.clock);
        self.run(move |place| {
            let mut locked = place.locked()?;
            let saved = place.read()?.generation(&key)?;
            // Not before: a lock taken while this one waited would be from the future.
            let now = clock.now();
            let generation = locked.ledger.take(&key, &owner, life, now, saved);
            if generation.is_some() {
                locked.write()?;
            }
            Ok(generation.map(|generation| RefreshLock::new(owner, generation)))
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        token: &'a StoredToken,
        lease: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let (key, generation, now) = (key.to_string(), lease.generation(), self.clock.now());
        let token = token.clone();
        self.run(move |place| {
            let locked = place.locked()?;
            let mut book = place.read()?;
            let newest = locked.ledger.newest(&key).max(book.generation(&key)?);
            if newest > generation {
                return Ok(false);
            }
            book.put(key, &token, now)?;
            place.replace(&book)?;
            Ok(true)
        })
    }

    fn unlock<'a>(
        &'a self,
        key: &'a StoreKey,
        lease: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (key, owner) = (key.to_string(), lease.owner().to_owned());
        self.run(move |place| {
            let mut locked = place.locked()?;
            if locked.ledger.give_back(&key, &owner) {
                locked.write()?;
            }
            Ok(())
        })
    }

    fn invalidate<'a>(
        &'a self,
        key: &'a StoreKey,
        generation: u64,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (key, now) = (key.to_string(), self.clock.now());
        self.run(move |place| {
            let _locked = place.locked()?;
            let mut book = place.read()?;
            match book.token(&key)? {
                Some(token) if token.generation() == generation => {
                    book.put(key, &token.ended(), now)?;
                    place.replace(&book)
                }
                _ => Ok(()),
            }
        })
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("path", &self.place.path())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
mod tests;
