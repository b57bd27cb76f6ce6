use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;
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

/// Renews a token that is the number of renewals so far.
async fn count_on(store: &FileStore) {
    let life = Duration::from_secs(60);
    let lease = loop {
        let owner = uuid::Uuid::new_v4().to_string();
        match store.lock(&key(), &owner, life).await.unwrap() {
            Some(lease) => break lease,
            None => tokio::task::yield_now().await,
        }
    };
    let last = counted(store).await;
    let token = contract::token(lease.generation(), &(last + 1).to_string());
    assert!(store.save(&key(), &token, &lease).await.unwrap());
    store.unlock(&key(), &lease).await.unwrap();
}

async fn counted(store: &FileStore) -> u64 {
    match store.load(&key()).await.unwrap() {
        Some(token) => token.access_token().expose_secret().parse().unwrap(),
        None => 0,
    }
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let (_folder, path) = folder();
    let clock = ManualClock::new(std::time::UNIX_EPOCH);
    let store = FileStore::at(&path).unwrap().clock(clock.clone());
    let pass = async || clock.advance(Duration::from_millis(100));
    contract::holds(&store, "account", pass).await;
}

#[tokio::test]
async fn its_files_are_for_their_owner_alone() {
    let (folder, path) = folder();
    let store = FileStore::at(&path).unwrap();
    count_on(&store).await;
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(mode(&entry.path()), 0o600);
        names.push(entry.file_name().into_string().unwrap());
    }
    // Nothing is left of the replacing.
    names.sort();
    assert_eq!(names, ["token", "token.lock"]);
    assert!(
        !fs::read_to_string(folder.path().join("token.lock"))
            .unwrap()
            .contains("access")
    );
    assert!(!format!("{store:?}").contains("access"));
}

/// Whoever has the old file open reads it to its end: it is replaced, and never written to.
#[tokio::test]
async fn it_is_replaced_in_one_step() {
    let (_folder, path) = folder();
    let store = FileStore::at(&path).unwrap();
    count_on(&store).await;
    let mut open = fs::File::open(&path).unwrap();
    let before = fs::read_to_string(&path).unwrap();
    count_on(&store).await;
    let mut seen = String::new();
    std::io::Read::read_to_string(&mut open, &mut seen).unwrap();
    assert_eq!(seen, before);
    assert_ne!(fs::read_to_string(&path).unwrap(), before);
    assert_eq!(counted(&store).await, 2);
}

#[test]
fn outside_of_a_runtime_it_is_an_error() {
    let (_folder, path) = folder();
    let store = FileStore::at(&path).unwrap();
    let (key, context) = (key(), &mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = store.load(&key).as_mut().poll(context) else {
        panic!("it waits, or has a token");
    };
    assert!(!error.is_passing(), "{error}");
}

#[tokio::test]
async fn what_others_can_reach_is_refused() {
    type Spoil = fn(&Path);
    let cases: [(&str, Spoil, &str); 8] = [
        ("mode 640", |path| allow(path, 0o640), "chmod 600"),
        ("mode 604", |path| allow(path, 0o604), "chmod 600"),
        ("mode 620", |path| allow(path, 0o620), "chmod 600"),
        ("link", linked, "symbolic link"),
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
        ("pipe", pipe, "it is not a file"),
        ("owner", of_another, "it belongs to the user"),
    ];
    for which in ["token", "token.lock"] {
        for (name, spoil, text) in cases {
            let (folder, path) = folder();
            let spoilt = folder.path().join(which);
            spoil(&spoilt);
            let store = FileStore::at(&path).unwrap();
            let error = store
                .lock(&key(), "a", Duration::from_secs(1))
                .await
                .unwrap_err();
            // A folder can't even be opened for writing.
            if (name, which) != ("folder", "token.lock") {
                assert!(error.to_string().contains(text), "{which} {name}: {error}");
                assert!(!error.is_passing(), "{which} {name}");
            }
            if which == "token" {
                assert!(store.load(&key()).await.is_err(), "{name}");
                let token = contract::token(7, "new");
                let lease = RefreshLock::new("a", 7);
                assert!(store.save(&key(), &token, &lease).await.is_err(), "{name}");
            }
        }
    }
}

fn allow(path: &Path, mode: u32) {
    fs::write(path, "{}").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn linked(path: &Path) {
    let real = path.with_file_name("real");
    allow(&real, 0o600);
    symlink(real, path).unwrap();
}

fn pipe(path: &Path) {
    assert!(
        Command::new("mkfifo")
            .arg("-m600")
            .arg(path)
            .status()
            .unwrap()
            .success()
    );
}

/// Only the superuser can give a file away; everybody else has one of the superuser's at hand.
fn of_another(path: &Path) {
    allow(path, 0o600);
    if chown(path, Some(4_711), None).is_err() {
        fs::remove_file(path).unwrap();
        fs::hard_link("/etc/hostname", path)
            .or_else(|_| symlink("/etc/hostname", path))
            .unwrap();
    }
}

#[tokio::test]
async fn a_file_of_somebody_else_is_not_replaced() {
    for (text, good) in [("", true), ("{\"a\":1}", false), ("notes", false)] {
        let (_folder, path) = folder();
        allow(&path, 0o600);
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
async fn without_its_folder_it_is_an_error_and_not_for_good() {
    let (folder, _) = folder();
    let inner = folder.path().join("inner");
    let store = FileStore::at(inner.join("token")).unwrap();
    let error = store
        .lock(&key(), "a", Duration::from_secs(1))
        .await
        .unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("inner/token.lock"));
    fs::create_dir(inner).unwrap();
    count_on(&store).await;
}

const CHILD: &str = "STABLELINK_TEST_TOKEN_FILE";
const ROUNDS: u64 = 25;

/// Not a test of its own, but what the processes of the next one run.
#[tokio::test]
async fn counting() {
    if let Some(path) = std::env::var_os(CHILD) {
        let store = FileStore::at(path).unwrap();
        for _ in 0..ROUNDS {
            count_on(&store).await;
        }
    }
}

#[tokio::test]
async fn processes_take_turns() {
    let (_folder, path) = folder();
    let children: Vec<_> = (0..4)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "--nocapture",
                    "token::store::file::tests::counting",
                ])
                .env(CHILD, &path)
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = FileStore::at(&path).unwrap();
    assert_eq!(counted(&store).await, 4 * ROUNDS);
}
