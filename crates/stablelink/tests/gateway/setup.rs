//! A client of a sandbox.

use std::time::Duration;

use secrecy::ExposeSecret;
use stablelink::{Client, ClientBuilder, Credentials, Environment, NewCheckoutOrder, RetryPolicy};
use stablelink_sandbox::Sandbox;

pub(crate) fn builder(sandbox: &Sandbox) -> ClientBuilder {
    let secrets = sandbox.credentials();
    Client::builder()
        .environment(Environment::at(sandbox.url()).unwrap())
        .credentials(Credentials::new(
            secrets.api_key().expose_secret(),
            secrets.api_secret().expose_secret(),
            secrets.sign_key().expose_secret(),
        ))
        .retry(quick())
}

/// Attempts that follow each other at once.
pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy::default().base(Duration::ZERO)
}

pub(crate) async fn pair() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder(&sandbox).build().unwrap();
    (sandbox, client)
}

pub(crate) fn order() -> NewCheckoutOrder {
    NewCheckoutOrder::usd(stablelink::Decimal::new(50, 2), "ETH_USDT", "6", "1")
}
