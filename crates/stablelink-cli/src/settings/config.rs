//! Profiles: everything that is not secret.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folders;
use crate::failure::Failure;

/// The file of profiles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The profile that is used where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// What a profile sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// As `--env` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    /// How a query is signed: the name of a form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query_form: Option<String>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<u64>,
}

impl Config {
    /// The file's, or an empty one where there is no file.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(Failure::usage(format!(
                    "{} can't be read: {error}",
                    path.display()
                )));
            }
        };
        toml::from_str(&text).map_err(|error| {
            Failure::usage(format!("{}: {error}", path.display()))
                .next("mend the file, or remove it and run `stablelink login` again")
        })
    }

    /// Writes the file in one step.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Failure> {
        let text = toml::to_string(self)
            .map_err(|error| Failure::other(format!("the settings can't be written: {error}")))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        folders::make(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)
            .map_err(|error| Failure::from(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded_and_what_is_misspelt_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/config.toml");
        assert_eq!(Config::load(&path).unwrap(), Config::default());
        let mut config = Config {
            default: Some("a".into()),
            ..Config::default()
        };
        config.profiles.insert(
            "a".into(),
            Profile {
                environment: Some("staging".into()),
                timeout: Some(9),
                ..Profile::default()
            },
        );
        config.save(&path).unwrap();
        assert_eq!(Config::load(&path).unwrap(), config);
        std::fs::write(&path, "[profiles.a]\nenviroment = 'x'\n").unwrap();
        let failure = Config::load(&path).unwrap_err().to_string();
        assert!(failure.contains("enviroment"), "{failure}");
    }
}
