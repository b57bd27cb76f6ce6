//! The configuration file `config.toml`: profiles without their secrets.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::create_private_dir;
use crate::error::CliError;

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
