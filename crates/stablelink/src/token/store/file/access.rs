//! Who may read and write a file: its owner alone.

use std::fs::{File, OpenOptions};
use std::io;

use crate::token::store::StoreError;

/// Opens a file that is there, without following a link at its end and without waiting for a pipe.
pub(super) fn open(options: &mut OpenOptions, path: &std::path::Path) -> io::Result<File> {
    imp::no_links(options).open(path)
}

/// Makes a file that only its owner can read.
pub(super) fn make(path: &std::path::Path) -> io::Result<File> {
    imp::private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

/// Checks the file that was opened, not the path: it may name another by now.
pub(super) fn check(file: &File, path: &std::path::Path) -> Result<(), StoreError> {
    let metadata = file.metadata().map_err(|error| {
        StoreError::new(format!("{} can't be looked at", path.display())).because(error)
    })?;
    if !metadata.is_file() {
        return Err(refused(path, "it is not a file"));
    }
    imp::check(&metadata).map_err(|problem| refused(path, &problem))
}

/// A link is refused by the system when it is opened.
pub(super) fn opened(path: &std::path::Path, error: io::Error) -> StoreError {
    if path.is_symlink() {
        return refused(path, "it is a symbolic link");
    }
    StoreError::new(format!("{} can't be opened", path.display())).because(error)
}

fn refused(path: &std::path::Path, problem: &str) -> StoreError {
    StoreError::new(format!("{} is not used: {problem}", path.display())).lasting()
}

#[cfg(unix)]
mod imp {
    use std::fs::{Metadata, OpenOptions};
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

    use rustix::fs::OFlags;

    pub(super) fn no_links(options: &mut OpenOptions) -> &mut OpenOptions {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        // The bits of these flags fit: the system takes them as an int.
        options.custom_flags(flags.bits().cast_signed())
    }

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }

    pub(super) fn check(metadata: &Metadata) -> Result<(), String> {
        let (owner, own) = (metadata.uid(), rustix::process::geteuid().as_raw());
        if owner != own {
            return Err(format!(
                "it belongs to the user {owner}, and this program runs as {own}"
            ));
        }
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(format!(
                "others can read or change it (mode {mode:03o}); say chmod 600"
            ));
        }
        Ok(())
    }
}

#[cfg(not(unix))]
mod imp {
    use std::fs::{Metadata, OpenOptions};

    pub(super) fn no_links(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn check(_: &Metadata) -> Result<(), String> {
        Err("this system is not of the Unix family".to_owned())
    }
}
