//! The directories of the files, and the lock of the configuration.

use std::env;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::CliError;
use crate::output::CliOutput;

/// The directories of the files, by the XDG base directory specification.
///
/// `etcetera` 0.11 was considered. Without HOME it uses the home directory of the password database, so a service that runs
/// without HOME would suddenly write files there; and it accepts a relative HOME.
#[derive(Clone, Debug)]
pub(crate) struct Directories {
    config: PathBuf,
    state: PathBuf,
}

impl Directories {
    pub(crate) fn of_user() -> Result<Self, CliError> {
        Self::from_variables(|name| env::var_os(name).map(PathBuf::from)).ok_or_else(|| {
            CliError::usage("no configuration directory: neither HOME nor XDG_CONFIG_HOME is set")
                .next("set HOME, or pass all settings with environment variables and --env")
        })
    }

    fn from_variables(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<Self> {
        // The specification requires ignoring relative paths.
        let absolute = |name| variable(name).filter(|path| path.is_absolute());
        let directory = |name, default| {
            let base = absolute(name).or_else(|| Some(absolute("HOME")?.join(default)));
            base.map(|base| base.join("stablelink"))
        };
        Some(Self {
            config: directory("XDG_CONFIG_HOME", ".config")?,
            state: directory("XDG_STATE_HOME", ".local/state")?,
        })
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    pub(crate) fn secrets_file(&self) -> PathBuf {
        self.config.join("secrets.toml")
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.state.join("tokens")
    }

    /// Creates the directory of the token file if needed. Fails if the user cannot write to it.
    pub(crate) fn prepare_state(&self) -> Result<(), CliError> {
        create_private_dir(&self.state)?;
        #[cfg(unix)]
        rustix::fs::access(&self.state, rustix::fs::Access::WRITE_OK).map_err(|error| {
            let problem = format!("cannot write to {}: {error}", self.state.display());
            CliError::usage(problem)
        })?;
        Ok(())
    }

    /// Locks the configuration until the returned file is dropped. Waits at most this time for another process that changes
    /// it, and announces a wait of more than a second.
    pub(crate) async fn lock_config(
        &self,
        timeout: Duration,
        out: &CliOutput,
    ) -> Result<File, CliError> {
        create_private_dir(&self.config).map_err(|error| {
            error.next("set XDG_CONFIG_HOME to a directory that can be written")
        })?;
        let path = self.config.join("lock");
        let failed =
            |problem: &str| CliError::usage(format!("cannot lock {}: {problem}", path.display()));
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| failed(&error.to_string()))?;
        let start = Instant::now();
        let mut is_announced = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(failed(&error.to_string())),
                Err(TryLockError::WouldBlock) if start.elapsed() >= timeout => {
                    return Err(failed("another process holds it")
                        .next("is another `stablelink login` or `stablelink logout` running?"));
                }
                Err(TryLockError::WouldBlock) => {}
            }
            if !is_announced && start.elapsed() >= Duration::from_secs(1) {
                is_announced = true;
                let path = path.display();
                out.note(format!(
                    "waiting for another process that holds the lock {path}"
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Creates a directory with mode 0700. An existing directory is not changed.
pub(super) fn create_private_dir(dir: &Path) -> Result<(), CliError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(dir)
        .map_err(|error| CliError::usage(format!("cannot create {}: {error}", dir.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xdg_variables_take_precedence_over_home() {
        let from = |pairs: &'static [(&str, &str)]| {
            Directories::from_variables(|name| {
                let pair = pairs.iter().find(|(key, _)| *key == name);
                pair.map(|(_, value)| value.into())
            })
        };
        let home = from(&[("HOME", "/h")]).unwrap();
        let config = Path::new("/h/.config/stablelink/config.toml");
        assert_eq!(home.config_file(), config);
        assert_eq!(home.state, Path::new("/h/.local/state/stablelink"));
        let xdg = from(&[
            ("HOME", "/h"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_STATE_HOME", "relative"),
        ])
        .unwrap();
        assert_eq!(xdg.secrets_file(), Path::new("/c/stablelink/secrets.toml"));
        assert_eq!(xdg.state, Path::new("/h/.local/state/stablelink"));
        assert!(from(&[("XDG_CONFIG_HOME", "/c")]).is_none());
    }
}
