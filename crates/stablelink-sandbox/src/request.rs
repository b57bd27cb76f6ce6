//! Values that a stage of the server adds to a request as extensions, for later stages.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Query;
use tokio::sync::Notify;

use crate::SandboxOperation;
use crate::api_error::ApiError;

/// The number in the log, the body and the operation of a request.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedRequest {
    pub(crate) number: u64,
    /// The whole body, or its start if the request had no valid token when it arrived.
    pub(crate) body: Bytes,
    pub(crate) body_length: usize,
    pub(crate) operation: Option<SandboxOperation>,
}

/// The index of the client that made an authenticated call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallerIndex(pub(crate) usize);

/// The TCP connection of a request.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    peer: SocketAddr,
    reset: Arc<Notify>,
}

impl Connection {
    /// Returns a connection whose owner closes it when it is notified.
    pub(crate) const fn new(peer: SocketAddr, reset: Arc<Notify>) -> Self {
        Self { peer, reset }
    }

    /// Returns the address of the client.
    pub(crate) const fn peer(&self) -> IpAddr {
        self.peer.ip()
    }

    /// Ends the connection with a TCP reset.
    pub(crate) fn reset(&self) {
        self.reset.notify_one();
    }
}

/// Parses the query of a request.
pub(crate) fn parse_query(uri: &http::Uri) -> Result<HashMap<String, String>, ApiError> {
    let query = Query::<HashMap<String, String>>::try_from_uri(uri);
    let query = query.map_err(|error| ApiError::field(format!("invalid query: {error}")));
    query.map(|Query(query)| query)
}
