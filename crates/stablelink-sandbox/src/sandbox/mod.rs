//! A running sandbox.

mod builder;
mod outside;
mod webhooks;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use secrecy::ExposeSecret;

use crate::server::Server;
use crate::state::{Balances, Effects, Gateway, RequestRecord, SchemaMismatch, TokenGrants};
pub use builder::{SandboxBuilder, StartError};

use crate::{Faults, SandboxClock, SandboxCredentials, SandboxSettings, auth};

/// A gateway on a port of its own, until it is dropped.
pub struct Sandbox {
    url: String,
    gateway: Arc<Gateway>,
    server: Server,
}

impl Sandbox {
    /// Starts a sandbox with one client and the default settings.
    ///
    /// # Errors
    ///
    /// See [`SandboxBuilder::start`].
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Makes one with other settings.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    pub(crate) fn new(gateway: Arc<Gateway>, server: Server) -> Self {
        Self {
            url: format!("http://{}", reachable(server.address())),
            gateway,
            server,
        }
    }

    /// Where it listens: `http://127.0.0.1:PORT` unless it was bound elsewhere, with no slash at the
    /// end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The credentials of the first client.
    #[must_use]
    pub fn credentials(&self) -> SandboxCredentials {
        // The builder makes a client where none was added.
        self.gateway.clients[0].credentials().clone()
    }

    /// The credentials of all clients, in the order of the builder.
    #[must_use]
    pub fn all_credentials(&self) -> Vec<SandboxCredentials> {
        let clients = self.gateway.clients.iter();
        clients.map(|client| client.credentials().clone()).collect()
    }

    /// Gives the first client other credentials, as a rotation in the dashboard does. The old ones
    /// are refused from now on, and its tokens end.
    pub fn rotate_credentials(&self, credentials: SandboxCredentials) {
        let client = &self.gateway.clients[0];
        // Held to the end: nobody is granted a token by the old ones in between.
        let mut current = client.credentials();
        *current = credentials;
        let mut tokens = client.tokens();
        tokens.revoke();
        tokens.revoke_refresh();
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &SandboxClock {
        &self.gateway.clock
    }

    /// Its faults.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.gateway.faults
    }

    /// Its settings as they are now.
    #[must_use]
    pub fn settings(&self) -> SandboxSettings {
        (*self.gateway.settings()).clone()
    }

    /// Changes the settings; the next request meets the new ones. Tokens keep the life they were
    /// given.
    pub fn update_settings(&self, change: impl FnOnce(&mut SandboxSettings)) {
        self.gateway.change_settings(change);
    }

    /// The requests that arrived, the oldest first: the latest
    /// [`request_log_size`](SandboxSettings::request_log_size) of them.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.gateway.requests.kept()
    }

    /// How many requests arrived in all.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.gateway.requests.arrived_so_far()
    }

    /// The answers that were not what the document says: faults of the sandbox or of the document,
    /// the first hundred. Empty is what a test wants to see. See
    /// [`SandboxSettings::check_responses`](crate::SandboxSettings::check_responses).
    #[must_use]
    pub fn mismatches(&self) -> Vec<SchemaMismatch> {
        self.gateway.mismatches.kept()
    }

    /// How many token requests there were, of all clients.
    #[must_use]
    pub fn token_grants(&self) -> TokenGrants {
        let mut all = *self.gateway.refused_grants();
        for client in &self.gateway.clients {
            all += client.tokens().grants;
        }
        all
    }

    /// Which effects the calls had, of all clients.
    #[must_use]
    pub fn effects(&self) -> Effects {
        let mut all = Effects::default();
        for client in 0..self.gateway.clients.len() {
            all.add(&self.gateway.books(client).effects);
        }
        all
    }

    /// What each account holds, of all clients.
    #[must_use]
    pub fn balances(&self) -> Balances {
        let mut all = Balances::default();
        for client in 0..self.gateway.clients.len() {
            all.add(&self.gateway.books(client).balances);
        }
        all
    }

    /// Ends the live access token of each client. Refresh tokens stay.
    pub fn revoke_tokens(&self) {
        for client in &self.gateway.clients {
            client.tokens().revoke();
        }
    }

    /// Ends the refresh token of each client. Access tokens stay.
    pub fn revoke_refresh_tokens(&self) {
        for client in &self.gateway.clients {
            client.tokens().revoke_refresh();
        }
    }

    /// The headers `TIMESTAMP` and `SIGNATURE` of a delivery to the webhook receiver of the first
    /// client, signed at the time of the sandbox's clock.
    #[must_use]
    pub fn sign_webhook(&self, body: &[u8]) -> [(&'static str, String); 2] {
        let timestamp = self.gateway.clock.now_millis().to_string();
        let message = auth::of_webhook(&timestamp, body);
        let credentials = self.gateway.clients[0].credentials();
        let signature = auth::sign(credentials.sign_key().expose_secret(), &message);
        [("TIMESTAMP", timestamp), ("SIGNATURE", signature)]
    }

    /// Takes no more connections, lets the requests under way finish within two seconds, and ends
    /// those that don't. Dropping the sandbox ends them all at once.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

/// Where this machine reaches a server on this address: on all of them means on loopback too.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
