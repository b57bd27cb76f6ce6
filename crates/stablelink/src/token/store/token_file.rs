//! The two files of the file store: the token file, which is replaced, and the lock file, which is locked and rewritten.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use std::{process, thread};

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::stored_token::unix_millis;
use super::{StoreError, StoredToken};
use crate::private_file::{self, PrivateFileError};

/// The maximum wait for the lock file. Other processes lock the file for the time of a few writes. A process that is stopped
/// while it holds the lock must not block this process forever.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
const LOCK_POLL_DELAY: Duration = Duration::from_millis(5);

/// The paths of both files.
pub(super) struct TokenFiles {
    path: PathBuf,
    lock_path: PathBuf,
}

/// The lock file, locked by this process: no other process reads or writes either file.
pub(super) struct LockedFiles {
    file: File,
    pub(super) locks: LockTable,
}

impl TokenFiles {
    pub(super) fn new(path: PathBuf) -> Self {
        let mut lock_path = path.clone().into_os_string();
        lock_path.push(".lock");
        Self {
            path,
            lock_path: lock_path.into(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the token file; an empty table if it does not exist or is empty.
    pub(super) fn read(&self) -> Result<TokenTable, StoreError> {
        let text = private_file::read(&self.path)?.unwrap_or_default();
        if text.is_empty() {
            return Ok(TokenTable::default());
        }
        // The token file is only replaced as a whole, so an invalid one belongs to another program and must not be replaced.
        serde_json::from_str(&text).map_err(|_| {
            StoreError::new(format!(
                "{} does not contain tokens: delete it, or set another path",
                self.path.display()
            ))
            .permanent()
        })
    }

    /// Replaces the token file in one step. The caller holds the lock file.
    pub(super) fn replace(&self, tokens: &TokenTable) -> Result<(), StoreError> {
        let text = serde_json::to_vec(tokens)
            .map_err(|_| StoreError::new("the tokens could not be written as JSON"))?;
        Ok(private_file::replace(&self.path, &text)?)
    }

    /// Locks the lock file, which is created if it does not exist.
    pub(super) fn lock(&self) -> Result<LockedFiles, StoreError> {
        let path = &self.lock_path;
        let mut file = private_file::open_or_create(path)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_TIMEOUT => {
                    thread::sleep(LOCK_POLL_DELAY);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::new(format!(
                        "another process has locked {} for more than {LOCK_TIMEOUT:?}",
                        path.display()
                    )));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(
                        StoreError::new(format!("{} cannot be locked", path.display()))
                            .with_source(error),
                    );
                }
            }
        }
        // A file that a crash truncated or damaged is ignored: new generations still grow, because they begin at the time of day.
        let locks =
            serde_json::from_slice(&private_file::read_open(path, &mut file)?).unwrap_or_default();
        Ok(LockedFiles { file, locks })
    }
}

impl LockedFiles {
    /// Writes the locks. Closing the file unlocks it.
    pub(super) fn write(mut self) -> Result<(), StoreError> {
        let text = serde_json::to_vec(&self.locks)
            .map_err(|_| StoreError::new("the locks could not be written as JSON"))?;
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .and_then(|()| self.file.write_all(&text))
            .and_then(|()| self.file.sync_data())
            .map_err(|error| StoreError::new("the lock file cannot be written").with_source(error))
    }
}

impl From<PrivateFileError> for StoreError {
    fn from(error: PrivateFileError) -> Self {
        let transient = error.io_error().is_some();
        let text = error.to_string();
        if transient {
            Self::new(text).with_source(error)
        } else {
            Self::new(text).permanent()
        }
    }
}

/// The content of the token file.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct TokenTable {
    /// The JSON form of each token, by the text of its [`StoreKey`](super::StoreKey).
    #[serde(rename = "stablelink_tokens")]
    tokens: BTreeMap<String, Box<RawValue>>,
}

impl TokenTable {
    pub(super) fn token(&self, key: &str) -> Result<Option<StoredToken>, StoreError> {
        match self.tokens.get(key) {
            Some(text) => StoredToken::from_json(text.get()),
            None => Ok(None),
        }
    }

    /// Returns the generation of the token; 0 without a token.
    pub(super) fn generation(&self, key: &str) -> Result<u64, StoreError> {
        Ok(self.token(key)?.map_or(0, |token| token.generation()))
    }

    /// Inserts a token, and removes all tokens that have expired with their refresh tokens. Tokens of accounts that are no
    /// longer used are removed only here.
    pub(super) fn insert(
        &mut self,
        key: String,
        token: &StoredToken,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        self.tokens.retain(|_, text| {
            StoredToken::from_json(text.get())
                .ok()
                .flatten()
                .is_none_or(|token| token.retain_until_ms() > unix_millis(now))
        });
        let text = token.to_json()?.expose_secret().to_owned();
        let text = RawValue::from_string(text)
            .map_err(|_| StoreError::new("a token could not be written as JSON"))?;
        self.tokens.insert(key, text);
        Ok(())
    }
}

/// The content of the lock file.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct LockTable {
    /// The locks by the text of their [`StoreKey`](super::StoreKey).
    #[serde(default)]
    locks: BTreeMap<String, LockEntry>,
}

#[derive(Default, Serialize, Deserialize)]
struct LockEntry {
    /// The newest generation of a lock.
    generation: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<HeldLock>,
}

#[derive(Serialize, Deserialize)]
struct HeldLock {
    owner: String,
    since_ms: u64,
    until_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<LockingProcess>,
}

