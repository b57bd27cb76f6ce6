//! The commands `login`, `logout`, `whoami` and `token`.

use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stablelink::BearerToken;

use crate::context::{Context, parse_environment};
use crate::error::CliError;
use crate::settings::{Config, Directories, ProfileSecrets, SecretsFile};
use crate::terminal::SecretReader;

/// Saves the secrets of a profile.
#[derive(Debug, Args)]
#[command(after_help = "\
The dashboard shows the three secrets. On a terminal, the command prompts for them without echo. Otherwise it reads the API key,
the API secret and the sign key from standard input, one per line:

    pass show stablelink | stablelink --env sandbox login

The secrets are checked by getting a token. This invalidates the previous token: only one token is valid at a time.")]
pub(crate) struct Login {
    /// Save the secrets without checking them
    #[arg(long)]
    no_check: bool,
    /// Use this profile by default
    #[arg(long)]
    make_default: bool,
}

impl Login {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let directories = Directories::of_user()?;
        let name = context.profile_name()?;
        let config = context.config()?;
        let of_profile = config.profiles.get(&name);
        let of_profile = of_profile.and_then(|profile| profile.environment.clone());
        // The profile may not exist yet.
        let environment_override = context.environment_override().map(|name| name.value);
        let environment_name = environment_override.or(of_profile).ok_or_else(|| {
            CliError::usage("the environment of the secrets is missing")
                .next("stablelink --env sandbox login")
        })?;
        let environment = parse_environment(&environment_name)?;

        let mut reader = SecretReader::open();
        let mut secret = |what: &str| {
            let secret = reader
                .next(what)?
                .filter(|secret| !secret.expose_secret().is_empty());
            secret.ok_or_else(|| {
                CliError::usage(format!("no {what} was entered; nothing was saved")).next(
                    "enter the API key, the API secret and the sign key from the dashboard, one per line",
                )
            })
        };
        let secrets = ProfileSecrets {
            api_key: secret("api key")?,
            api_secret: secret("api secret")?,
            sign_key: secret("sign key")?,
        };
        secrets.check("the input")?;

        if !self.no_check {
            let credentials = secrets.credentials("the input")?;
            let client = context.client_builder(environment.clone(), credentials)?;
            client.build()?.token().await?;
        }

        let lock = directories
            .lock_config(lock_timeout(context), &context.out)
            .await?;
        let mut secrets_file = SecretsFile::load(&directories.secrets_file())?;
        secrets_file.set(&name, secrets);
        secrets_file.save(&directories.secrets_file())?;
        // The file is loaded again, because another process may have changed it in the meantime.
        let mut config = Config::load(&directories.config_file())?;
        let profile = config.profiles.entry(name.clone()).or_default();
        profile.environment = Some(environment_name);
        if self.make_default || config.default.is_none() {
            config.default = Some(name.clone());
        }
        config.save(&directories.config_file())?;
        drop(lock);
        let done = if self.no_check {
            "saved without a check"
        } else {
            "checked and saved"
        };
        context.out.note(format!(
            "secrets of profile {name} for {}: {done} in {}",
            environment.origin(),
            directories.secrets_file().display()
        ));
        if context.secrets()?.source == "environment variables" {
            context
                .out
                .note("environment variables with secrets are set and override this profile");
        }
        Ok(())
    }
}

/// Returns the maximum time to wait for the lock of the configuration, which a process holds for a few milliseconds.
fn lock_timeout(context: &Context) -> Duration {
    // `timeout` of the profile is not used: it is the deadline of calls.
    context.timeout_option().unwrap_or(Duration::from_secs(10))
}

/// Deletes the secrets of the profile.
pub(crate) async fn logout(context: &Context) -> Result<(), CliError> {
    let directories = Directories::of_user()?;
    let (path, name) = (directories.secrets_file(), context.profile_name()?);
    let lock = directories
        .lock_config(lock_timeout(context), &context.out)
        .await?;
    let mut secrets_file = SecretsFile::load(&path)?;
    if !secrets_file.remove(&name) {
        let problem = format!("profile {name} has no saved secrets");
        return Err(CliError::usage(problem));
    }
    secrets_file.save(&path)?;
    drop(lock);
    context
        .out
        .note(format!("deleted the secrets of profile {name}"));
    Ok(())
}

