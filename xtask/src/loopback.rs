//! Plain HTTP to a server of ours on this machine.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};

use crate::job::stop::Stop;

/// A server on this machine answers at once, or hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// An answer, as far as it is looked at.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// Sends one request after the other.
pub(crate) struct Loopback {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl Loopback {
    pub(crate) fn new() -> Result<Self, Stop> {
        // Only plain HTTP is spoken here, but no client is made without a provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(LIMIT).build();
        let client = client.map_err(|error| Stop(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self { client, runtime })
    }

    pub(crate) fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.client.request(method, url)
    }

    pub(crate) fn send(&self, request: RequestBuilder) -> Result<Answer, Stop> {
        let answer = self.runtime.block_on(async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            let text = response.text().await?;
            Ok::<_, reqwest::Error>(Answer { status, text })
        });
        answer.map_err(|error| Stop(error.to_string()))
    }
}
