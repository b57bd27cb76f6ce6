//! Where requests of the generated [`Client`] leave: a [`Transport`] that its maker gives.
//!
//! The generated code does not compile without this module (`HooksMode::Expected` asserts that
//! `Client: ClientHooks`), so no request can go out past the transport by mistake.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};

use crate::{Client, Error};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Operation {
    /// The name of the method of [`Client`]: the operationId of the document in snake case.
    pub id: &'static str,
}

impl Operation {
    /// The operation with this name.
    #[must_use]
    pub const fn new(id: &'static str) -> Self {
        Self { id }
    }
}

/// Sends the requests of a [`Client`].
///
/// It gets each request whole: the URL with its percent-encoded query and the bytes of the body
/// are final. To send more than once, `try_clone` the request.
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and gives the response.
    ///
    /// An error that is not reqwest's travels as a response: see [`carry`].
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        request: reqwest::Request,
        operation: Operation,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>>;

    /// Whether [`send`](Self::send) reads answers to their end and keeps them. Of its response nothing
    /// is read then: the operation ends with [`Error::Custom`], and whoever made the transport has
    /// the answer.
    fn keeps_answers(&self) -> bool {
        false
    }
}

/// Sends requests as they are: **unsigned and without a token**. The gateway refuses them, but for
/// the token operations; meant for those, for tests, and as a part of other transports.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnsignedTransport;

impl Transport for UnsignedTransport {
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        request: reqwest::Request,
        _: Operation,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        Box::pin(http.execute(request))
    }
}

/// Written by the generator into every request; the gateway does not know it.
const API_VERSION: &str = "api-version";

impl ClientHooks<Arc<dyn Transport>> for Client {
    /// No `async fn`: its future would hold the request, which is large, beside that of the transport.
    fn exec(
        &self,
        mut request: reqwest::Request,
        info: &OperationInfo,
    ) -> impl Future<Output = reqwest::Result<reqwest::Response>> {
        request.headers_mut().remove(API_VERSION);
        self.inner()
            .send(self.client(), request, Operation::new(info.operation_id))
    }

    /// Takes a carried error out before the generated code looks at the status: an operation with
    /// a `default` response knows all of them.
    async fn post<E>(
        &self,
        result: &reqwest::Result<reqwest::Response>,
        _: &OperationInfo,
    ) -> Result<(), Error<E>> {
        match result.as_ref().ok().map(Carried::of) {
            Some(Some(carried)) => Err(Error::UnexpectedResponse(carried.response())),
            Some(None) if self.inner().keeps_answers() => Err(Error::Custom(String::new())),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The HTTP client prints its default headers, and an address may hold a password.
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// An error in the extensions of a response that never was on a wire.
///
/// Extensions are cloned, errors are not: whoever comes first takes it.
#[derive(Clone)]
struct Carried(Arc<Mutex<Option<Box<dyn Any + Send>>>>);

impl Carried {
    /// No server sends it (a status has three digits from 100 to 599), so that whoever looks at
    /// the response alone takes it for neither a success nor a fault of the gateway.
    const STATUS: u16 = 999;

    fn of(response: &reqwest::Response) -> Option<Self> {
        response.extensions().get::<Self>().cloned()
    }

    fn response(self) -> reqwest::Response {
        let mut response = http::Response::new(Vec::new());
        if let Ok(status) = http::StatusCode::from_u16(Self::STATUS) {
            *response.status_mut() = status;
        }
        response.extensions_mut().insert(self);
        response.into()
    }
}

/// Wraps an error of a [`Transport`] as a response, the only way past `reqwest::Result`: errors of
/// reqwest can't be made.
///
/// The operation then fails with [`Error::UnexpectedResponse`], whatever responses its document
/// has; [`carried`] takes the error out of that.
#[must_use]
pub fn carry<F: Send + 'static>(failure: F) -> reqwest::Response {
    Carried(Arc::new(Mutex::new(Some(Box::new(failure))))).response()
}

/// The error that a [`Transport`] gave to [`carry`].
///
/// # Errors
///
/// The error as it was, if it carries none of this type.
#[expect(
    clippy::result_large_err,
    reason = "the caller's own error, handed back"
)]
pub fn carried<F: 'static, E>(error: Error<E>) -> Result<F, Error<E>> {
    let Error::UnexpectedResponse(response) = &error else {
        return Err(error);
    };
    let Some(Carried(slot)) = Carried::of(response) else {
        return Err(error);
    };
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    match slot.take().map(Box::<dyn Any + Send>::downcast::<F>) {
        Some(Ok(failure)) => Ok(*failure),
        Some(Err(other)) => {
            *slot = Some(other);
            Err(error)
        }
        None => Err(error),
    }
}
