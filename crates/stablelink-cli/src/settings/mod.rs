//! The files of the command line: `config` holds the profiles, `secrets` the secrets of each profile.

mod config;
mod secrets;

use std::env;
use std::path::{Path, PathBuf};

use crate::error::CliError;

pub(crate) use config::{Config, Profile};
pub(crate) use secrets::{SecretParts, SecretsFile};

/// The directories of the files, by the XDG base directory specification.
///
/// Not `etcetera` 0.11: without HOME it uses the home directory of the password database, so a service that runs without HOME
/// would suddenly write files there; and it accepts a relative HOME.
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

    /// Returns the path of the token file. Creates its directory if needed.
    pub(crate) fn token_file(&self) -> Result<PathBuf, CliError> {
        create_private_dir(&self.state)?;
        Ok(self.state.join("tokens"))
    }
}

/// Creates a directory with mode 0700. An existing directory is not changed.
fn create_private_dir(dir: &Path) -> Result<(), CliError> {
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
