//! Tokens in a file.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::token_file::TokenFiles;
use super::{RefreshLock, StoreError, StoreFuture, StoreKey, StoredToken, TokenStore};
use crate::Error;
use crate::clock::{Clock, SystemClock};

/// Stores tokens in a file, for programs of one user on one machine, such as command-line tools. Needs the feature `file-store`
/// and a Unix system.
///
/// **The tokens are not encrypted.** The file is created with mode 0600. A file that other users can access, that belongs to
/// another user, or that is a symbolic link is rejected. The file is replaced in one step, so that after a crash it has the
/// old or the new content. The locks are in a second file, whose name ends with `.lock`; the lock of a process that has
/// ended is taken over immediately.
///
/// Do not use a network file system, where file locks may have no effect. Only the owner may have write access to the folder.
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
    files: Arc<TokenFiles>,
    clock: Arc<dyn Clock>,
}

impl FileStore {
    /// Creates a store with the file at this path. The file is created by the first token; its folder must exist. One file can
    /// hold the tokens of several accounts and gateways.
    ///
    /// # Errors
    ///
    /// Fails on systems other than Unix, where the access of other users is not checked.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self, Error> {
        if cfg!(not(unix)) {
            return Err(Error::configuration(
                "the file store needs a Unix system, because it checks which users can read the file: use another token store",
            ));
        }
        Ok(Self {
            files: Arc::new(TokenFiles::new(path.into())),
            clock: Arc::new(SystemClock::default()),
        })
    }

    /// Sets the clock whose time of day decides when locks expire.
    #[cfg(all(test, unix))]
    fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&TokenFiles) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<'static, T> {
        let files = Arc::clone(&self.files);
        Box::pin(async move {
            let Ok(runtime) = Handle::try_current() else {
                return Err(StoreError::new(
                    "the token file can only be used inside a tokio runtime",
                )
                .permanent());
            };
            match runtime.spawn_blocking(move || act(&files)).await {
                Ok(result) => result,
                Err(error) => Err(
                    StoreError::new("the access to the token file was interrupted")
                        .with_source(error),
                ),
            }
        })
    }
}

