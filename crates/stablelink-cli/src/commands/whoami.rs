//! `whoami`.

use clap::Args;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::token::until;
use crate::context::Context;
use crate::failure::Failure;
use crate::settings::Folders;

/// Tells which gateway, whose secrets and which token would be used.
#[derive(Debug, Args)]
pub(crate) struct Whoami {
    /// Tell what is known here, and call nothing
    #[arg(long)]
    offline: bool,
}

impl Whoami {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let environment = context.environment()?;
        let secrets = context.secrets()?;
        let credentials = context.credentials();
        let mark = |secret: &Option<secrecy::SecretString>| match secret {
            // Enough to tell two of them apart, and nothing to guess with.
            Some(secret) => {
                let digest = Sha256::digest(secret.expose_secret());
                format!(
                    "sha256 {:02x}{:02x}{:02x}…",
                    digest[0], digest[1], digest[2]
                )
            }
            None => "missing".to_owned(),
        };
        let mut rows = vec![
            (
                "environment",
                format!("{} ({})", environment.value.origin(), environment.from),
            ),
            ("profile", context.profile_name()?),
            ("secrets", secrets.from.clone()),
            ("api key", mark(&secrets.value.api_key)),
            ("query form", context.query_form()?.to_string()),
        ];
        if let Ok(folders) = Folders::of_user() {
            rows.push(("settings", folders.config_file().display().to_string()));
            rows.push(("tokens", folders.tokens_file()?.display().to_string()));
        }
        let token = match (&credentials, self.offline) {
            (Ok(_), false) => Some(context.client()?.token().await),
            _ => None,
        };
        if let Some(Ok(token)) = &token {
            rows.push((
                "token",
                format!(
                    "lives until {}, number {}",
                    until(token),
                    token.generation()
                ),
            ));
        }
        context.out.pairs(&rows)?;
        credentials?;
        token.transpose()?;
        Ok(())
    }
}
