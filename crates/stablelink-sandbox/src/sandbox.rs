//! [`Sandbox`] and its builder.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use rust_decimal::Decimal;
use secrecy::ExposeSecret;

use crate::auth::{self, TokenGrants};
use crate::credentials::RandomnessError;
use crate::effects::Effects;
use crate::external_events::{SandboxRecordKind, UnknownRecord};
use crate::faults::FaultList;
use crate::gateway::GatewayState;
use crate::ledger::{Balances, SandboxFile};
use crate::request_log::RequestRecord;
use crate::server::Server;
use crate::settings::{
    ErrorStatus, RateForm, RejectedToken, RetcodeForm, SandboxQueryForm, SandboxSettings,
    TokenShape,
};
use crate::webhooks::{Delivery, InvalidWebhookUrl, ReceiverAddress};
use crate::{SandboxClock, SandboxCredentials, SchemaMismatch};

/// Configures and starts a [`Sandbox`]. [`SandboxSettings`] documents the defaults.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SandboxBuilder {
    settings: SandboxSettings,
    clients: Vec<SandboxCredentials>,
    clock: SandboxClock,
    address: Option<SocketAddr>,
    allow_remote: bool,
}

/// The sandbox could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is not available.
    #[error("the sandbox cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// Other machines could reach the address, and [`SandboxBuilder::allow_remote`] is not set.
    #[error("{0} can be reached from other machines; set SandboxBuilder::allow_remote to use it")]
    NotLoopback(SocketAddr),
    /// The operating system provides no random bytes for the credentials.
    #[error(transparent)]
    Random(#[from] RandomnessError),
}

macro_rules! setting_methods {
    ($($name:ident: $type:ty,)*) => { $(
        #[doc = concat!("Sets [`SandboxSettings::", stringify!($name), "`].")]
        pub fn $name(self, value: $type) -> Self {
            self.settings(|settings| settings.$name = value)
        }
    )* };
}

impl SandboxBuilder {
    setting_methods! {
        token_lifetime: u64,
        refresh_token_lifetime: u64,
        token_shape: TokenShape,
        refresh_shape: TokenShape,
        retcode: RetcodeForm,
        error_status: ErrorStatus,
        rejected_token: RejectedToken,
        query_form: SandboxQueryForm,
        rate_form: RateForm,
    }

