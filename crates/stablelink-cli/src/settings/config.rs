//! The configuration file with the profiles.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::directories::create_private_dir;
use crate::error::CliError;

/// The maximum size of a file that [`read_trusted`] reads.
const MAX_SIZE: u64 = 1 << 20;

/// Reads a file that decides where secrets are sent. Returns `None` if it does not exist, and fails if other users can change it.
/// Others may read it, and symbolic links are followed, as for the configuration of ssh.
pub(super) fn read_trusted(path: &Path) -> Result<Option<String>, CliError> {
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
