//! Two files on disk: that of the tokens, which is replaced, and that of the locks, which stays.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::access;
use super::book::{Book, Ledger};
use crate::token::store::StoreError;

pub(super) struct Place {
    path: PathBuf,
    lock_path: PathBuf,
}

/// The file of the locks, held by this process: nobody else reads or writes either file.
pub(super) struct Locked {
    file: File,
    pub(super) ledger: Ledger,
}

/// Others hold the file of the locks for the time of a few writes. One that was stopped meanwhile must not stop us too.
const WAIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// Larger files are none of ours.
const LARGEST: u64 = 1 << 20;

impl Place {
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

    /// What the file of the tokens holds; nothing if it is not there.
    pub(super) fn read(&self) -> Result<Book, StoreError> {
        let mut file = match access::open(OpenOptions::new().read(true), &self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Book::default()),
            Err(error) => return Err(access::opened(&self.path, error)),
        };
        access::check(&file, &self.path)?;
        let text = self.text(&mut file, &self.path)?;
        if text.is_empty() {
            return Ok(Book::default());
        }
        // It is replaced as a whole, so that it does not break by itself; somebody else's file must not be replaced.
        serde_json::from_str(&text).map_err(|_| {
            StoreError::new(format!(
                "{} holds something else than tokens: delete it, or give another path",
                self.path.display()
            ))
            .lasting()
        })
    }

    /// Replaces the file of the tokens in one step. Whoever calls this holds the locks.
    pub(super) fn replace(&self, book: &Book) -> Result<(), StoreError> {
        let text = serde_json::to_vec(book)
            .map_err(|_| StoreError::new("the tokens could not be written as JSON"))?;
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{}", Uuid::new_v4().simple()));
        let new = PathBuf::from(name);
        let written = access::make(&new).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)?;
            self.sync_folder()
        });
        written.map_err(|error| {
            // If it was renamed, it is not there any more.
            let _ = fs::remove_file(&new);
            StoreError::new(format!("{} can't be written", self.path.display())).because(error)
        })
    }

    /// Without it a crash of the machine may undo the renaming.
    fn sync_folder(&self) -> std::io::Result<()> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(folder)?.sync_all()
    }

    /// Takes the file of the locks, which is made if need be.
    pub(super) fn locked(&self) -> Result<Locked, StoreError> {
        let path = &self.lock_path;
        let mut file = match access::make(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                access::open(OpenOptions::new().read(true).write(true), path)
            }
            made => made,
        }
        .map_err(|error| access::opened(path, error))?;
        access::check(&file, path)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() < WAIT => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::new(format!(
                        "another process holds {} for more than {WAIT:?}",
                        path.display()
                    )));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(
                        StoreError::new(format!("{} can't be locked", path.display()))
                            .because(error),
                    );
                }
            }
        }
        // One that a crash cut short holds no lock that matters: generations begin at the time of day.
        let ledger = serde_json::from_str(&self.text(&mut file, path)?).unwrap_or_default();
        Ok(Locked { file, ledger })
    }

    fn text(&self, file: &mut File, path: &Path) -> Result<String, StoreError> {
        let mut text = String::new();
        file.take(LARGEST)
            .read_to_string(&mut text)
            .map_err(|error| {
                StoreError::new(format!("{} can't be read", path.display())).because(error)
            })?;
        Ok(text)
    }
}

impl Locked {
    /// Closing the file gives it to the next.
    pub(super) fn write(mut self) -> Result<(), StoreError> {
        let failed = |error: std::io::Error| {
            StoreError::new("the file of the locks can't be written").because(error)
        };
        let text = serde_json::to_vec(&self.ledger)
            .map_err(|_| StoreError::new("the locks could not be written as JSON"))?;
        self.file.set_len(0).map_err(failed)?;
        self.file.rewind().map_err(failed)?;
        self.file.write_all(&text).map_err(failed)?;
        self.file.sync_data().map_err(failed)
    }
}
