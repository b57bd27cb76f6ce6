//! Files that their owner alone can read.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use crate::failure::Failure;

/// More is no file of secrets.
const LIMIT: u64 = 1024 * 1024;

/// The text of a file; `None` where there is none. One that others could read, that somebody else owns or that is a link is
/// refused: a secret that lay open once is no secret any more.
pub(super) fn read(path: &Path) -> Result<Option<SecretString>, Failure> {
    let Some(mut file) = open(path)? else {
        return Ok(None);
    };
    let mut text =
        String::with_capacity(usize::try_from(file.metadata()?.len().min(LIMIT)).unwrap_or(0) + 1);
    Read::by_ref(&mut file)
        .take(LIMIT)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("{} can't be read: {error}", path.display())))?;
    Ok(Some(text.into()))
}

#[cfg(unix)]
fn open(path: &Path) -> Result<Option<File>, Failure> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

    let unreadable = |error: std::io::Error| {
        Failure::usage(format!("{} can't be opened: {error}", path.display()))
            .next("it must be a plain file of yours, not a link")
    };
    let opened = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let data = file.metadata().map_err(unreadable)?;
    let refused = |problem: &str, next: String| {
        Err(Failure::usage(format!("{} {problem}", path.display())).next(next))
    };
    if !data.is_file() {
        return refused(
            "is no plain file",
            "put it aside and run `stablelink login`".into(),
        );
    }
    if data.uid() != rustix::process::geteuid().as_raw() {
        return refused(
            "belongs to another user",
            "put it aside and run `stablelink login`".into(),
        );
    }
    if data.mode() & 0o077 != 0 {
        let next = format!(
            "chmod 600 {} ; if others may have read it, make new secrets in the dashboard",
            path.display()
        );
        return refused("can be read or changed by others", next);
    }
    Ok(Some(file))
}

#[cfg(not(unix))]
fn open(_: &Path) -> Result<Option<File>, Failure> {
    // Who may read a file can't be told here.
    Ok(None)
}

/// Writes a file that its owner alone can read, in one step.
pub(super) fn write(path: &Path, text: &SecretString) -> Result<(), Failure> {
    if cfg!(not(unix)) {
        return Err(Failure::usage(
            "secrets are kept in a file on Unix alone: who may read it can't be told here",
        )
        .next("give them by the environment variables"));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    super::folders::make(folder)?;
    // Made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.expose_secret().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)
        .map_err(|error| Failure::from(error.error))?;
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets");
        assert!(read(&path).unwrap().is_none());
        write(&path, &"s".into()).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(read(&path).unwrap().unwrap().expose_secret(), "s");
        for open in [0o640, 0o604, 0o620, 0o602] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(open)).unwrap();
            let failure = read(&path).unwrap_err().to_string();
            assert!(failure.contains("by others"), "{open:o}: {failure}");
        }
        // Writing anew heals it.
        write(&path, &"t".into()).unwrap();
        assert_eq!(mode(&path), 0o600);

        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read(&link).is_err());
        assert!(read(folder.path()).is_err());
    }
}
