//! `login` and `logout`.

use clap::Args;
use stablelink::{Client, Credentials, FileStore};

use crate::context::{Context, environment};
use crate::failure::Failure;
use crate::settings::{Folders, Given, SecretBook};
use crate::terminal::Secrets;

/// Keeps the secrets of a profile.
#[derive(Debug, Args)]
#[command(after_help = "\
The dashboard shows the three secrets. On a terminal they are asked for and not shown; otherwise api key, api secret and sign
key are read from standard input, a line each:

    pass show stablelink | stablelink --env sandbox login

They are tried by getting a token, which ends the one before it: only one lives at a time.")]
pub(crate) struct Login {
    /// Keep the secrets without trying them
    #[arg(long)]
    no_check: bool,
    /// Let this profile be the one that is used where none is named
    #[arg(long)]
    make_default: bool,
}

impl Login {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let folders = Folders::of_user()?;
        let name = context.profile_name()?;
        let mut config = context.config()?;
        let known = config
            .profiles
            .get(&name)
            .and_then(|profile| profile.environment.clone());
        // The profile need not be there yet.
        let asked = context
            .environment_of_arguments()
            .or(known)
            .ok_or_else(|| {
                Failure::usage("which environment are the secrets of?")
                    .next("stablelink --env sandbox login")
            })?;
        let place = environment(&asked)?;

        let mut source = Secrets::open();
        let mut secret = |what: &str| {
            source.next(what)?.ok_or_else(|| {
                Failure::usage(format!("no {what} was given; nothing was kept"))
                    .next("give api key, api secret and sign key, a line each, as the dashboard shows them")
            })
        };
        let (api_key, api_secret, sign_key) = (
            secret("api key")?,
            secret("api secret")?,
            secret("sign key")?,
        );

        if !self.no_check {
            let client = Client::builder()
                .environment(place.clone())
                .credentials(Credentials::new(
                    api_key.clone(),
                    api_secret.clone(),
                    sign_key.clone(),
                ))
                .token_store(FileStore::at(folders.tokens_file()?)?)
                .build()?;
            client.token().await?;
        }

        let mut book = SecretBook::load(&folders.secrets_file())?;
        let given = Given {
            api_key: Some(api_key),
            api_secret: Some(api_secret),
            sign_key: Some(sign_key),
        };
        book.put(&name, given);
        book.save(&folders.secrets_file())?;
        config.profiles.entry(name.clone()).or_default().environment = Some(asked);
        if self.make_default || config.default.is_none() {
            config.default = Some(name.clone());
        }
        config.save(&folders.config_file())?;
        let tried = if self.no_check {
            "kept, not tried"
        } else {
            "tried and kept"
        };
        context.out.note(format!(
            "secrets of profile {name} for {}: {tried} in {}",
            place.origin(),
            folders.secrets_file().display()
        ));
        if context.secrets()?.from == "environment variables" {
            context
                .out
                .note("environment variables with secrets are set: they go before this profile");
        }
        Ok(())
    }
}

/// Forgets the secrets of a profile.
#[derive(Debug, Args)]
pub(crate) struct Logout {}

impl Logout {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let path = Folders::of_user()?.secrets_file();
        let name = context.profile_name()?;
        let mut book = SecretBook::load(&path)?;
        if !book.remove(&name) {
            return Err(Failure::usage(format!(
                "no secrets of profile {name} are kept"
            )));
        }
        book.save(&path)?;
        context
            .out
            .note(format!("the secrets of profile {name} are gone"));
        Ok(())
    }
}
