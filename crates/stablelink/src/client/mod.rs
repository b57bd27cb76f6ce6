//! The client and what it is made of.

mod builder;
mod credentials;
mod environment;
mod http_grant;
mod shared;
mod vault;

use std::fmt;
use std::sync::Arc;

pub use builder::ClientBuilder;
pub use credentials::{CredentialSource, Credentials, SourceError};
pub use environment::{Environment, Origin};
pub(crate) use shared::Shared;

use crate::error::Error;
use crate::token::Bearer;

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
    pub async fn token(&self) -> Result<Bearer, Error> {
        Ok(self.0.identity().await?.0)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("origin", &self.0.origin.as_str())
            .finish_non_exhaustive()
    }
}
