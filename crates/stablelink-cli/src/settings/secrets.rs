//! The three secrets of each profile.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use super::private;
use crate::failure::Failure;

/// The secrets of one profile, some of which may be missing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    #[serde(default, deserialize_with = "secret")]
    pub(crate) api_key: Option<SecretString>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) api_secret: Option<SecretString>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) sign_key: Option<SecretString>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(text.into()))
}

/// The file of secrets, by profile.
#[derive(Clone, Debug, Default)]
pub(crate) struct SecretBook(BTreeMap<String, Given>);

impl SecretBook {
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let Some(text) = private::read(path)? else {
            return Ok(Self::default());
        };
        // The error of the parser would show the line, and with it a secret.
        toml::from_str(text.expose_secret()).map(Self).map_err(|_| {
            Failure::usage(format!("{} is not as it was written", path.display()))
                .next("put it aside and run `stablelink login` again")
        })
    }

    pub(crate) fn of(&self, profile: &str) -> Given {
        self.0.get(profile).cloned().unwrap_or_default()
    }

    pub(crate) fn put(&mut self, profile: &str, secrets: Given) {
        self.0.insert(profile.to_owned(), secrets);
    }

    pub(crate) fn remove(&mut self, profile: &str) -> bool {
        self.0.remove(profile).is_some()
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), Failure> {
        let mut text = String::from("# Secrets of `stablelink`, for its owner alone.\n");
        for (profile, secrets) in &self.0 {
            text.push_str(&format!("\n[{}]\n", quoted(profile)));
            let parts = [
                ("api_key", &secrets.api_key),
                ("api_secret", &secrets.api_secret),
                ("sign_key", &secrets.sign_key),
            ];
            for (name, secret) in parts {
                if let Some(secret) = secret {
                    text.push_str(&format!("{name} = {}\n", quoted(secret.expose_secret())));
                }
            }
        }
        private::write(path, &text.into())
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(letter)))
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded_whatever_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.toml");
        let odd = "a\"b\\c\t鍵'#=\u{1}";
        let mut book = SecretBook::default();
        book.put(
            "a b.\"c",
            Given {
                api_key: Some(odd.into()),
                ..Given::default()
            },
        );
        book.save(&path).unwrap();
        let read = SecretBook::load(&path).unwrap().of("a b.\"c");
        assert_eq!(read.api_key.unwrap().expose_secret(), odd);
        assert!(read.sign_key.is_none());
    }

    #[test]
    fn a_broken_file_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.toml");
        private::write(&path, &"[a]\napi_key = hidden".into()).unwrap();
        let failure = SecretBook::load(&path).unwrap_err();
        assert!(!failure.to_string().contains("hidden"), "{failure}");
    }
}
