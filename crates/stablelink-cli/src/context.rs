//! The settings of a command: environment, credentials, and the client built from them.

use std::env;
use std::time::Duration;

use secrecy::SecretString;
use stablelink::{Client, Credentials, Environment, FileStore, QueryForm};

use crate::cli::GlobalOptions;
use crate::error::CliError;
use crate::output::Output;
use crate::settings::{Config, Directories, Profile, SecretParts, SecretsFile};

pub(crate) const API_KEY: &str = "STABLELINK_API_KEY";
pub(crate) const API_SECRET: &str = "STABLELINK_API_SECRET";
pub(crate) const SIGN_KEY: &str = "STABLELINK_SIGN_KEY";
pub(crate) const ENV: &str = "STABLELINK_ENV";
pub(crate) const USER_AGENT: &str = concat!("stablelink-cli/", env!("CARGO_PKG_VERSION"));

/// The global options and the output of a command.
pub(crate) struct Context {
    global: GlobalOptions,
    pub(crate) out: Output,
}

/// The three secrets. `probe` and `login` need them separately; a client takes [`Credentials`].
#[derive(Clone)]
pub(crate) struct SecretTriple {
    pub(crate) api_key: SecretString,
    pub(crate) api_secret: SecretString,
    pub(crate) sign_key: SecretString,
}

impl From<SecretTriple> for Credentials {
    fn from(secrets: SecretTriple) -> Self {
        Self::new(secrets.api_key, secrets.api_secret, secrets.sign_key)
    }
}

/// A value and a description of where it was set.
pub(crate) struct Sourced<T> {
    pub(crate) value: T,
    pub(crate) source: String,
}

impl<T> Sourced<T> {
    fn new(value: T, source: impl Into<String>) -> Self {
        let source = source.into();
        Self { value, source }
    }
}

impl Context {
    pub(crate) fn new(global: GlobalOptions) -> Self {
        let out = Output::new(global.output, global.get.clone());
        Self { global, out }
    }

    pub(crate) const fn verbose(&self) -> u8 {
        self.global.verbose
    }

    /// Returns the name of the profile: that of `--profile`, the default of the configuration file, or `default`.
    pub(crate) fn profile_name(&self) -> Result<String, CliError> {
        if let Some(name) = &self.global.profile {
            return Ok(name.clone());
        }
        let default = self.config()?.default;
        Ok(default.unwrap_or_else(|| "default".to_owned()))
    }

    pub(crate) fn config(&self) -> Result<Config, CliError> {
        // Without a configuration directory there is no configuration. Commands that need the directory report the error.
        match Directories::of_user() {
            Ok(directories) => Config::load(&directories.config_file()),
            Err(_) => Ok(Config::default()),
        }
    }

    fn profile(&self) -> Result<Profile, CliError> {
        let (name, config) = (self.profile_name()?, self.config()?);
        match config.profiles.get(&name) {
            Some(profile) => Ok(profile.clone()),
            None if self.global.profile.is_some() => {
                let known: Vec<_> = config.profiles.keys().cloned().collect();
                let next = if known.is_empty() {
                    format!("create it with `stablelink --profile {name} --env sandbox login`")
                } else {
                    format!("existing profiles: {}", known.join(", "))
                };
                Err(CliError::usage(format!("profile `{name}` does not exist")).next(next))
            }
            None => Ok(Profile::default()),
        }
    }

    /// Returns the environment set by `--env` or the variable, without the profile.
    pub(crate) fn environment_override(&self) -> Option<Sourced<String>> {
        let option = self.global.env.clone();
        let option = option.map(|value| Sourced::new(value, "--env"));
        option.or_else(|| Some(Sourced::new(variable(ENV)?, ENV)))
    }

    /// Returns the environment: that of `--env`, then of the variable, then of the profile. There is no default.
    pub(crate) fn environment(&self) -> Result<Sourced<Environment>, CliError> {
        let name = match self.environment_override() {
            Some(name) => Some(name),
            None => {
                let source = format!("profile {}", self.profile_name()?);
                let name = self.profile()?.environment;
                name.map(|name| Sourced::new(name, source))
            }
        };
        let name = name.ok_or_else(|| {
            CliError::usage(
                "no environment is set. There is no default, because production moves real money",
            )
            .next("pass --env sandbox, set STABLELINK_ENV, or run `stablelink --env sandbox login`")
        })?;
        Ok(Sourced::new(parse_environment(&name.value)?, name.source))
    }