    /// Changes any of the settings.
    pub fn settings(mut self, change: impl FnOnce(&mut SandboxSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Adds a client with its own token and records. By default, the sandbox has one client with
    /// random credentials.
    pub fn client(mut self, credentials: SandboxCredentials) -> Self {
        self.clients.push(credentials);
        self
    }

    /// Sets the clock. Several sandboxes can share one.
    pub fn clock(mut self, clock: SandboxClock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the address to listen on. Defaults to a free port on 127.0.0.1. Port 0 selects a free
    /// port. An address that other machines can reach requires
    /// [`allow_remote`](Self::allow_remote).
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Allows an address that other machines can reach. The control API and the pages remain
    /// restricted to this machine.
    pub fn allow_remote(mut self) -> Self {
        self.allow_remote = true;
        self
    }

    /// Starts the sandbox on the current Tokio runtime. It runs until it is dropped.
    ///
    /// # Errors
    ///
    /// Fails with a [`StartError`] if the address is not available or not allowed, or if there are
    /// no random bytes.
    pub async fn start(mut self) -> Result<Sandbox, StartError> {
        let address = self.address.unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
        if !address.ip().is_loopback() && !self.allow_remote {
            return Err(StartError::NotLoopback(address));
        }
        if self.clients.is_empty() {
            self.clients.push(SandboxCredentials::random()?);
        }
        let gateway = Arc::new(GatewayState::new(self.settings, self.clock, self.clients));
        let server = Server::start(&gateway, address).await?;
        Ok(Sandbox {
            url: format!("http://{}", local_address(server.address())),
            gateway,
            server,
        })
    }
}

/// A gateway on its own port. It runs until it is dropped.
pub struct Sandbox {
    url: String,
    gateway: Arc<GatewayState>,
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

    /// Returns a builder with the default settings.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Returns the URL, such as `http://127.0.0.1:PORT`, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the address on which the sandbox listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Returns the credentials of the first client.
    #[must_use]
    pub fn credentials(&self) -> SandboxCredentials {
        // There is always a client: the builder adds one if necessary.
        self.gateway.clients[0].credentials().clone()
    }

    /// Returns the credentials of all clients, in the order of the builder.
    #[must_use]
    pub fn all_credentials(&self) -> Vec<SandboxCredentials> {
        let clients = self.gateway.clients.iter();
        clients.map(|client| client.credentials().clone()).collect()
    }

    /// Replaces the credentials of the first client, as a rotation in the dashboard does. The old
    /// credentials are rejected, and its tokens are revoked.
    pub fn rotate_credentials(&self, credentials: SandboxCredentials) {
        let client = &self.gateway.clients[0];
        // The lock is held to the end, so that no token is issued for the old credentials.
        let mut current = client.credentials();
        *current = credentials;
        let mut tokens = client.tokens();
        tokens.revoke();
        tokens.revoke_refresh();
    }

    /// Returns the clock.
    #[must_use]
    pub fn clock(&self) -> &SandboxClock {
        &self.gateway.clock
    }

    /// Returns the faults.
    #[must_use]
    pub fn faults(&self) -> &FaultList {
        &self.gateway.faults
    }

    /// Returns the current settings.
    #[must_use]
    pub fn settings(&self) -> SandboxSettings {
        (*self.gateway.settings()).clone()
    }

    /// Changes the settings for later requests. The lifetime of issued tokens does not change.
    pub fn update_settings(&self, change: impl FnOnce(&mut SandboxSettings)) {
        self.gateway.update_settings(change);
    }

    /// Returns the latest requests, the oldest first. The setting
    /// [`request_log_size`](SandboxSettings::request_log_size) limits their number.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.gateway.requests.latest(usize::MAX)
    }

    /// Returns the number of all requests.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.gateway.requests.count()
    }

    /// Returns the first 100 responses that do not match the OpenAPI document. Each mismatch is a
    /// bug in the sandbox or in the document, so a test should expect none. See
    /// [`SandboxSettings::check_responses`].
    #[must_use]
    pub fn mismatches(&self) -> Vec<SchemaMismatch> {
        self.gateway.mismatches()
    }

    /// Returns the number of token requests of all clients.
    #[must_use]
    pub fn token_grants(&self) -> TokenGrants {
        let mut all = *self.gateway.rejected_grants();
        for client in &self.gateway.clients {
            all += client.tokens().grants;
        }
        all
    }

    /// Returns the effects of the calls of all clients.
    #[must_use]
    pub fn effects(&self) -> Effects {
        let mut all = Effects::default();
        self.gateway.read_ledgers(|ledger| all.add(&ledger.effects));
        all
    }

    /// Returns the balances of all clients.
    #[must_use]
    pub fn balances(&self) -> Balances {
        let mut all = Balances::default();
        self.gateway
            .read_ledgers(|ledger| all.add(&ledger.balances));
        all
    }

    /// Adds a customer with a zero fee config to the first client, without counting an effect.
    /// Returns the `clientId` of the customer.
    pub fn add_customer(&self) -> i64 {
        self.gateway.add_customer()
    }

    /// Sets the status of a record, such as `PAID`, or to any other string to test a client with
    /// undocumented values.
    ///
    /// # Errors
    ///
    /// Fails if there is no such record.
    pub fn set_status(
        &self,
        kind: SandboxRecordKind,
        key: &str,
        status: &str,
    ) -> Result<(), UnknownRecord> {
        self.gateway.set_status(kind, key, status)
    }

    /// Pays a checkout order with an amount in coins, of which six decimal places count. An amount
    /// that is not positive does nothing. An unpaid order becomes `PAID` if the amount is
    /// sufficient. An excess, or the whole of an insufficient or late payment, becomes an abnormal
    /// payment, whose number is returned.
    ///
    /// # Errors
    ///
    /// Fails if there is no such order.
    pub fn pay_order(
        &self,
        order_no: &str,
        amount: Decimal,
        tx_hash: &str,
    ) -> Result<Option<String>, UnknownRecord> {
        self.gateway.pay_order(order_no, amount, tx_hash)
    }

    /// Adds coins to the deposit address of a customer, in any amount, currency and network.
    /// Returns the id of the receive transaction.
    ///
    /// # Errors
    ///
    /// Fails if there is no such customer.
    pub fn deposit(
        &self,
        client_id: i64,
        (currency, network): (&str, &str),
        amount: Decimal,
    ) -> Result<i64, UnknownRecord> {
        self.gateway.deposit(client_id, (currency, network), amount)
    }

    /// Returns the uploaded files of all clients, ordered by id.
    #[must_use]
    pub fn files(&self) -> Vec<SandboxFile> {
        let mut files = Vec::new();
        self.gateway
            .read_ledgers(|ledger| files.extend(ledger.files.values().cloned()));
        files.sort_by_key(|file| file.id);
        files
    }

    /// Revokes the access token of each client. Refresh tokens remain valid.
    pub fn revoke_tokens(&self) {
        for client in &self.gateway.clients {
            client.tokens().revoke();
        }
    }

    /// Returns the headers `TIMESTAMP` and `SIGNATURE` of a webhook with this body for the first
    /// client, signed at the current time of the sandbox's clock.
    #[must_use]
    pub fn sign_webhook(&self, body: &[u8]) -> [(&'static str, String); 2] {
        let timestamp = self.gateway.clock.now_millis().to_string();
        let message = auth::webhook_message(&timestamp, body);
        let credentials = self.gateway.clients[0].credentials();
        let signature = auth::sign(credentials.sign_key().expose_secret(), &message);
        [("TIMESTAMP", timestamp), ("SIGNATURE", signature)]
    }

    /// Sets the URL to which the webhooks of the first client are sent. Earlier events are not
    /// sent to it.
    ///
    /// # Errors
    ///
    /// Fails if the URL is not a plain `http` URL.
    pub fn set_webhook_url(&self, url: &str) -> Result<(), InvalidWebhookUrl> {
        self.set_client_webhook_url(0, Some(url))
    }

    /// Sets the webhook URL of a client, by its index in the builder, or removes it. An unknown
    /// client is ignored.
    ///
    /// # Errors
    ///
    /// Fails if the URL is not a plain `http` URL.
    pub fn set_client_webhook_url(
        &self,
        client: usize,
        url: Option<&str>,
    ) -> Result<(), InvalidWebhookUrl> {
        let receiver: Option<ReceiverAddress> = url.map(str::parse).transpose()?;
        self.gateway.set_receiver(client, receiver);
        Ok(())
    }

    /// Returns the last 1,000 webhook deliveries, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.gateway.deliveries.latest()
    }

    /// Sends a webhook again, to the current URL of its client, with the same body and `eventId`
    /// and a new signature. Returns the number of the new delivery.
    ///
    /// # Errors
    ///
    /// Fails if there is no such delivery, or if its client has no URL.
    pub fn resend(&self, number: u64) -> Result<u64, UnknownRecord> {
        let kind = "delivery";
        self.gateway.resend(number).ok_or(UnknownRecord { kind })
    }

    /// Waits until every webhook that is due by the sandbox's clock was attempted. It does not
    /// wait for retries that are due later.
    pub async fn wait_for_deliveries(&self) {
        let gateway = &self.gateway;
        let mut progress = gateway.deliveries.progress.subscribe();
        while !gateway.deliveries_are_idle() {
            gateway.wake.notify_one();
            if progress.changed().await.is_err() {
                return;
            }
        }
    }

    /// Stops accepting connections, gives open requests two seconds to finish, and then closes
    /// their connections. Dropping the sandbox closes all connections at once.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

/// Returns the address under which this machine reaches a server. An unspecified address becomes
/// the loopback address.
fn local_address(address: SocketAddr) -> SocketAddr {
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
