//! The output files of a command: all are written or none, or they are only compared.
//!
//! The crate atomic-write-file (0.3) was considered. It replaces one file at a time: it does not restore the
//! earlier files if a later one fails, and it removes no files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// An output file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// The path below the root of the repository.
    pub path: PathBuf,
    /// The whole content.
    pub content: Vec<u8>,
}

/// The result of comparing an output file with the existing file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// The file has the same content.
    Unchanged,
    /// The file has other content.
    Stale,
    /// The file does not exist.
    Missing,
}

/// A failure to read or write a file. No file was changed.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot {action}: {source}. No file was changed", path.display())]
pub struct OutputError {
    path: PathBuf,
    action: &'static str,
    source: io::Error,
}

/// The output files of one run, kept in memory until all are complete, and the files to remove.
#[derive(Debug, Default)]
pub struct OutputFiles {
    files: Vec<OutputFile>,
    removed: Vec<PathBuf>,
}

impl OutputFiles {
    /// Adds a file. The last call for a path counts.
    pub fn add(&mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) {
        let path = path.into();
        self.forget(&path);
        self.files.push(OutputFile {
            path,
            content: content.into(),
        });
    }

    /// Removes a file, if it exists. The last call for a path counts.
    pub fn remove(&mut self, path: impl Into<PathBuf>) {
        let path = path.into();
        self.forget(&path);
        self.removed.push(path);
    }

    fn forget(&mut self, path: &Path) {
        self.files.retain(|output| output.path != path);
        self.removed.retain(|removed| removed != path);
    }

    /// Iterates over the added files, in order.
    pub fn iter(&self) -> impl Iterator<Item = &OutputFile> {
        self.files.iter()
    }

    /// Compares each file with the existing one below `root`.
    ///
    /// # Errors
    /// Fails if an existing file cannot be read.
    pub fn compare(&self, root: &Path) -> Result<Vec<(&OutputFile, FileState)>, OutputError> {
        self.iter()
            .map(|output| {
                let state = match read_if_exists(&root.join(&output.path))? {
                    None => FileState::Missing,
                    Some(content) if content == output.content => FileState::Unchanged,
                    Some(_) => FileState::Stale,
                };
                Ok((output, state))
            })
            .collect()
    }

    /// Writes the files that differ, removes the files to remove, and returns the previous states.
    ///
    /// All contents are written to temporary files before the first rename; removals follow. If a
    /// rename or removal fails, the earlier ones are undone.
    ///
    /// # Errors
    /// Fails if a file cannot be written or removed; no file is changed then.
    pub fn write(&self, root: &Path) -> Result<Vec<(&OutputFile, FileState)>, OutputError> {
        let states = self.compare(root)?;
        let mut staged = Vec::new();
        for (output, state) in &states {
            if *state != FileState::Unchanged {
                let target = root.join(&output.path);
                let before = read_if_exists(&target)?;
                staged.push((stage(&target, &output.content)?, target, before));
            }
        }
        let mut done: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
        for (file, target, before) in staged {
            if let Err(error) = file.persist(&target) {
                restore(&done);
                return Err(OutputError {
                    path: target,
                    action: "replace the file",
                    source: error.error,
                });
            }
            done.push((target, before));
        }
        for path in &self.removed {
            let target = root.join(path);
            let outcome = read_if_exists(&target).and_then(|before| match before {
                None => Ok(None),
                Some(before) => fs::remove_file(&target)
                    .map(|()| Some(before))
                    .map_err(|source| OutputError {
                        path: target.clone(),
                        action: "remove the file",
                        source,
                    }),
            });
            match outcome {
                Ok(before) => done.push((target, before)),
                Err(error) => {
                    restore(&done);
                    return Err(error);
                }
            }
        }
        Ok(states)
    }
}

fn read_if_exists(path: &Path) -> Result<Option<Vec<u8>>, OutputError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(OutputError {
            path: path.to_path_buf(),
            action: "read the file",
            source,
        }),
    }
}

fn stage(target: &Path, content: &[u8]) -> Result<NamedTempFile, OutputError> {
    let folder = target.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<NamedTempFile> {
        fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".");
        // Temporary files are private by default; output files are not. The umask still applies.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        io::Write::write_all(&mut file, content)?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(|source| OutputError {
        path: target.to_path_buf(),
        action: "write a temporary file for the file",
        source,
    })
}

/// Restores files. Errors are ignored: the caller reports the first one.
fn restore(done: &[(PathBuf, Option<Vec<u8>>)]) {
    for (target, before) in done {
        let _ = match before {
            Some(content) => fs::write(target, content),
            None => fs::remove_file(target),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(files: &[(&str, &str)]) -> OutputFiles {
        let mut outputs = OutputFiles::default();
        for (path, content) in files {
            outputs.add(*path, *content);
        }
        outputs
    }

    #[test]
    fn write_returns_previous_states() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("same"), "1").unwrap();
        fs::write(root.path().join("other"), "1").unwrap();
        let outputs = outputs(&[("same", "1"), ("other", "2"), ("deep/new", "3")]);
        let states: Vec<FileState> = outputs
            .write(root.path())
            .unwrap()
            .into_iter()
            .map(|(_, state)| state)
            .collect();
        assert_eq!(
            states,
            [FileState::Unchanged, FileState::Stale, FileState::Missing]
        );
        assert_eq!(
            fs::read_to_string(root.path().join("deep/new")).unwrap(),
            "3"
        );
        assert!(
            outputs
                .compare(root.path())
                .unwrap()
                .iter()
                .all(|(_, state)| *state == FileState::Unchanged)
        );
    }

    #[test]
    fn failed_write_changes_no_file() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("first"), "before").unwrap();
        // A folder at the path of a file: its rename fails after the first one succeeded.
        fs::create_dir_all(root.path().join("taken/inside")).unwrap();
        for files in [
            [("first", "after"), ("taken", "x")],
            [("new", "after"), ("taken", "x")],
        ] {
            let error = outputs(&files).write(root.path()).unwrap_err();
            assert!(error.to_string().contains("taken"), "{error}");
        }
        assert_eq!(
            fs::read_to_string(root.path().join("first")).unwrap(),
            "before"
        );
        let mut names: Vec<_> = fs::read_dir(root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["first", "taken"]);
    }

    #[test]
    fn failed_removal_undoes_writes() {
        let root = tempfile::tempdir().unwrap();
        let exists = |name: &str| root.path().join(name).exists();
        fs::write(root.path().join("old"), "1").unwrap();
        fs::create_dir_all(root.path().join("taken/inside")).unwrap();
        let mut both = outputs(&[("new", "2")]);
        both.remove("old");
        both.remove("never-there");
        both.remove("taken");
        // A folder cannot be removed as a file.
        let error = both.write(root.path()).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert!(exists("old") && !exists("new"));

        both.add("taken/inside/now", "a file");
        both.forget(Path::new("taken"));
        both.write(root.path()).unwrap();
        assert!(!exists("old") && exists("new") && exists("taken/inside/now"));
    }

    #[test]
    fn restore_undoes_replacement_and_creation() {
        let root = tempfile::tempdir().unwrap();
        let first = root.path().join("first");
        fs::write(&first, "after").unwrap();
        restore(&[(first.clone(), Some(b"before".to_vec()))]);
        assert_eq!(fs::read_to_string(&first).unwrap(), "before");
        restore(&[(first.clone(), None)]);
        assert!(!first.exists());
    }
}
