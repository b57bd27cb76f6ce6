//! Files that only their owner can read and write: the token file and the CLI's credentials.
//!
//! Of the crates that were considered, `tempfile` creates a private file and replaces another one, but none checks the owner
//! and the mode of an existing file.

use std::error::Error as StdError;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// The maximum size of a file that is read or written: thousands of tokens.
const MAX_SIZE: u64 = 16 << 20;

/// Reads a text file. Returns `None` if the file does not exist.
///
/// # Errors
///
/// Fails if the file is not private, or cannot be read.
pub fn read(path: &Path) -> Result<Option<String>, PrivateFileError> {
    match open(path, OpenOptions::new().read(true)) {
        Ok(mut file) => {
            let bytes = read_open(path, &mut file)?;
            let text = String::from_utf8(bytes).map_err(|_| {
                PrivateFileError::io(path, "read", io::Error::other("it is not UTF-8"))
            })?;
            Ok(Some(text))
        }
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces a file in one step, or creates it with mode 0600: after a crash it has the old or the new content. Removes the
/// temporary files of processes that were killed meanwhile.
///
/// # Errors
///
/// Fails if the file cannot be written, or if the content is larger than 16 MiB.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    if content.len() as u64 > MAX_SIZE {
        return Err(PrivateFileError::too_large(path));
    }
    remove_abandoned(path);
    let mut name = path.to_owned().into_os_string();
    name.push(format!(".{}", Uuid::new_v4().simple()));
    let temporary = PathBuf::from(name);
    let written = create(&temporary).and_then(|mut file| {
        // The file is locked until it is closed, so that other processes do not treat it as abandoned. Locking fails on a
        // file system without locks, on which no file is treated as abandoned.
        let _ = file.lock();
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        // Otherwise a crash of the machine may undo the renaming.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    });
    written.map_err(|error| {
        // If the file was already renamed, there is nothing to remove, and this error is ignored.
        let _ = fs::remove_file(&temporary);
        PrivateFileError::io(path, "written", error)
    })
}

/// Removes temporary files of this file that no process is writing. A process that has created its file but not locked it yet
/// fails to rename it, and its caller tries again.
fn remove_abandoned(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(OsStr::to_str))
    else {
        return;
    };
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_temporary = entry.file_name().to_str().is_some_and(|other| {
            let suffix = other
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('.'));
            suffix.is_some_and(|suffix| {
                suffix.len() == 32 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        });
        if !is_temporary {
            continue;
        }
        let mut options = OpenOptions::new();
        if let Ok(file) = open(&entry.path(), options.read(true).write(true))
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Opens a file to read and write it, and creates it with mode 0600 if it does not exist.
pub(crate) fn open_or_create(path: &Path) -> Result<File, PrivateFileError> {
    match create(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            open(path, OpenOptions::new().read(true).write(true))
        }
        Err(error) => Err(PrivateFileError::opening(path, error)),
    }
}

/// Reads the bytes of an open file.
pub(crate) fn read_open(path: &Path, file: &mut File) -> Result<Vec<u8>, PrivateFileError> {
    let mut bytes = Vec::new();
    file.take(MAX_SIZE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| PrivateFileError::io(path, "read", error))?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(PrivateFileError::too_large(path));
    }
    Ok(bytes)
}

/// Opens an existing file, without following a symbolic link and without waiting for the writer of a pipe.
fn open(path: &Path, options: &mut OpenOptions) -> Result<File, PrivateFileError> {
    let file = unix::without_links(options)
        .open(path)
        .map_err(|error| PrivateFileError::opening(path, error))?;
    // The open file is checked, not the path, which may already lead to another file.
    let metadata = file
        .metadata()
        .map_err(|error| PrivateFileError::io(path, "read", error))?;
    if !metadata.is_file() {
        return Err(PrivateFileError::not_private(path, "it is not a file"));
    }
    unix::check(&metadata).map_err(|problem| PrivateFileError::not_private(path, problem))?;
    Ok(file)
}

fn create(path: &Path) -> io::Result<File> {
    unix::private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

/// The reason why a private file cannot be used.
#[derive(Debug)]
pub struct PrivateFileError {
    text: String,
    source: Option<io::Error>,
}

impl PrivateFileError {
    fn io(path: &Path, verb: &str, source: io::Error) -> Self {
        Self {
            text: format!("{} cannot be {verb}", path.display()),
            source: Some(source),
        }
    }

    fn opening(path: &Path, source: io::Error) -> Self {
        // The system refuses to open a symbolic link, but its error does not mention the link.
        if path.is_symlink() {
            return Self::not_private(path, "it is a symbolic link");
        }
        Self::io(path, "opened", source)
    }

    fn not_private(path: &Path, problem: impl fmt::Display) -> Self {
        Self {
            text: format!("{} is not used: {problem}", path.display()),
            source: None,
        }
    }

    fn too_large(path: &Path) -> Self {
        Self {
            text: format!("{} has more than 16 MiB", path.display()),
            source: None,
        }
    }

    fn is_not_found(&self) -> bool {
        self.source
            .as_ref()
            .is_some_and(|error| error.kind() == ErrorKind::NotFound)
    }

    /// Returns the error of the system; `None` if the file is not private or too large.
    #[must_use]
    pub const fn io_error(&self) -> Option<&io::Error> {
        self.source.as_ref()
    }
}

impl fmt::Display for PrivateFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for PrivateFileError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source: &(dyn StdError + 'static) = self.source.as_ref()?;
        Some(source)
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::{Metadata, OpenOptions};
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

    use rustix::fs::OFlags;

    pub(super) fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        // The cast keeps all bits: the system takes the flags as an int.
        options.custom_flags(flags.bits().cast_signed())
    }

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }

    pub(super) fn check(metadata: &Metadata) -> Result<(), String> {
        let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
        if owner != user {
            return Err(format!(
                "it belongs to the user {owner}, and this program runs as {user}"
            ));
        }
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(format!(
                "other users can read or change it (mode {mode:03o}); run chmod 600"
            ));
        }
        Ok(())
    }
}