/// The process that holds a lock. If the process has ended, its lock is taken over immediately.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct LockingProcess {
    id: u32,
    /// On Linux, the boot and the namespace in which the id is valid: containers and machines that share a file have
    /// separate ones.
    namespace: String,
}

impl LockingProcess {
    fn current() -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        Self {
            id: process::id(),
            namespace: format!("{} {}", boot.trim(), namespace.display()),
        }
    }

    /// Returns whether the process has certainly ended.
    fn is_dead(&self) -> bool {
        let current = Self::current();
        let is_known = !cfg!(target_os = "linux") || current.namespace.len() > 1;
        is_known
            && self.namespace == current.namespace
            && self.id != current.id
            && !process_exists(self.id)
    }
}

#[cfg(unix)]
fn process_exists(id: u32) -> bool {
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};

    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    id.is_none_or(|id| test_kill_process(id) != Err(Errno::SRCH))
}

#[cfg(not(unix))]
fn process_exists(_: u32) -> bool {
    true
}

impl LockTable {
    /// Returns the generation of a new lock, or `None` if another owner holds the lock.
    ///
    /// Generations begin at the time of day, so that none is used twice after the files were deleted.
    pub(super) fn acquire(
        &mut self,
        key: &str,
        owner: &str,
        ttl: Duration,
        now: SystemTime,
        saved: u64,
    ) -> Option<u64> {
        let now = unix_millis(now);
        let entry = self.locks.entry(key.to_owned()).or_default();
        // A lock from the future was acquired before the clock was set back. Its end is unknown, so it is ignored.
        let is_held = entry.held.as_ref().is_some_and(|held| {
            held.owner != owner
                && (held.since_ms..held.until_ms).contains(&now)
                && !held.process.as_ref().is_some_and(LockingProcess::is_dead)
        });
        if is_held {
            return None;
        }
        entry.generation = entry.generation.max(saved).saturating_add(1).max(now);
        entry.held = Some(HeldLock {
            owner: owner.to_owned(),
            since_ms: now,
            until_ms: now.saturating_add(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)),
            process: Some(LockingProcess::current()),
        });
        Some(entry.generation)
    }

    /// Returns the newest generation; 0 if there was no lock.
    pub(super) fn generation(&self, key: &str) -> u64 {
        self.locks.get(key).map_or(0, |entry| entry.generation)
    }

    /// Releases the lock of this owner. Returns whether there was one.
    pub(super) fn release(&mut self, key: &str, owner: &str) -> bool {
        let Some(entry) = self.locks.get_mut(key) else {
            return false;
        };
        entry.held.take_if(|held| held.owner == owner).is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn lock_expires_by_the_clock() {
        let start = UNIX_EPOCH + 1_000 * SECOND;
        for (owner, now, acquired) in [
            ("b", start, false),
            ("b", start + 9 * SECOND, false),
            ("b", start + 10 * SECOND, true),
            ("b", start - SECOND, true),
            ("a", start + SECOND, true),
        ] {
            let mut locks = LockTable::default();
            let first = locks.acquire("key", "a", 10 * SECOND, start, 7).unwrap();
            assert_eq!(first, 1_000_000);
            let second = locks.acquire("key", owner, 10 * SECOND, now, 7);
            assert_eq!(second.is_some(), acquired, "{owner} {now:?}");
            assert!(second.is_none_or(|second| second > first));
        }
    }

    #[cfg(unix)]
    #[test]
    fn lock_of_a_dead_process_is_taken_over() {
        let mut child = process::Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        let here = LockingProcess::current().namespace;
        for (id, namespace, acquired) in [
            (dead, here.as_str(), true),
            // The id may belong to a living process of another container.
            (dead, "pid:[1]", false),
            (1, here.as_str(), false),
            (process::id(), here.as_str(), false),
        ] {
            let mut locks = LockTable::default();
            let first = locks.acquire("key", "a", 10 * SECOND, UNIX_EPOCH, 7);
            let held = locks.locks.get_mut("key").unwrap().held.as_mut().unwrap();
            held.process = Some(LockingProcess {
                id,
                namespace: namespace.to_owned(),
            });
            let second = locks.acquire("key", "b", SECOND, UNIX_EPOCH + SECOND, 7);
            assert_eq!(second.is_some(), acquired, "{id} {namespace}");
            assert!(second.is_none_or(|second| Some(second) > first));
        }
    }

    #[test]
    fn generation_grows_with_each_lock() {
        let mut locks = LockTable::default();
        let saved = 5_000_000_000_000;
        let take =
            |locks: &mut LockTable, saved| locks.acquire("key", "a", SECOND, UNIX_EPOCH, saved);
        assert_eq!(take(&mut locks, saved), Some(saved + 1));
        assert_eq!(take(&mut locks, 0), Some(saved + 2));
        assert_eq!(locks.generation("key"), saved + 2);
        assert_eq!(locks.generation("other"), 0);
    }

    #[test]
    fn expired_tokens_are_removed() {
        let mut tokens = TokenTable::default();
        let token = |end| StoredToken::new(1, "a".into(), UNIX_EPOCH + end * SECOND);
        for (key, end) in [("old", 9), ("young", 11)] {
            tokens
                .insert(key.to_owned(), &token(end), UNIX_EPOCH)
                .unwrap();
        }
        tokens
            .insert("new".to_owned(), &token(20), UNIX_EPOCH + 10 * SECOND)
            .unwrap();
        assert_eq!(tokens.tokens.keys().collect::<Vec<_>>(), ["new", "young"]);
    }
}
