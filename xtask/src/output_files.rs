//! The files that a command makes: written together or not at all, or only compared.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// A file that a command makes, by its path below the root of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Path below the root, with `/`.
    pub path: PathBuf,
    /// The whole content.
    pub content: Vec<u8>,
}

/// How a made file compares with the one in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The tree has the same bytes.
    Unchanged,
    /// The tree has other bytes.
    Stale,
    /// The tree has no such file.
    Missing,
}

/// A failure to read or write the tree. The tree is as it was.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot {action}: {source}. No file was changed", path.display())]
pub struct OutputError {
    path: PathBuf,
    action: &'static str,
    source: io::Error,
}

/// The files of one run, kept in memory until all of them are made, and those that it removes.
#[derive(Debug, Default)]
pub struct Outputs {
    files: Vec<Output>,
    removed: Vec<PathBuf>,
}

impl Outputs {
    /// Adds a file; what was said last of a path counts.
    pub fn add(&mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) {
        let path = path.into();
        self.forget(&path);
        self.files.push(Output {
            path,
            content: content.into(),
        });
    }

    /// Removes a file of the tree, if it is there; what was said last of a path counts.
    pub fn remove(&mut self, path: impl Into<PathBuf>) {
        let path = path.into();
        self.forget(&path);
        self.removed.push(path);
    }

    fn forget(&mut self, path: &Path) {
        self.files.retain(|output| output.path != path);
        self.removed.retain(|removed| removed != path);
    }

    /// The files in the order in which they were added; not the removed ones.
    pub fn iter(&self) -> impl Iterator<Item = &Output> {
        self.files.iter()
    }

    /// Compares each file with the one below `root`.
    ///
    /// # Errors
    /// A file of the tree exists but cannot be read.
    pub fn compare(&self, root: &Path) -> Result<Vec<(&Output, State)>, OutputError> {
        self.iter()
            .map(|output| {
                let state = match read_if_there(&root.join(&output.path))? {
                    None => State::Missing,
                    Some(content) if content == output.content => State::Unchanged,
                    Some(_) => State::Stale,
                };
                Ok((output, state))
            })
            .collect()
    }

    /// Writes the files that differ, removes what is to go, and tells how each file compared before.
    ///
    /// All contents are on disk beside their targets before the first rename; removals come last. A
    /// rename or removal that fails puts the earlier ones back.
    ///
    /// # Errors
    /// A file cannot be written or removed; the tree is as it was.
    pub fn write(&self, root: &Path) -> Result<Vec<(&Output, State)>, OutputError> {
        let states = self.compare(root)?;
        let mut staged = Vec::new();
        for (output, state) in &states {
            if *state != State::Unchanged {
                let target = root.join(&output.path);
                let before = read_if_there(&target)?;
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
            let outcome = read_if_there(&target).and_then(|before| match before {
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

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, OutputError> {
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
        // A temporary file is private by default; the product is not. The umask still applies.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        io::Write::write_all(&mut file, content)?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(|source| OutputError {
        path: target.to_path_buf(),
        action: "write beside the file",
        source,
    })
}

/// Best effort: the error that led here is the one to report.
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

    fn outputs(files: &[(&str, &str)]) -> Outputs {
        let mut outputs = Outputs::default();
        for (path, content) in files {
            outputs.add(*path, *content);
        }
        outputs
    }

    #[test]
    fn writes_what_differs_and_says_how_it_compared() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("same"), "1").unwrap();
        fs::write(root.path().join("other"), "1").unwrap();
        let outputs = outputs(&[("same", "1"), ("other", "2"), ("deep/new", "3")]);
        let states: Vec<State> = outputs
            .write(root.path())
            .unwrap()
            .into_iter()
            .map(|(_, state)| state)
            .collect();
        assert_eq!(states, [State::Unchanged, State::Stale, State::Missing]);
        assert_eq!(
            fs::read_to_string(root.path().join("deep/new")).unwrap(),
            "3"
        );
        assert!(
            outputs
                .compare(root.path())
                .unwrap()
                .iter()
                .all(|(_, state)| *state == State::Unchanged)
        );
    }

    #[test]
    fn a_failure_leaves_the_tree_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("first"), "before").unwrap();
        // A folder in the place of a file: the rename onto it fails, after the first one went well.
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
    fn removals_go_with_the_writes_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let there = |name: &str| root.path().join(name).exists();
        fs::write(root.path().join("old"), "1").unwrap();
        fs::create_dir_all(root.path().join("taken/inside")).unwrap();
        let mut both = outputs(&[("new", "2")]);
        both.remove("old");
        both.remove("never-there");
        both.remove("taken");
        // A folder in the place of a file cannot be removed as a file.
        let error = both.write(root.path()).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert!(there("old") && !there("new"));

        both.add("taken/inside/now", "a file");
        both.forget(Path::new("taken"));
        both.write(root.path()).unwrap();
        assert!(!there("old") && there("new") && there("taken/inside/now"));
    }

    #[test]
    fn a_rename_that_fails_puts_the_earlier_ones_back() {
        let root = tempfile::tempdir().unwrap();
        let first = root.path().join("first");
        fs::write(&first, "after").unwrap();
        restore(&[(first.clone(), Some(b"before".to_vec()))]);
        assert_eq!(fs::read_to_string(&first).unwrap(), "before");
        restore(&[(first.clone(), None)]);
        assert!(!first.exists());
    }
}
