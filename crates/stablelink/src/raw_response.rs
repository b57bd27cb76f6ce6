//! An answer of the gateway as it came.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// The retcode of success, an integer on some pages and a text on others.
pub(crate) const SUCCESS: &str = "200";

/// An answer of the gateway as it came: status, headers and the bytes of its body.
///
/// Clones are cheap. `Debug` shows status and length alone: headers and bodies hold tokens and personal data.
#[derive(Clone)]
pub struct RawResponse(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    retcode: Option<String>,
}

impl RawResponse {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self(Arc::new(Parts {
            status,
            headers,
            body,
            retcode: None,
        }))
    }

    pub(crate) fn with_retcode(mut self, retcode: Option<String>) -> Self {
        Arc::make_mut(&mut self.0).retcode = retcode;
        self
    }

    /// The HTTP status. A refusal may come with 200.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The headers, among them the signature of the gateway where it sends one.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The body as it came, without its transfer encoding; of an error, of one that was cut off or is too long, as much as was
    /// read. It may hold personal data: keep it out of logs.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// The `retcode` of the envelope as text, whichever form it had on the wire; `None` of a body that is no
    /// envelope.
    #[must_use]
    pub fn retcode(&self) -> Option<&str> {
        self.0.retcode.as_deref()
    }

    /// Whether the retcode is that of success.
    pub(crate) fn says_success(&self) -> bool {
        self.retcode() == Some(SUCCESS)
    }

    /// What the gateway, or a proxy before it, calls this request, for questions to its support.
    /// The header is inferred: none is documented.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        REQUEST_ID
            .iter()
            .find_map(|name| self.0.headers.get(*name))
            .and_then(|value| value.to_str().ok())
    }
}

/// Headers by which gateways commonly name a request.
const REQUEST_ID: [&str; 4] = ["x-request-id", "x-trace-id", "trace-id", "x-correlation-id"];

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse")
            .field("status", &self.0.status.as_u16())
            .field("bytes", &self.0.body.len())
            .finish_non_exhaustive()
    }
}
