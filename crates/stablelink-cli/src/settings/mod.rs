//! The configuration file with the profiles, and its directory. `secrets` holds the secrets of each profile, `network` the proxy
//! and the trusted certificates.

mod network;
mod secrets;

use std::collections::BTreeMap;
use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::CliError;

pub(crate) use network::{NetworkSettings, PROFILE_PROXY, USER_AGENT};
pub(crate) use secrets::{API_KEY, API_SECRET, ProfileSecrets, SIGN_KEY, SecretsFile};

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

    /// Waits until no other process changes the configuration, and locks it until the returned file is dropped.
    pub(crate) fn lock_config(&self) -> Result<File, CliError> {
        create_private_dir(&self.config).map_err(|error| {
            error.next("set XDG_CONFIG_HOME to a directory that can be written")
        })?;
        let path = self.config.join("lock");
        let mut options = OpenOptions::new();
        let locked = options.create(true).truncate(false).write(true).open(&path);
        let locked = locked.and_then(|file| file.lock().map(|()| file));
        locked.map_err(|error| CliError::usage(format!("cannot lock {}: {error}", path.display())))
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

/// The maximum size of a file that [`read_trusted`] reads.
const MAX_SIZE: u64 = 1 << 20;

/// Reads a file that decides where secrets are sent. Returns `None` if it does not exist, and fails if other users can change it.
/// Others may read it, and symbolic links are followed, as for the configuration of ssh.
fn read_trusted(path: &Path) -> Result<Option<String>, CliError> {
    let failed =
        |error: io::Error| CliError::usage(format!("cannot read {}: {error}", path.display()));
    let mut options = OpenOptions::new();
    options.read(true);
    // Does not wait for the writer of a pipe.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    if let Some(problem) = distrust(&metadata) {
        return Err(CliError::usage(format!("{} {problem}", path.display())));
    }
    let mut text = String::new();
    let read = file.take(MAX_SIZE + 1).read_to_string(&mut text);
    if read.map_err(failed)? as u64 > MAX_SIZE {
        return Err(CliError::usage(format!(
            "{} is larger than 1 MiB",
            path.display()
        )));
    }
    Ok(Some(text))
}

/// Returns the reason why an open file is not trusted.
fn distrust(metadata: &std::fs::Metadata) -> Option<&'static str> {
    if !metadata.is_file() {
        return Some("is not used: it is not a regular file");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let user = rustix::process::geteuid().as_raw();
        if ![0, user].contains(&metadata.uid()) {
            return Some("is not used: it belongs to another user");
        }
        if metadata.mode() & 0o022 != 0 {
            return Some("is not used: other users can change it; run chmod go-w");
        }
    }
    None
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
    /// The URL of the proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxy: Option<String>,
    /// A file with more trusted certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// The URL of a Redis that holds the token, without a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redis_url: Option<String>,
}

impl Config {
    /// Reads the file. Returns an empty configuration if it does not exist, and fails if other users can change it.
    pub(crate) fn load(path: &Path) -> Result<Self, CliError> {
        let Some(text) = read_trusted(path)? else {
            return Ok(Self::default());
        };
        toml::from_str(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            // The complete error shows the line, which may contain a secret.
            CliError::usage(format!("{}:{line}: {}", path.display(), error.message()))
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

    #[cfg(unix)]
    #[test]
    fn config_that_others_can_change_is_rejected() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, "default = 'a'\n").unwrap();
        for (mode, trusted) in [
            (0o600, true),
            (0o644, true),
            (0o666, false),
            (0o620, false),
            (0o602, false),
        ] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(Config::load(&path).is_ok(), trusted, "{mode:o}");
        }
        // Only the superuser can give a file to another user.
        if std::os::unix::fs::chown(&path, Some(4_711), None).is_ok() {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
            let error = Config::load(&path).unwrap_err().to_string();
            assert!(error.contains("belongs to another user"), "{error}");
        }
        let pipe = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let error = Config::load(&pipe).unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
        std::fs::write(&path, vec![b'#'; 1_100_000]).unwrap();
        assert!(Config::load(&path).is_err());
    }
}
