//! Makes a sandbox.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::Sandbox;
use crate::server::Server;
use crate::settings::{
    ErrorStatus, RateVersion, RejectedToken, RetcodeForm, SandboxQueryForm, SandboxSettings,
    TokenShape,
};
use crate::state::Gateway;
use crate::{RandomnessError, SandboxClock, SandboxCredentials};

/// Makes a [`Sandbox`]. Each setting has its default on [`SandboxSettings`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SandboxBuilder {
    settings: SandboxSettings,
    clients: Vec<SandboxCredentials>,
    clock: SandboxClock,
    address: Option<SocketAddr>,
    allow_remote: bool,
}

/// A sandbox could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no port to listen on.
    #[error("the sandbox can't listen: {0}")]
    Listen(#[from] io::Error),
    /// Others than this machine could reach it, and nobody said that they may.
    #[error("{0} can be reached from other machines: say so by SandboxBuilder::allow_remote")]
    NotLoopback(SocketAddr),
    /// There are no random bytes for the credentials.
    #[error(transparent)]
    Random(#[from] RandomnessError),
}

impl SandboxBuilder {
    /// Changes any of the settings.
    pub fn settings(mut self, change: impl FnOnce(&mut SandboxSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Adds a client, with a live token and records of its own. Without this there is one, with
    /// random credentials.
    pub fn client(mut self, credentials: SandboxCredentials) -> Self {
        self.clients.push(credentials);
        self
    }

    /// The clock to live by, in place of a new one: several sandboxes may share it.
    pub fn clock(mut self, clock: SandboxClock) -> Self {
        self.clock = clock;
        self
    }

    /// The address to listen on, in place of a free port of 127.0.0.1. Port 0: a free one. An address
    /// that other machines can reach needs [`allow_remote`](Self::allow_remote) too.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Allows an address that other machines can reach. They reach the gateway; its control and its
    /// pages stay for this machine.
    pub fn allow_remote(mut self) -> Self {
        self.allow_remote = true;
        self
    }

    /// See [`SandboxSettings::token_lifetime`].
    pub fn token_lifetime(self, seconds: u64) -> Self {
        self.settings(|settings| settings.token_lifetime = seconds)
    }

    /// See [`SandboxSettings::refresh_token_lifetime`].
    pub fn refresh_token_lifetime(self, seconds: u64) -> Self {
        self.settings(|settings| settings.refresh_token_lifetime = seconds)
    }

    /// See [`SandboxSettings::token_shape`].
    pub fn token_shape(self, shape: TokenShape) -> Self {
        self.settings(|settings| settings.token_shape = shape)
    }

    /// See [`SandboxSettings::refresh_shape`].
    pub fn refresh_shape(self, shape: TokenShape) -> Self {
        self.settings(|settings| settings.refresh_shape = shape)
    }

    /// See [`SandboxSettings::retcode`].
    pub fn retcode(self, form: RetcodeForm) -> Self {
        self.settings(|settings| settings.retcode = form)
    }

    /// See [`SandboxSettings::error_status`].
    pub fn error_status(self, status: ErrorStatus) -> Self {
        self.settings(|settings| settings.error_status = status)
    }

    /// See [`SandboxSettings::rejected_token`].
    pub fn rejected_token(self, rejected: RejectedToken) -> Self {
        self.settings(|settings| settings.rejected_token = rejected)
    }

    /// See [`SandboxSettings::query_form`].
    pub fn query_form(self, form: SandboxQueryForm) -> Self {
        self.settings(|settings| settings.query_form = form)
    }

    /// See [`SandboxSettings::rate_version`].
    pub fn rate_version(self, version: RateVersion) -> Self {
        self.settings(|settings| settings.rate_version = version)
    }

    /// Switches a checkout token off: see [`SandboxSettings::disabled_tokens`].
    pub fn disable_token(self, token: impl Into<String>) -> Self {
        self.settings(|settings| _ = settings.disabled_tokens.insert(token.into()))
    }

    /// See [`SandboxSettings::revoke_after_calls`].
    pub fn revoke_after_calls(self, calls: u64) -> Self {
        self.settings(|settings| settings.revoke_after_calls = Some(calls))
    }

    /// Starts the sandbox, on a free port of 127.0.0.1 unless [`bind`](Self::bind) says otherwise. It
    /// lives in the runtime that this is called in, until it is dropped.
    ///
    /// # Errors
    ///
    /// A [`StartError`]: no port, an address that is not allowed, or no random bytes.
    pub async fn start(mut self) -> Result<Sandbox, StartError> {
        let address = self.address.unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
        if !address.ip().is_loopback() && !self.allow_remote {
            return Err(StartError::NotLoopback(address));
        }
        if self.clients.is_empty() {
            self.clients.push(SandboxCredentials::random()?);
        }
        let gateway = Arc::new(Gateway::new(self.settings, self.clock, self.clients));
        let server = Server::start(&gateway, address).await?;
        Ok(Sandbox::new(gateway, server))
    }
}