impl TokenStore for FileStore {
    fn load<'a>(&'a self, key: &'a StoreKey) -> StoreFuture<'a, Option<StoredToken>> {
        let key = key.to_string();
        self.run(move |files| files.read()?.token(&key))
    }

    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        ttl: Duration,
    ) -> StoreFuture<'a, Option<RefreshLock>> {
        let (key, owner) = (key.to_string(), owner.to_owned());
        let clock = Arc::clone(&self.clock);
        self.run(move |files| {
            let mut locked = files.lock()?;
            let saved = files.read()?.generation(&key)?;
            // The clock is read after the wait for the file: otherwise, a lock that was acquired during the wait would seem
            // to be from the future.
            let now = clock.now();
            let generation = locked.locks.acquire(&key, &owner, ttl, now, saved);
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
        lock: &'a RefreshLock,
    ) -> StoreFuture<'a, bool> {
        let (key, generation, now) = (key.to_string(), lock.generation(), self.clock.now());
        let token = token.clone();
        self.run(move |files| {
            let locked = files.lock()?;
            let mut tokens = files.read()?;
            let newest = locked.locks.generation(&key).max(tokens.generation(&key)?);
            if newest > generation {
                return Ok(false);
            }
            tokens.insert(key, &token, now)?;
            files.replace(&tokens)?;
            Ok(true)
        })
    }

    fn unlock<'a>(&'a self, key: &'a StoreKey, lock: &'a RefreshLock) -> StoreFuture<'a, ()> {
        let (key, owner) = (key.to_string(), lock.owner().to_owned());
        self.run(move |files| {
            let mut locked = files.lock()?;
            if locked.locks.release(&key, &owner) {
                locked.write()?;
            }
            Ok(())
        })
    }

    fn invalidate<'a>(&'a self, key: &'a StoreKey, generation: u64) -> StoreFuture<'a, ()> {
        let (key, now) = (key.to_string(), self.clock.now());
        self.run(move |files| {
            let _locked = files.lock()?;
            let mut tokens = files.read()?;
            match tokens.token(&key)? {
                Some(token) if token.generation() == generation => {
                    tokens.insert(key, &token.expired(), now)?;
                    files.replace(&tokens)
                }
                _ => Ok(()),
            }
        })
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("path", &self.files.path())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::task::{Context, Poll, Waker};

    use secrecy::ExposeSecret;
    use tempfile::TempDir;

    use super::super::contract;
    use super::*;
    use crate::testing::ManualClock;

    fn folder() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        (folder, path)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    fn key() -> StoreKey {
        StoreKey::new("https://pay.example", "account")
    }

    /// Refreshes the token. The token value is the number of refreshes.
    async fn increment(store: &FileStore) {
        let ttl = Duration::from_secs(60);
        let lock = loop {
            let owner = uuid::Uuid::new_v4().to_string();
            match store.lock(&key(), &owner, ttl).await.unwrap() {
                Some(lock) => break lock,
                None => tokio::task::yield_now().await,
            }
        };
        let last = count(store).await;
        let token = contract::token(lock.generation(), &(last + 1).to_string());
        assert!(store.save(&key(), &token, &lock).await.unwrap());
        store.unlock(&key(), &lock).await.unwrap();
    }

    async fn count(store: &FileStore) -> u64 {
        match store.load(&key()).await.unwrap() {
            Some(token) => token.access_token().expose_secret().parse().unwrap(),
            None => 0,
        }
    }

    #[tokio::test]
    async fn file_store_keeps_the_store_contract() {
        let (_folder, path) = folder();
        let clock = ManualClock::new(std::time::UNIX_EPOCH);
        let store = FileStore::at(&path).unwrap().clock(clock.clone());
        let wait = async || clock.advance(Duration::from_millis(100));
        contract::check(&store, "account", wait).await;
    }

    #[tokio::test]
    async fn files_are_private_to_their_owner() {
        let (folder, path) = folder();
        let store = FileStore::at(&path).unwrap();
        increment(&store).await;
        let mut names = Vec::new();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(mode(&entry.path()), 0o600);
            names.push(entry.file_name().into_string().unwrap());
        }
        // The temporary file of the replacement is gone.
        names.sort();
        assert_eq!(names, ["token", "token.lock"]);
        assert!(
            !fs::read_to_string(folder.path().join("token.lock"))
                .unwrap()
                .contains("access")
        );
        assert!(!format!("{store:?}").contains("access"));
    }

    /// A reader that has the old file open can read all of it, because the file is replaced and never rewritten.
    #[tokio::test]
    async fn token_file_is_replaced_atomically() {
        let (_folder, path) = folder();
        let store = FileStore::at(&path).unwrap();
        increment(&store).await;
        let mut open = fs::File::open(&path).unwrap();
        let before = fs::read_to_string(&path).unwrap();
        increment(&store).await;
        let mut read = String::new();
        std::io::Read::read_to_string(&mut open, &mut read).unwrap();
        assert_eq!(read, before);
        assert_ne!(fs::read_to_string(&path).unwrap(), before);
        assert_eq!(count(&store).await, 2);
    }

    #[test]
    fn load_outside_a_runtime_fails() {
        let (_folder, path) = folder();
        let store = FileStore::at(&path).unwrap();
        let (key, context) = (key(), &mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Err(error)) = store.load(&key).as_mut().poll(context) else {
            panic!("expected an error");
        };
        assert!(!error.transient, "{error}");
    }

    #[tokio::test]
    async fn files_that_are_not_private_are_rejected() {
        type Prepare = fn(&Path);
        let cases: [(&str, Prepare, &str); 8] = [
            ("mode 640", |path| write_with_mode(path, 0o640), "chmod 600"),
            ("mode 604", |path| write_with_mode(path, 0o604), "chmod 600"),
            ("mode 620", |path| write_with_mode(path, 0o620), "chmod 600"),
            ("link", create_link, "symbolic link"),
            (
                "dead link",
                |path| symlink("/nowhere", path).unwrap(),
                "symbolic link",
            ),
            (
                "folder",
                |path| fs::create_dir(path).unwrap(),
                "it is not a file",
            ),
            ("pipe", create_pipe, "it is not a file"),
            (
                "owner",
                create_file_of_another_user,
                "it belongs to the user",
            ),
        ];
        for which in ["token", "token.lock"] {
            for (name, prepare, text) in cases {
                let (folder, path) = folder();
                let file = folder.path().join(which);
                prepare(&file);
                let store = FileStore::at(&path).unwrap();
                let error = store
                    .lock(&key(), "a", Duration::from_secs(1))
                    .await
                    .unwrap_err();
                // A folder cannot be opened for writing: the system's error is returned.
                if (name, which) != ("folder", "token.lock") {
                    assert!(error.to_string().contains(text), "{which} {name}: {error}");
                    assert!(!error.transient, "{which} {name}");
                }
                if which == "token" {
                    assert!(store.load(&key()).await.is_err(), "{name}");
                    let token = contract::token(7, "new");
                    let lock = RefreshLock::new("a", 7);
                    assert!(store.save(&key(), &token, &lock).await.is_err(), "{name}");
                }
            }
        }
    }

    fn write_with_mode(path: &Path, mode: u32) {
        fs::write(path, "{}").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn create_link(path: &Path) {
        let real = path.with_file_name("real");
        write_with_mode(&real, 0o600);
        symlink(real, path).unwrap();
    }

    fn create_pipe(path: &Path) {
        assert!(
            Command::new("mkfifo")
                .arg("-m600")
                .arg(path)
                .status()
                .unwrap()
                .success()
        );
    }

    /// Only the superuser can change the owner of a file. For other users, a file of the superuser is linked.
    fn create_file_of_another_user(path: &Path) {
        write_with_mode(path, 0o600);
        if chown(path, Some(4_711), None).is_err() {
            fs::remove_file(path).unwrap();
            fs::hard_link("/etc/hostname", path)
                .or_else(|_| symlink("/etc/hostname", path))
                .unwrap();
        }
    }

    #[tokio::test]
    async fn file_of_another_program_is_not_replaced() {
        for (text, good) in [("", true), ("{\"a\":1}", false), ("notes", false)] {
            let (_folder, path) = folder();
            write_with_mode(&path, 0o600);
            fs::write(&path, text).unwrap();
            let store = FileStore::at(&path).unwrap();
            assert_eq!(store.load(&key()).await.is_ok(), good, "{text}");
            let token = contract::token(7, "new");
            let saved = store.save(&key(), &token, &RefreshLock::new("a", 7)).await;
            assert_eq!(saved.is_ok(), good, "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap() == text, !good, "{text}");
        }
    }

    #[tokio::test]
    async fn damaged_lock_file_is_replaced() {
        for content in [&b"\xff\xfe\0"[..], b"{", b"[]", b""] {
            let (folder, path) = folder();
            let locks = folder.path().join("token.lock");
            write_with_mode(&locks, 0o600);
            fs::write(&locks, content).unwrap();
            let store = FileStore::at(&path).unwrap();
            increment(&store).await;
            assert_eq!(count(&store).await, 1, "{content:?}");
        }
    }

    #[tokio::test]
    async fn missing_folder_is_a_transient_error() {
        let (folder, _) = folder();
        let inner = folder.path().join("inner");
        let store = FileStore::at(inner.join("token")).unwrap();
        let error = store
            .lock(&key(), "a", Duration::from_secs(1))
            .await
            .unwrap_err();
        assert!(error.transient && error.to_string().contains("inner/token.lock"));
        fs::create_dir(inner).unwrap();
        increment(&store).await;
    }

    const CHILD: &str = "STABLELINK_TEST_TOKEN_FILE";
    const ROUNDS: u64 = 25;

    /// Runs in the child processes of the next test.
    #[tokio::test]
    async fn child_process_increments() {
        if let Some(path) = std::env::var_os(CHILD) {
            let store = FileStore::at(path).unwrap();
            for _ in 0..ROUNDS {
                increment(&store).await;
            }
        }
    }

    /// Returns this test program with one test, which uses this file.
    fn child_process(test: &str, path: &Path) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let test = format!("token::store::file::tests::{test}");
        command
            .args(["--exact", "--nocapture", &test])
            .env(CHILD, path);
        command
    }

    #[tokio::test]
    async fn processes_share_the_lock() {
        let (_folder, path) = folder();
        let children: Vec<_> = (0..4)
            .map(|_| {
                let mut child = child_process("child_process_increments", &path);
                child.stdout(Stdio::null()).spawn().unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let store = FileStore::at(&path).unwrap();
        assert_eq!(count(&store).await, 4 * ROUNDS);
    }

    /// Runs in the child processes of the next test, until it is killed.
    #[tokio::test]
    async fn child_process_increments_until_killed() {
        if let Some(path) = std::env::var_os(CHILD) {
            let store = FileStore::at(path).unwrap();
            loop {
                increment(&store).await;
                println!("saved {}", count(&store).await);
            }
        }
    }

    /// The processes are killed at random moments, most of them in the middle of a write.
    #[tokio::test]
    async fn killed_writer_leaves_the_old_or_the_new_token() {
        let (folder, path) = folder();
        let store = FileStore::at(&path).unwrap();
        for round in 0..200 {
            let mut child = child_process("child_process_increments_until_killed", &path);
            let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
            let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
            let saved = |line: &String| line.rsplit_once("saved ")?.1.parse::<u64>().ok();
            // The first save needs the lock of the process that was killed before.
            let first = output.by_ref().find_map(|line| saved(&line.unwrap()));
            std::thread::sleep(Duration::from_micros(fastrand::u64(0..4_000)));
            child.kill().unwrap();
            child.wait().unwrap();
            let last = output.filter_map(|line| saved(&line.unwrap())).last();
            let last = last.or(first).unwrap();
            let stored = count(&store).await;
            assert!(
                (last..=last + 1).contains(&stored),
                "{round}: {stored}, {last}"
            );
        }
        // The next writer removes the temporary files of the killed ones.
        increment(&store).await;
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
