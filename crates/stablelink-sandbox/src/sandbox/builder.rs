//! Makes a sandbox.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::Sandbox;
use crate::server::Server;
use crate::settings::{
    ErrorStatus, QueryForm, RateVersion, RejectedToken, RetcodeForm, Settings, TokenShape,
};
use crate::state::Gateway;
use crate::{Clock, Credentials, NoRandomness};

/// Makes a [`Sandbox`]. Each setting has its default on [`Settings`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    settings: Settings,
    clients: Vec<Credentials>,
    clock: Clock,
    address: Option<SocketAddr>,
    beyond_loopback: bool,
}

/// A sandbox could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no port to listen on.
    #[error("the sandbox can't listen: {0}")]
    Listen(#[from] io::Error),
    /// Others than this machine could reach it, and nobody said that they may.
    #[error("{0} can be reached from other machines: say so by Builder::beyond_loopback")]
    NotLoopback(SocketAddr),
    /// There are no random bytes for the credentials.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

impl Builder {
    /// Changes any of the settings.
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Adds a client, with a live token and records of its own. Without this there is one, with
    /// random credentials.
    pub fn client(mut self, credentials: Credentials) -> Self {
        self.clients.push(credentials);
        self
    }

    /// The clock to live by, in place of a new one: several sandboxes may share it.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The address to listen on, in place of a free port of 127.0.0.1. Port 0: a free one. An address
    /// that other machines can reach needs [`beyond_loopback`](Self::beyond_loopback) too.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Allows an address that other machines can reach. They reach the gateway; its control and its
    /// pages stay for this machine.
    pub fn beyond_loopback(mut self) -> Self {
        self.beyond_loopback = true;
        self
    }

    /// See [`Settings::token_life`].
    pub fn token_life(self, seconds: u64) -> Self {
        self.settings(|settings| settings.token_life = seconds)
    }

    /// See [`Settings::refresh_life`].
    pub fn refresh_life(self, seconds: u64) -> Self {
        self.settings(|settings| settings.refresh_life = seconds)
    }

    /// See [`Settings::token_shape`].
    pub fn token_shape(self, shape: TokenShape) -> Self {
        self.settings(|settings| settings.token_shape = shape)
    }

    /// See [`Settings::refresh_shape`].
    pub fn refresh_shape(self, shape: TokenShape) -> Self {
        self.settings(|settings| settings.refresh_shape = shape)
    }

    /// See [`Settings::retcode`].
    pub fn retcode(self, form: RetcodeForm) -> Self {
        self.settings(|settings| settings.retcode = form)
    }

    /// See [`Settings::error_status`].
    pub fn error_status(self, status: ErrorStatus) -> Self {
        self.settings(|settings| settings.error_status = status)
    }

    /// See [`Settings::rejected_token`].
    pub fn rejected_token(self, rejected: RejectedToken) -> Self {
        self.settings(|settings| settings.rejected_token = rejected)
    }

    /// See [`Settings::query_form`].
    pub fn query_form(self, form: QueryForm) -> Self {
        self.settings(|settings| settings.query_form = form)
    }

    /// See [`Settings::rate_version`].
    pub fn rate_version(self, version: RateVersion) -> Self {
        self.settings(|settings| settings.rate_version = version)
    }

    /// Switches a checkout token off: see [`Settings::tokens_off`].
    pub fn token_off(self, token: impl Into<String>) -> Self {
        self.settings(|settings| _ = settings.tokens_off.insert(token.into()))
    }

    /// See [`Settings::revoke_every`].
    pub fn revoke_every(self, calls: u64) -> Self {
        self.settings(|settings| settings.revoke_every = Some(calls))
    }

    /// Starts the sandbox, on a free port of 127.0.0.1 unless [`bind`](Self::bind) says otherwise. It
    /// lives in the runtime that this is called in, until it is dropped.
    ///
    /// # Errors
    ///
    /// A [`StartError`]: no port, an address that is not allowed, or no random bytes.
    pub async fn start(mut self) -> Result<Sandbox, StartError> {
        let address = self.address.unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
        if !address.ip().is_loopback() && !self.beyond_loopback {
            return Err(StartError::NotLoopback(address));
        }
        if self.clients.is_empty() {
            self.clients.push(Credentials::random()?);
        }
        let gateway = Arc::new(Gateway::new(self.settings, self.clock, self.clients));
        let server = Server::start(&gateway, address).await?;
        Ok(Sandbox::new(gateway, server))
    }
}
