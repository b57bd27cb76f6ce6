//! The secrets file `secrets.toml`, which only its owner can read.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use stablelink::private_file::{self, PrivateFileError};
use stablelink::{Credentials, check_secret};

use super::directories::create_private_dir;
use crate::error::CliError;

pub(crate) const API_KEY: &str = "STABLELINK_API_KEY";
pub(crate) const API_SECRET: &str = "STABLELINK_API_SECRET";
pub(crate) const SIGN_KEY: &str = "STABLELINK_SIGN_KEY";

/// The secrets of a profile. A missing secret is empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ProfileSecrets {
    pub(crate) api_key: SecretString,
    pub(crate) api_secret: SecretString,
    pub(crate) sign_key: SecretString,
}

impl ProfileSecrets {
    /// Returns the name in the file, the environment variable and the value of each secret.
    fn named(&self) -> [(&'static str, &'static str, &SecretString); 3] {
        [
            ("api_key", API_KEY, &self.api_key),
            ("api_secret", API_SECRET, &self.api_secret),
            ("sign_key", SIGN_KEY, &self.sign_key),
        ]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.missing().len() == 3
    }

    /// Returns the sign key, or `None` if it is missing.
    pub(crate) fn sign_key(&self) -> Option<SecretString> {
        let is_set = !self.sign_key.expose_secret().is_empty();
        is_set.then(|| self.sign_key.clone())
    }

    /// Returns the environment variables of the missing secrets.
    fn missing(&self) -> Vec<&'static str> {
        let named = self.named().into_iter();
        let missing = named.filter(|(_, _, secret)| secret.expose_secret().is_empty());
        missing.map(|(_, variable, _)| variable).collect()
    }

    /// Returns the three secrets for a client. Fails if one is missing. `source` describes where they were set.
    pub(crate) fn credentials(&self, source: &str) -> Result<Credentials, CliError> {
        match self.missing().as_slice() {
            [] => Ok(Credentials::new(
                self.api_key.clone(),
                self.api_secret.clone(),
                self.sign_key.clone(),
            )),
            [_, _, _] => Err(CliError::usage("no credentials are set").next(
                "run `stablelink login`, or set STABLELINK_API_KEY, STABLELINK_API_SECRET and STABLELINK_SIGN_KEY; \
                 `stablelink sandbox` prints credentials for the local sandbox",
            )),
            missing => Err(CliError::usage(format!("{source}: {} missing", missing.join(" and ")))
                .next("set all three variables or none: secrets from two sources are never mixed")),
        }
    }

    /// Fails if a secret has characters around it that an editor or a shell added.
    pub(crate) fn check(&self, source: &str) -> Result<(), CliError> {
        for (name, variable, secret) in self.named() {
            let result = match source {
                "environment variables" => check_secret(variable, secret),
                source => check_secret(&format!("{name} of {source}"), secret),
            };
            result?;
        }
        Ok(())
    }
}

/// The secrets of all profiles.
#[derive(Clone, Debug, Default)]
pub(crate) struct SecretsFile(BTreeMap<String, ProfileSecrets>);

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

    pub(crate) fn get(&self, profile: &str) -> ProfileSecrets {
        self.0.get(profile).cloned().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, profile: &str, secrets: ProfileSecrets) {
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
        let profiles = self.0.iter().map(|(profile, secrets)| {
            let named = secrets.named().into_iter();
            let named = named.map(|(name, _, secret)| (name, secret.expose_secret()));
            let set: BTreeMap<_, _> = named.filter(|(_, text)| !text.is_empty()).collect();
            (profile, set)
        });
        let text = toml::to_string(&profiles.collect::<BTreeMap<_, _>>())
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
        let secrets = ProfileSecrets {
            api_key: odd.into(),
            ..ProfileSecrets::default()
        };
        file.set("a b.\"c", secrets);
        file.save(&path).unwrap();
        let read = SecretsFile::load(&path).unwrap().get("a b.\"c");
        assert_eq!(read.api_key.expose_secret(), odd);
        assert!(read.sign_key.expose_secret().is_empty());
    }

    #[test]
    fn file_accessible_to_others_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert!(SecretsFile::load(&path).unwrap().0.is_empty());
        let mut file = SecretsFile::default();
        let secrets = ProfileSecrets {
            api_key: "s".into(),
            ..ProfileSecrets::default()
        };
        file.set("a", secrets);
        file.save(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        let read = SecretsFile::load(&path).unwrap().get("a").api_key;
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
