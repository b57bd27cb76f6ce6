//! Makes a sandbox.

use std::io;
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
}

/// A sandbox could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no port to listen on.
    #[error("the sandbox can't listen on 127.0.0.1: {0}")]
    Listen(#[from] io::Error),
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

    /// Starts the sandbox on a free port of 127.0.0.1. It lives in the runtime that this is called
    /// in, until it is dropped.
    ///
    /// # Errors
    ///
    /// A [`StartError`]: no port, or no random bytes.
    pub async fn start(mut self) -> Result<Sandbox, StartError> {
        if self.clients.is_empty() {
            self.clients.push(Credentials::random()?);
        }
        let gateway = Arc::new(Gateway::new(self.settings, self.clock, self.clients));
        let server = Server::start(&gateway).await?;
        Ok(Sandbox::new(gateway, server))
    }
}
