//! The secrets file `secrets.toml`, which only its owner can read.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use stablelink::private_file::{self, PrivateFileError};

use super::create_private_dir;
use crate::error::CliError;

/// The secrets of a profile, each of which may be missing.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SecretParts {
    #[serde(with = "exposed", skip_serializing_if = "Option::is_none")]
    pub(crate) api_key: Option<SecretString>,
    #[serde(with = "exposed", skip_serializing_if = "Option::is_none")]
    pub(crate) api_secret: Option<SecretString>,
    #[serde(with = "exposed", skip_serializing_if = "Option::is_none")]
    pub(crate) sign_key: Option<SecretString>,
}

/// Reads and writes secrets for the file, which holds them in plain text.
mod exposed {
    use super::*;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SecretString>, D::Error> {
        String::deserialize(deserializer).map(|text| Some(text.into()))
    }

    pub(super) fn serialize<S: Serializer>(
        secret: &Option<SecretString>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = secret.as_ref().map(ExposeSecret::expose_secret);
        text.serialize(serializer)
    }
}

/// The secrets of all profiles.
#[derive(Clone, Debug, Default)]
pub(crate) struct SecretsFile(BTreeMap<String, SecretParts>);

impl SecretsFile {
    /// Reads the file. Returns no secrets if it does not exist, and fails if other users can read it.
    pub(crate) fn load(path: &Path) -> Result<Self, CliError> {
        if cfg!(not(unix)) {
            // The permissions of a file cannot be checked.
            return Ok(Self::default());
        }
        let Some(text) = private_file::read(path).map_err(not_private)? else {
            return Ok(Self::default());
        };
        let text = SecretString::from(text);
        // The error of the parser is not shown: it contains the line, and with it a secret.
        toml::from_str(text.expose_secret()).map(Self).map_err(|_| {
            CliError::usage(format!("{} is not a valid secrets file", path.display()))
                .next("move it away and run `stablelink login` again")
        })
    }

    pub(crate) fn get(&self, profile: &str) -> SecretParts {
        self.0.get(profile).cloned().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, profile: &str, secrets: SecretParts) {
        self.0.insert(profile.to_owned(), secrets);
    }

    pub(crate) fn remove(&mut self, profile: &str) -> bool {
        self.0.remove(profile).is_some()
    }

    /// Replaces the file atomically with mode 0600.
    pub(crate) fn save(&self, path: &Path) -> Result<(), CliError> {
        if cfg!(not(unix)) {
            return Err(CliError::usage(
                "secrets can only be saved on Unix: the permissions of a file cannot be checked here",
            )
            .next("set the environment variables instead"));
        }
        let text = toml::to_string(&self.0)
            .map_err(|_| CliError::other("cannot write the secrets as TOML"))?;
        let text = format!("# Secrets of the `stablelink` command.\n\n{text}");
        let text = SecretString::from(text);
        create_private_dir(path.parent().unwrap_or(Path::new(".")))?;
        private_file::replace(path, text.expose_secret().as_bytes()).map_err(not_private)
    }
}

fn not_private(error: PrivateFileError) -> CliError {
    let usage = CliError::usage(error.to_string());
    match error.io_error() {
        Some(_) => usage,
        None => usage.next(
            "if other users may have read it, create new secrets in the dashboard; to start over, move the file away and run \
             `stablelink login`",
        ),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn saved_secrets_are_loaded_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets.toml");
        let odd = "a\"b\\c\t鍵'#=\u{1}";
        let mut file = SecretsFile::default();
        let secrets = SecretParts {
            api_key: Some(odd.into()),
            ..SecretParts::default()
        };
        file.set("a b.\"c", secrets);
        file.save(&path).unwrap();
        let read = SecretsFile::load(&path).unwrap().get("a b.\"c");
        assert_eq!(read.api_key.unwrap().expose_secret(), odd);
        assert!(read.sign_key.is_none());
    }

    #[test]
    fn file_accessible_to_others_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert!(SecretsFile::load(&path).unwrap().0.is_empty());
        let mut file = SecretsFile::default();
        let api_key = Some(SecretString::from("s"));
        file.set(
            "a",
            SecretParts {
                api_key,
                ..SecretParts::default()
            },
        );
        file.save(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        let read = SecretsFile::load(&path).unwrap().get("a").api_key.unwrap();
        assert_eq!(read.expose_secret(), "s");
        for open in [0o640, 0o604, 0o620, 0o602] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(open)).unwrap();
            let error = SecretsFile::load(&path).unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{open:o}: {error}");
        }
        // Saving again restores the mode.
        file.save(&path).unwrap();
        assert_eq!(mode(&path), 0o600);

        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(SecretsFile::load(&link).is_err());
        assert!(SecretsFile::load(dir.path()).is_err());
    }

    #[test]
    fn error_of_invalid_file_does_not_show_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets.toml");
        private_file::replace(&path, b"[a]\napi_key = hidden").unwrap();
        let error = SecretsFile::load(&path).unwrap_err();
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
}