/// Shows the environment, the credentials and where the token is.
#[derive(Debug, Args)]
pub(crate) struct Whoami {
    /// Get a token to check the credentials; a new token invalidates that of other programs
    #[arg(long)]
    check: bool,
    /// Send no request, the default
    #[arg(long, hide = true, conflicts_with = "check")]
    offline: bool,
}

impl Whoami {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let environment = context.environment()?;
        let secrets = context.secrets()?;
        let credentials = secrets.value.credentials(&secrets.source);
        let (proxy, profile) = (context.network()?.proxy_address(), context.profile_name()?);
        let config_file = Directories::of_user().ok();
        let config_file =
            config_file.map(|directories| directories.config_file().display().to_string());
        let api_key = fingerprint(&secrets.value.api_key);
        let (query_form, store) = (
            context.query_form()?.to_string(),
            context.token_store()?.place(),
        );
        let token = match (&credentials, self.check) {
            (Ok(_), true) => Some(context.client()?.token().await),
            _ => None,
        };
        let issued = token.as_ref().and_then(|token| token.as_ref().ok());
        let data = json!({
            "environment": environment.value.origin().as_str(),
            "environment_source": environment.source,
            "proxy": proxy,
            "profile": profile,
            "secrets": secrets.source,
            "api_key": api_key,
            "query_form": query_form,
            "settings": config_file,
            "tokens": store,
            "token": issued.map(token_data),
        });
        let none = || "none".to_owned();
        let mut rows = vec![
            (
                "environment",
                format!("{} ({})", environment.value.origin(), environment.source),
            ),
            ("proxy", proxy.unwrap_or_else(none)),
            ("profile", profile),
            ("secrets", secrets.source),
            ("api key", api_key.unwrap_or_else(|| "missing".to_owned())),
            ("query form", query_form),
            ("settings", config_file.unwrap_or_else(none)),
            ("tokens", store.to_owned()),
        ];
        if let Some(token) = issued {
            let (expiry, generation) = (expiry(token), token.generation());
            rows.push((
                "token",
                format!("expires at {expiry}, generation {generation}"),
            ));
        }
        context.out.pairs(&rows, &data)?;
        credentials?;
        token.transpose()?;
        Ok(())
    }
}

/// Returns three bytes of the SHA-256 digest: enough to distinguish two secrets, and useless for guessing one.
fn fingerprint(secret: &SecretString) -> Option<String> {
    let secret = secret.expose_secret();
    let digest = Sha256::digest(secret);
    let fingerprint = format!(
        "sha256 {:02x}{:02x}{:02x}…",
        digest[0], digest[1], digest[2]
    );
    (!secret.is_empty()).then_some(fingerprint)
}

/// Gets an access token and shows when it expires.
#[derive(Debug, Args)]
#[command(after_help = "\
All commands of this user share one token, because only one token per client is valid at a time. It is refreshed before it
expires. For a program that cannot share it:

    curl -H \"Authorization: Bearer $(stablelink token --print)\" ...")]
pub(crate) struct Token {
    /// Print only the token, which together with the sign key allows calls in your name
    #[arg(long)]
    print: bool,
}

impl Token {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let token = context.client()?.token().await?;
        if self.print {
            return context.out.line(token.token().expose_secret());
        }
        let rows = [
            ("expires at", expiry(&token)),
            ("generation", token.generation().to_string()),
        ];
        context.out.pairs(&rows, &token_data(&token))
    }
}

/// Returns the expiry time of a token in UTC.
fn expiry(token: &BearerToken) -> String {
    jiff::Timestamp::try_from(token.expires_at()).map_or_else(
        |_| "a time out of range".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

fn token_data(token: &BearerToken) -> Value {
    let expiry = jiff::Timestamp::try_from(token.expires_at());
    let expiry = expiry.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    json!({"expires_at": expiry.ok(), "generation": token.generation()})
}
