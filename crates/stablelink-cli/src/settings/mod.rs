//! The configuration file with the profiles, and its directory. `secrets` holds the secrets of each profile.

mod secrets;

use std::collections::BTreeMap;
use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::CliError;

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

/// The configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The profile to use without `--profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// The settings of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// A value of `--env`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    /// The name of a query form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query_form: Option<String>,
    /// The deadline of a call in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<u64>,
}

impl Config {
    /// Reads the file. Returns an empty configuration if it does not exist.
    pub(crate) fn load(path: &Path) -> Result<Self, CliError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                let problem = format!("cannot read {}: {error}", path.display());
                return Err(CliError::usage(problem));
            }
        };
        toml::from_str(&text).map_err(|error| {
            CliError::usage(format!("{}: {error}", path.display()))
                .next("correct the file, or delete it and run `stablelink login` again")
        })
    }

    /// Replaces the file atomically.
    pub(crate) fn save(&self, path: &Path) -> Result<(), CliError> {
        let text = toml::to_string(self)
            .map_err(|error| CliError::other(format!("cannot write the configuration: {error}")))?;
        let dir = path.parent().unwrap_or(Path::new("."));
        create_private_dir(dir)?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
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

    #[test]
    fn saved_config_is_loaded_and_unknown_field_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/config.toml");
        assert_eq!(Config::load(&path).unwrap(), Config::default());
        let profile = Profile {
            environment: Some("staging".into()),
            timeout: Some(9),
            ..Profile::default()
        };
        let config = Config {
            default: Some("a".into()),
            profiles: BTreeMap::from([("a".into(), profile)]),
        };
        config.save(&path).unwrap();
        assert_eq!(Config::load(&path).unwrap(), config);
        std::fs::write(&path, "[profiles.a]\nenviroment = 'x'\n").unwrap();
        let error = Config::load(&path).unwrap_err().to_string();
        assert!(error.contains("enviroment"), "{error}");
    }
}
