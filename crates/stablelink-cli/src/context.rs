//! What a command works with: who calls, where, and how it shows what came.

use std::env;
use std::time::Duration;

use secrecy::SecretString;
use stablelink::{Client, Credentials, Environment, FileStore, QueryForm};

use crate::failure::Failure;
use crate::global::Global;
use crate::output::Out;
use crate::settings::{Config, Folders, Given, Profile, SecretBook};

pub(crate) const API_KEY: &str = "STABLELINK_API_KEY";
pub(crate) const API_SECRET: &str = "STABLELINK_API_SECRET";
pub(crate) const SIGN_KEY: &str = "STABLELINK_SIGN_KEY";
pub(crate) const ENV: &str = "STABLELINK_ENV";

/// What a command works with.
pub(crate) struct Context {
    global: Global,
    pub(crate) out: Out,
}

/// The three secrets, for what is not a client.
#[derive(Clone)]
pub(crate) struct Apart {
    pub(crate) api_key: SecretString,
    pub(crate) api_secret: SecretString,
    pub(crate) sign_key: SecretString,
}

/// Where something was learnt from.
pub(crate) struct Learnt<T> {
    pub(crate) value: T,
    pub(crate) from: String,
}

impl Context {
    pub(crate) fn new(global: Global) -> Self {
        let out = Out::new(global.output).getting(global.get.clone());
        Self { global, out }
    }

    pub(crate) const fn verbose(&self) -> u8 {
        self.global.verbose
    }

    /// The name of the profile that counts: the one that was asked for, the default one of the file, or `default`.
    pub(crate) fn profile_name(&self) -> Result<String, Failure> {
        if let Some(name) = &self.global.profile {
            return Ok(name.clone());
        }
        Ok(self
            .config()?
            .default
            .unwrap_or_else(|| "default".to_owned()))
    }

    pub(crate) fn config(&self) -> Result<Config, Failure> {
        // Without a place for settings there are none; what needs the place says so.
        match Folders::of_user() {
            Ok(folders) => Config::load(&folders.config_file()),
            Err(_) => Ok(Config::default()),
        }
    }

    fn profile(&self) -> Result<Profile, Failure> {
        let (name, config) = (self.profile_name()?, self.config()?);
        match config.profiles.get(&name) {
            Some(profile) => Ok(profile.clone()),
            None if self.global.profile.is_some() => {
                let known: Vec<_> = config.profiles.keys().cloned().collect();
                let next = if known.is_empty() {
                    format!("make it with `stablelink --profile {name} --env sandbox login`")
                } else {
                    format!("profiles that there are: {}", known.join(", "))
                };
                Err(Failure::usage(format!("there is no profile `{name}`")).next(next))
            }
            None => Ok(Profile::default()),
        }
    }

    /// The environment of the arguments or the variable, whatever the profile says.
    pub(crate) fn environment_of_arguments(&self) -> Option<String> {
        self.global.env.clone().or_else(|| variable(ENV))
    }

    /// The name of the environment as it was asked for: by `--env`, then the variable, then the profile.
    pub(crate) fn environment_asked(&self) -> Result<Option<Learnt<String>>, Failure> {
        if let Some(value) = &self.global.env {
            let from = "--env".to_owned();
            return Ok(Some(Learnt {
                value: value.clone(),
                from,
            }));
        }
        if let Some(value) = variable(ENV) {
            return Ok(Some(Learnt {
                value,
                from: ENV.to_owned(),
            }));
        }
        let from = format!("profile {}", self.profile_name()?);
        Ok(self
            .profile()?
            .environment
            .map(|value| Learnt { value, from }))
    }

    pub(crate) fn environment(&self) -> Result<Learnt<Environment>, Failure> {
        let asked = self.environment_asked()?.ok_or_else(|| {
            Failure::usage(
                "no environment is set, and there is no default: one of them moves real money",
            )
            .next("say --env sandbox, set STABLELINK_ENV, or run `stablelink --env sandbox login`")
        })?;
        let value = environment(&asked.value)?;
        Ok(Learnt {
            value,
            from: asked.from,
        })
    }

    /// The secrets: of the environment variables, or else of the profile; never mixed, for they belong together.
    pub(crate) fn secrets(&self) -> Result<Learnt<Given>, Failure> {
        let of_variables = Given {
            api_key: variable(API_KEY).map(SecretString::from),
            api_secret: variable(API_SECRET).map(SecretString::from),
            sign_key: variable(SIGN_KEY).map(SecretString::from),
        };
        if of_variables.api_key.is_some()
            || of_variables.api_secret.is_some()
            || of_variables.sign_key.is_some()
        {
            let from = "environment variables".to_owned();
            return Ok(Learnt {
                value: of_variables,
                from,
            });
        }
        let name = self.profile_name()?;
        let value = match Folders::of_user() {
            Ok(folders) => SecretBook::load(&folders.secrets_file())?.of(&name),
            Err(_) => Given::default(),
        };
        Ok(Learnt {
            value,
            from: format!("profile {name}"),
        })
    }

