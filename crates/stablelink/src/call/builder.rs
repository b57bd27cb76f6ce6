//! A call of an operation that has not been sent yet.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use stablelink_api::operations::{OperationInfo, RetrySafety};

use super::{CallContext, CallOptions};
use crate::client::ClientInner;
use crate::clock::BoxFuture;
use crate::error::Error;
use crate::response::Response;

/// Sends the request of an operation with the generated client and reads the response.
type SendOperation<R, T, P> =
    for<'a> fn(&'a Arc<CallContext>, &'a R, &'a P) -> BoxFuture<'a, Result<Response<T>, Error>>;

/// An operation with its required arguments. This is a trait object, so that the type of the arguments is not part of
/// [`Call`].
trait BoundOperation<T, P>: Send + Sync {
    fn send<'a>(
        &'a self,
        context: &'a Arc<CallContext>,
        parameters: &'a P,
    ) -> BoxFuture<'a, Result<Response<T>, Error>>;
}

impl<R: Send + Sync, T, P> BoundOperation<T, P> for (R, SendOperation<R, T, P>) {
    fn send<'a>(
        &'a self,
        context: &'a Arc<CallContext>,
        parameters: &'a P,
    ) -> BoxFuture<'a, Result<Response<T>, Error>> {
        (self.1)(context, &self.0, parameters)
    }
}

/// A call of an operation: `.await` sends it and returns a [`Response<T>`](Response).
///
/// Nothing is sent before the call is awaited. The methods set options; some operations have further methods for optional
/// arguments, and [`query`](Self::query) adds any other query parameter.
///
/// A call whose future is dropped may have been sent: look up the record by the idempotency key of the request value.
///
/// `P` holds the arguments that can be changed after the call was created. For most operations it is `()`.
#[must_use = "a call is sent when it is awaited"]
pub struct Call<T, P = ()> {
    client: Arc<ClientInner>,
    operation: &'static OperationInfo,
    bound: Arc<dyn BoundOperation<T, P>>,
    pub(crate) parameters: P,
    query: Vec<(String, String)>,
    key: Option<String>,
    identity: Vec<(&'static str, String)>,
    deadline: Option<Duration>,
    max_attempts: Option<u32>,
    attempt_timeout: Option<Duration>,
}

impl<T: 'static> Call<T> {
    pub(crate) fn new<R: Send + Sync + 'static>(
        client: impl Into<Arc<ClientInner>>,
        operation: &'static OperationInfo,
        arguments: R,
        send: SendOperation<R, T, ()>,
    ) -> Self {
        Self::with_parameters(client, operation, arguments, (), send)
    }
}

impl<T: 'static, P: 'static> Call<T, P> {
    pub(crate) fn with_parameters<R: Send + Sync + 'static>(
        client: impl Into<Arc<ClientInner>>,
        operation: &'static OperationInfo,
        arguments: R,
        parameters: P,
        send: SendOperation<R, T, P>,
    ) -> Self {
        Self {
            client: client.into(),
            operation,
            bound: Arc::new((arguments, send)),
            parameters,
            query: Vec::new(),
            key: None,
            identity: Vec::new(),
            deadline: None,
            max_attempts: None,
            attempt_timeout: None,
        }
    }
}

impl<T, P> Call<T, P> {
    /// Sets the idempotency key that the request contains.
    pub(crate) fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets a field that identifies the requested record: a response with another value is about another record. The
    /// [`key`](Self::key) is compared too.
    pub(crate) fn identified_by(
        mut self,
        field: &'static str,
        value: Option<impl ToString>,
    ) -> Self {
        if let Some(value) = value {
            self.identity.retain(|(other, _)| *other != field);
            self.identity.push((field, value.to_string()));
        }
        self
    }

    /// Adds a query parameter for which this version of the crate has no method. The name and the value are
    /// percent-encoded here.
    pub fn query(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Replaces a query parameter.
    #[cfg(feature = "provisional")]
    pub(crate) fn set_query(&mut self, name: &str, value: impl ToString) {
        self.query.retain(|(other, _)| other != name);
        self.query.push((name.to_owned(), value.to_string()));
    }

    #[cfg(feature = "provisional")]
    pub(crate) fn client(&self) -> Arc<ClientInner> {
        Arc::clone(&self.client)
    }

    /// Sets the deadline of the whole call: token, locks, attempts and delays. Defaults to the client's.
    ///
    /// A call that was sent when the deadline passes is ambiguous, unless the operation only reads.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// Sets the timeout of one attempt, from connecting to the end of the response body. Defaults to the client's.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = Some(limit);
        self
    }

    /// Sets the maximum number of attempts, including the first; 0 counts as 1. Defaults to the client's
    /// [`RetryPolicy`](crate::RetryPolicy). An operation that must not be retried has one attempt in any case.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts.max(1));
        self
    }

    /// Returns the properties of the operation in the document, such as its evidence level and whether it may be retried.
    #[must_use]
    pub const fn operation(&self) -> &'static OperationInfo {
        self.operation
    }
}

#[cfg(feature = "provisional")]
impl<T, P: Clone> Clone for Call<T, P> {
    fn clone(&self) -> Self {
        Self {
            client: Arc::clone(&self.client),
            bound: Arc::clone(&self.bound),
            parameters: self.parameters.clone(),
            query: self.query.clone(),
            key: self.key.clone(),
            identity: self.identity.clone(),
            ..*self
        }
    }
}

impl<T, P> IntoFuture for Call<T, P>
where
    T: Send + 'static,
    P: Send + Sync + 'static,
{
    type Output = Result<Response<T>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            Error::ensure_current_method(self.operation)?;
            let options = CallOptions {
                query: self.query,
                key: self.key,
                identity: self.identity,
                max_attempts: self.max_attempts,
                attempt_timeout: self.attempt_timeout,
                ..CallOptions::of(
                    self.operation,
                    self.deadline.unwrap_or(self.client.deadline),
                )
            };
            debug_assert_eq!(
                options.key.is_some(),
                matches!(options.retry, RetrySafety::Keyed { .. }),
                "{}: keyed operations, and only they, have a key",
                self.operation.id,
            );
            let context = CallContext::new(self.client, options);
            context
                .execute(self.bound.send(&context, &self.parameters))
                .await
        })
    }
}

impl<T, P> fmt::Debug for Call<T, P> {
    /// Omits the arguments, which may contain personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.operation.id)
            .finish_non_exhaustive()
    }
}
