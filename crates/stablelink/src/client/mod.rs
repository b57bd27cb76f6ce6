//! The client. Read in this order: `builder` (settings), `inner` (the state that all calls share), `token_request` (the
//! requests for tokens), `clock_skew` (the correction of timestamps), `operation` and `operation_fields` (calls of an
//! operation by its ID).

mod builder;
mod clock_skew;
mod inner;
mod operation;
mod operation_fields;
mod token_request;

use std::fmt;
use std::sync::Arc;

pub use builder::ClientBuilder;
pub(crate) use clock_skew::ClockSkew;
use http::Method;
pub(crate) use inner::ClientInner;
pub use operation::{OperationRequest, closest};

use crate::call::RawRequest;
use crate::error::Error;
use crate::token::BearerToken;

/// A client of the gateway. It requests and refreshes its token, and signs every request.
///
/// Clones are cheap and share the token, the connections and the retry budget. Create one client for each account and keep
/// it, because each client has a connection pool.
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
pub struct Client(Arc<ClientInner>);

impl Client {
    /// Returns a builder of a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn inner(&self) -> Arc<ClientInner> {
        Arc::clone(&self.0)
    }

    /// Creates any signed call, for operations that the documentation lacks.
    ///
    /// The request is sent once, unless [`safe_to_retry`](RawRequest::safe_to_retry) or
    /// [`idempotency_key`](RawRequest::idempotency_key) allows retries. The path starts with exactly one slash; it may end
    /// with `?` and a query that is already percent-encoded.
    ///
    /// # Errors
    ///
    /// When awaited, the call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It
    /// fails with [`InvalidArgument`](crate::ErrorKind::InvalidArgument) before anything is sent if the path has a scheme, a
    /// host, a backslash, a dot segment (percent-encoded or not), a fragment, whitespace or a control character; if the
    /// method is CONNECT; and if the body cannot be serialised as JSON.
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
    ///     println!("{}", fees.get()); // the original JSON with all digits
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl Into<String>) -> RawRequest {
        RawRequest::new(self, method, path)
    }

    /// Returns the current token, for programs that send some calls without this client. The token is requested or refreshed
    /// if necessary. Anyone with the token and the sign key can act as the developer.
    ///
    /// # Errors
    ///
    /// Fails like a token request.
    pub async fn token(&self) -> Result<BearerToken, Error> {
        Ok(self.0.bearer_and_credentials().await?.0)
    }
}

impl From<&Client> for Arc<ClientInner> {
    fn from(client: &Client) -> Self {
        client.inner()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("origin", &self.0.origin.as_str())
            .finish_non_exhaustive()
    }
}
