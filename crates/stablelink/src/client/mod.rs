//! The client and what it is made of.

mod builder;
mod http_grant;

use std::fmt;
use std::sync::Arc;

use http::Method;

pub use builder::ClientBuilder;

use crate::call::{RawRequest, Shared};
use crate::environment::Origin;
use crate::error::Error;
use crate::token::BearerToken;

/// A client of the gateway: gets and renews its token, signs every request.
///
/// Cheap to clone; clones share token, connections and retry budget. Make one for each account and keep it: each has a pool of
/// connections.
///
/// ```no_run
/// use stablelink::{Client, Credentials, Environment};
///
/// # async fn example() -> Result<(), stablelink::Error> {
/// let client = Client::builder()
///     .environment(Environment::Sandbox)
///     .credentials(Credentials::from_env()?)
///     .build()?;
/// let order = client.checkout_orders().get("1759988038609").await?;
/// println!("{:?}", order.order_status);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Shared>);

impl Client {
    /// Begins a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.0)
    }

    /// Makes any signed call, for what the documentation lacks.
    ///
    /// It is sent once, unless [`safe_to_retry`](RawRequest::safe_to_retry) or [`idempotency_key`](RawRequest::idempotency_key) says otherwise.
    /// The path has one slash at its start; it may end with `?` and a query that is already encoded.
    ///
    /// # Errors
    ///
    /// Those of every call, when it is awaited. [`InvalidArgument`](crate::ErrorKind::InvalidArgument), before anything is sent:
    /// a path with a scheme, a host, a backslash, a dot segment (percent-encoded too), a fragment, white space or a control
    /// character; the method CONNECT; a body that is no JSON.
    ///
    /// ```no_run
    /// # async fn example(client: stablelink::Client) -> Result<(), stablelink::Error> {
    /// use stablelink::{Method, scalars::RawJson};
    ///
    /// let fees = client
    ///     .request(Method::GET, "/trade/get-fee-config")
    ///     .query("clientId", 600002642)
    ///     .await?;
    /// if let Some(fees) = &*fees {
    ///     println!("{}", fees.get()); // as it came, to the digit
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl Into<String>) -> RawRequest {
        RawRequest::new(self, method, path)
    }

    /// Where it calls.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// The current token, for programs that can't use this client for some of their calls. It is got or renewed if need
    /// be. Whoever holds it can act as the developer, with the sign key.
    ///
    /// # Errors
    ///
    /// Those of a token call.
    pub async fn token(&self) -> Result<BearerToken, Error> {
        Ok(self.0.identity().await?.0)
    }
}

/// What makes a call needs no more of a client.
impl From<&Client> for Arc<Shared> {
    fn from(client: &Client) -> Self {
        client.shared()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("origin", &self.0.origin.as_str())
            .finish_non_exhaustive()
    }
}