#[cfg(not(unix))]
mod unix {
    use std::fs::{Metadata, OpenOptions};

    pub(super) fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn check(_: &Metadata) -> Result<(), String> {
        Err("on this system other users' access cannot be checked".to_owned())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn content_above_the_maximum_is_neither_written_nor_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let largest = vec![b'x'; usize::try_from(MAX_SIZE).unwrap()];
        replace(&path, &largest).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().len(), largest.len());
        let too_large = [&largest[..], b"x"].concat();
        assert!(replace(&path, &too_large).is_err());
        assert_eq!(read(&path).unwrap().unwrap().len(), largest.len());
        fs::write(&path, &too_large).unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.to_string().contains("more than 16 MiB"), "{error}");
    }

    #[test]
    fn temporary_file_of_a_killed_process_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let sibling = |suffix: &str| folder.path().join(format!("file.{suffix}"));
        let [abandoned, in_use] = ["a", "b"].map(|digit| sibling(&digit.repeat(32)));
        let others = [
            sibling("lock"),
            sibling(&"a".repeat(31)),
            sibling(&"x".repeat(32)),
        ];
        for path in others.iter().chain([&abandoned, &in_use]) {
            create(path).unwrap();
        }
        // The lock of another process counts, and ends with it.
        let mut writer = Command::new("flock")
            .arg(&in_use)
            .args(["-c", "echo; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0];
        writer
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut line)
            .unwrap();
        replace(&path, b"new").unwrap();
        assert!(!abandoned.exists() && in_use.exists());
        drop(writer.stdin.take());
        writer.wait().unwrap();
        replace(&path, b"newer").unwrap();
        assert!(!in_use.exists());
        assert!(others.iter().all(|path| path.exists()));
        assert_eq!(read(&path).unwrap().as_deref(), Some("newer"));
    }
}
