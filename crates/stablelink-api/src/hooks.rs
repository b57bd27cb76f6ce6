//! The [`Transport`] through which the generated [`Client`] sends its requests.
//!
//! The generated code does not compile without this module (`HooksMode::Expected` asserts
//! `Client: ClientHooks`), so no request can bypass the transport by mistake.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};

use crate::{Client, Error, operations};

/// A boxed future, as returned by the methods of a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends the requests of a [`Client`].
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and returns the response.
    ///
    /// The URL with its percent-encoded query and the bytes of the body are final. Use
    /// `try_clone` to send the request more than once. `operation_id` is the name of the method
    /// of [`Client`] and the key of [`operations::find`].
    ///
    /// An error that is not reqwest's is returned as a response: see [`wrap_error`].
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        request: reqwest::Request,
        operation_id: &'static str,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>>;

    /// Returns whether [`send`](Self::send) reads responses completely and stores them elsewhere.
    ///
    /// If so, the generated code does not read the response: the operation fails with
    /// [`Error::Custom`], and the owner of the transport takes the response from there.
    fn consumes_responses(&self) -> bool {
        false
    }
}

/// Sends requests unchanged, **without a token and without a signature**.
///
/// The gateway rejects such requests, except those of the token operation. Use it for that
/// operation, in tests, or inside another transport.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnsignedTransport;

impl Transport for UnsignedTransport {
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        request: reqwest::Request,
        _: &'static str,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        Box::pin(http.execute(request))
    }
}

/// A header that progenitor adds to every request and that the gateway does not know.
const API_VERSION: &str = "api-version";

impl ClientHooks<Arc<dyn Transport>> for Client {
    /// Sends the request through the transport. This is not an `async fn`, whose future would store
    /// the large request next to the transport's future.
    fn exec(
        &self,
        mut request: reqwest::Request,
        info: &OperationInfo,
    ) -> impl Future<Output = reqwest::Result<reqwest::Response>> {
        request.headers_mut().remove(API_VERSION);
        self.inner().send(self.client(), request, info.operation_id)
    }

    /// Fails for a method whose fields are not those of the vendor's page: the gateway may ignore a field that it does not
    /// know, and the request would have another effect.
    async fn pre<E>(&self, _: &mut reqwest::Request, info: &OperationInfo) -> Result<(), Error<E>> {
        match operations::find(info.operation_id) {
            Some(operation) if operation.outdated_method => {
                let id = operation.id;
                let problem = format!("the method `{id}` has other fields than the vendor's page");
                Err(Error::InvalidRequest(problem))
            }
            _ => Ok(()),
        }
    }

    /// Returns a wrapped error before the generated code matches the status: an operation with a
    /// `default` response would parse any status.
    async fn post<E>(
        &self,
        result: &reqwest::Result<reqwest::Response>,
        _: &OperationInfo,
    ) -> Result<(), Error<E>> {
        match result.as_ref().ok().map(WrappedError::of) {
            Some(Some(wrapped)) => Err(Error::UnexpectedResponse(wrapped.into_response())),
            Some(None) if self.inner().consumes_responses() => Err(Error::Custom(String::new())),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Client {
    /// Omits all fields: the HTTP client prints its default headers, and the base URL may contain
    /// a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// An error in the extensions of a response that was never received.
///
/// Extensions must be `Clone` and errors are not: the first caller takes the error.
#[derive(Clone)]
struct WrappedError(Arc<Mutex<Option<Box<dyn Any + Send>>>>);

impl WrappedError {
    /// A status that no server sends (valid ones are 100 to 599), so that code that looks only at
    /// the status treats the response neither as a success nor as a gateway error.
    const STATUS: u16 = 999;

    fn of(response: &reqwest::Response) -> Option<Self> {
        response.extensions().get::<Self>().cloned()
    }

    fn into_response(self) -> reqwest::Response {
        let mut response = http::Response::new(Vec::new());
        if let Ok(status) = http::StatusCode::from_u16(Self::STATUS) {
            *response.status_mut() = status;
        }
        response.extensions_mut().insert(self);
        response.into()
    }
}

/// Wraps an error of a [`Transport`] in a response.
///
/// This is the only way through `reqwest::Result`, because a `reqwest::Error` cannot be
/// constructed. The operation fails with [`Error::UnexpectedResponse`], even if it documents a
/// `default` response; [`downcast_error`] extracts the wrapped error.
#[must_use]
pub fn wrap_error<F: Send + 'static>(error: F) -> reqwest::Response {
    WrappedError(Arc::new(Mutex::new(Some(Box::new(error))))).into_response()
}

/// Returns the error that a [`Transport`] wrapped with [`wrap_error`].
///
/// # Errors
///
/// Returns the original error if it does not wrap an error of type `F`.
#[expect(
    clippy::result_large_err,
    reason = "the caller's own error is returned unchanged"
)]
pub fn downcast_error<F: 'static, E>(error: Error<E>) -> Result<F, Error<E>> {
    let Error::UnexpectedResponse(response) = &error else {
        return Err(error);
    };
    let Some(WrappedError(slot)) = WrappedError::of(response) else {
        return Err(error);
    };
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    match slot.take().map(Box::<dyn Any + Send>::downcast::<F>) {
        Some(Ok(wrapped)) => Ok(*wrapped),
        Some(Err(other)) => {
            *slot = Some(other);
            Err(error)
        }
        None => Err(error),
    }
}