    pub(crate) fn credentials(&self) -> Result<Credentials, Failure> {
        let Apart {
            api_key,
            api_secret,
            sign_key,
        } = self.credentials_apart()?;
        Ok(Credentials::new(api_key, api_secret, sign_key))
    }

    /// The three secrets, all of them there.
    pub(crate) fn credentials_apart(&self) -> Result<Apart, Failure> {
        let secrets = self.secrets()?;
        let given = secrets.value;
        let missing: Vec<&str> = [
            (API_KEY, &given.api_key),
            (API_SECRET, &given.api_secret),
            (SIGN_KEY, &given.sign_key),
        ]
        .into_iter()
        .filter_map(|(name, secret)| secret.is_none().then_some(name))
        .collect();
        match (given.api_key, given.api_secret, given.sign_key) {
            (Some(api_key), Some(api_secret), Some(sign_key)) => Ok(Apart { api_key, api_secret, sign_key }),
            _ if missing.len() == 3 => Err(Failure::usage("there are no credentials").next(
                "run `stablelink login`, or set STABLELINK_API_KEY, STABLELINK_API_SECRET and STABLELINK_SIGN_KEY; \
                 `stablelink sandbox` gives some to try things out",
            )),
            _ => {
                let problem = format!("{}: {} missing", secrets.from, missing.join(" and "));
                Err(Failure::usage(problem)
                    .next("set all three variables or none: secrets of two places are never mixed"))
            }
        }
    }

    /// The sign key alone, for what is not a call.
    pub(crate) fn sign_key(&self) -> Result<SecretString, Failure> {
        self.secrets()?.value.sign_key.ok_or_else(|| {
            Failure::usage("there is no sign key")
                .next("set STABLELINK_SIGN_KEY (never as an argument: others can read those), or run `stablelink login`")
        })
    }

    pub(crate) fn query_form(&self) -> Result<QueryForm, Failure> {
        match self.profile()?.query_form {
            None => Ok(QueryForm::default()),
            Some(name) => name
                .parse()
                .map_err(|error| Failure::usage(format!("query_form of the profile: {error}"))),
        }
    }

    /// How long a command may take.
    pub(crate) fn time_limit(&self) -> Result<Option<Duration>, Failure> {
        let seconds = match self.global.timeout {
            Some(seconds) => Some(seconds),
            None => self.profile()?.timeout,
        };
        Ok(seconds.map(Duration::from_secs))
    }

    /// A client whose token is shared with all commands of this user.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let mut builder = Client::builder()
            .environment(self.environment()?.value)
            .credentials(self.credentials()?)
            .query_form(self.query_form()?)
            .user_agent(concat!("stablelink-cli/", env!("CARGO_PKG_VERSION")));
        match Folders::of_user() {
            Ok(folders) if cfg!(unix) => {
                builder = builder.token_store(FileStore::at(folders.tokens_file()?)?);
            }
            // Each command then gets a token of its own, and ends that of the one before.
            _ => self.out.note("there is no place to share the token in"),
        }
        if let Some(limit) = self.time_limit()? {
            builder = builder.deadline(limit);
        }
        Ok(builder.build()?)
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The environment of this name, or at this address.
pub(crate) fn environment(name: &str) -> Result<Environment, Failure> {
    match name {
        "sandbox" => Ok(Environment::Sandbox),
        "staging" => Ok(Environment::Staging),
        "production" => Ok(Environment::Production),
        address if address.contains("://") => Environment::at(address).map_err(Failure::from),
        other => Err(Failure::usage(format!("`{other}` is no environment")).next(
            "take sandbox, staging, production, or an address such as http://127.0.0.1:8080",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_have_names_or_addresses() {
        assert_eq!(environment("sandbox").unwrap(), Environment::Sandbox);
        assert_eq!(environment("production").unwrap(), Environment::Production);
        let here = environment("http://127.0.0.1:8080").unwrap();
        assert_eq!(here.origin().as_str(), "http://127.0.0.1:8080");
        for wrong in [
            "prod",
            "",
            "Sandbox",
            "http://u:p@host",
            "http://host/path",
            "ftp://host",
        ] {
            assert!(environment(wrong).is_err(), "{wrong}");
        }
    }
}