    /// Returns the secrets of the environment variables or, if none is set, of the profile. The two are never mixed, because
    /// the secrets belong together.
    pub(crate) fn secrets(&self) -> Result<Sourced<SecretParts>, CliError> {
        let parts = SecretParts {
            api_key: variable(API_KEY).map(SecretString::from),
            api_secret: variable(API_SECRET).map(SecretString::from),
            sign_key: variable(SIGN_KEY).map(SecretString::from),
        };
        if parts.api_key.is_some() || parts.api_secret.is_some() || parts.sign_key.is_some() {
            return Ok(Sourced::new(parts, "environment variables"));
        }
        let name = self.profile_name()?;
        let parts = match Directories::of_user() {
            Ok(directories) => SecretsFile::load(&directories.secrets_file())?.get(&name),
            Err(_) => SecretParts::default(),
        };
        Ok(Sourced::new(parts, format!("profile {name}")))
    }

    /// Returns the three secrets. Fails if one is missing.
    pub(crate) fn secret_triple(&self) -> Result<SecretTriple, CliError> {
        let Sourced {
            value: parts,
            source,
        } = self.secrets()?;
        let named = [
            (API_KEY, &parts.api_key),
            (API_SECRET, &parts.api_secret),
            (SIGN_KEY, &parts.sign_key),
        ];
        let missing = named.into_iter().filter(|(_, secret)| secret.is_none());
        let missing: Vec<&str> = missing.map(|(name, _)| name).collect();
        match (parts.api_key, parts.api_secret, parts.sign_key) {
            (Some(api_key), Some(api_secret), Some(sign_key)) => Ok(SecretTriple {
                api_key,
                api_secret,
                sign_key,
            }),
            (None, None, None) => Err(CliError::usage("no credentials are set").next(
                "run `stablelink login`, or set STABLELINK_API_KEY, STABLELINK_API_SECRET and STABLELINK_SIGN_KEY; \
                 `stablelink sandbox` prints credentials for the local sandbox",
            )),
            _ => Err(CliError::usage(format!("{source}: {} missing", missing.join(" and ")))
                .next("set all three variables or none: secrets from two sources are never mixed")),
        }
    }

    /// Returns the sign key, for commands that need no other secret.
    pub(crate) fn sign_key(&self) -> Result<SecretString, CliError> {
        self.secrets()?.value.sign_key.ok_or_else(|| {
            CliError::usage("no sign key is set").next(
                "set STABLELINK_SIGN_KEY (it is no argument, because other users can read those), or run `stablelink login`",
            )
        })
    }

    pub(crate) fn query_form(&self) -> Result<QueryForm, CliError> {
        match self.profile()?.query_form {
            None => Ok(QueryForm::default()),
            Some(name) => name
                .parse()
                .map_err(|error| CliError::usage(format!("query_form of the profile: {error}"))),
        }
    }

    /// Returns the deadline of a call set by `--timeout` or the profile.
    pub(crate) fn deadline(&self) -> Result<Option<Duration>, CliError> {
        let seconds = match self.global.timeout {
            Some(seconds) => Some(seconds),
            None => self.profile()?.timeout,
        };
        Ok(seconds.map(Duration::from_secs))
    }

    /// Creates a client that shares its token with all commands of this user.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        let mut builder = Client::builder()
            .environment(self.environment()?.value)
            .credentials(Credentials::from(self.secret_triple()?))
            .query_form(self.query_form()?)
            .user_agent(USER_AGENT);
        match Directories::of_user() {
            Ok(directories) if cfg!(unix) => {
                builder = builder.token_store(FileStore::at(directories.token_file()?)?);
            }
            // Each command then gets its own token, which invalidates the previous one.
            _ => self
                .out
                .note("the token is not shared between commands: there is no state directory"),
        }
        if let Some(deadline) = self.deadline()? {
            builder = builder.deadline(deadline);
        }
        Ok(builder.build()?)
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Parses a value of `--env`: the name of an environment, or a URL.
pub(crate) fn parse_environment(name: &str) -> Result<Environment, CliError> {
    match name {
        "sandbox" => Ok(Environment::Sandbox),
        "staging" => Ok(Environment::Staging),
        "production" => Ok(Environment::Production),
        url if url.contains("://") => Environment::at(url).map_err(CliError::from),
        other => Err(CliError::usage(format!("unknown environment `{other}`"))
            .next("use sandbox, staging, production, or a URL such as http://127.0.0.1:8080")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_is_a_name_or_a_url() {
        let parse = |name| parse_environment(name).unwrap();
        assert_eq!(parse("sandbox"), Environment::Sandbox);
        assert_eq!(parse("production"), Environment::Production);
        let local = parse("http://127.0.0.1:8080");
        assert_eq!(local.origin().as_str(), "http://127.0.0.1:8080");
        for wrong in [
            "prod",
            "",
            "Sandbox",
            "http://u:p@host",
            "http://host/path",
            "ftp://host",
        ] {
            assert!(parse_environment(wrong).is_err(), "{wrong}");
        }
    }
}
