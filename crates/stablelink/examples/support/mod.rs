//! The gateway of the examples: the vendor's sandbox environment if `STABLELINK_API_KEY` is set, otherwise a local sandbox.
#![allow(dead_code, reason = "not every example uses all of it")]

use std::error::Error;

use secrecy::ExposeSecret;
use stablelink::{Client, Credentials, Environment};
use stablelink_sandbox::Sandbox;

pub type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// A gateway. A local sandbox runs until this value is dropped.
pub struct Gateway {
    pub environment: Environment,
    pub credentials: Credentials,
    pub local: Option<Sandbox>,
}

pub async fn gateway() -> Outcome<Gateway> {
    if std::env::var_os("STABLELINK_API_KEY").is_some() {
        return Ok(Gateway {
            environment: Environment::Sandbox,
            credentials: Credentials::from_env()?,
            local: None,
        });
    }
    let local = Sandbox::start().await?;
    let secrets = local.credentials();
    Ok(Gateway {
        environment: Environment::at(local.url())?,
        credentials: Credentials::new(
            secrets.api_key().expose_secret(),
            secrets.api_secret().expose_secret(),
            secrets.sign_key().expose_secret(),
        ),
        local: Some(local),
    })
}

impl Gateway {
    pub fn client(&self) -> Outcome<Client> {
        Ok(Client::builder()
            .environment(self.environment.clone())
            .credentials(self.credentials.clone())
            .build()?)
    }
}
