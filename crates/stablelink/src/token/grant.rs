//! How a token is asked for, seen from those who keep it.

use std::time::Duration;

use secrecy::SecretString;

use crate::Error;
use crate::clock::BoxFuture;

/// What the gateway gave for one grant.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) access_token: SecretString,
    /// How long it lives from the moment of the answer; may be zero.
    pub(crate) expires_in: Duration,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) refresh_expires_in: Option<Duration>,
}

/// Why a grant gave nothing.
#[derive(Debug)]
pub(crate) enum GrantError {
    /// The gateway said no: the same grant will not do better soon.
    Refused(Error),
    /// It did not come through: it may do better at once.
    Unavailable(Error),
}

/// Asks the gateway for tokens. One request a call, nothing is repeated.
pub(crate) trait Grant: Send + Sync + 'static {
    /// Which account tokens are asked for: a hash of the api key, asked anew each time, for credentials may be
    /// rotated.
    fn account(&self) -> BoxFuture<'_, Result<String, Error>>;

    /// A token for the api key and secret of this account, and of no other: it is kept under its name. It ends the live one,
    /// whoever holds it.
    fn by_credentials<'a>(&'a self, account: &'a str) -> BoxFuture<'a, Result<Issued, GrantError>>;

    /// A token for a refresh token.
    fn by_refresh<'a>(
        &'a self,
        token: &'a SecretString,
    ) -> BoxFuture<'a, Result<Issued, GrantError>>;
}
