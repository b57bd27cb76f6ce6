//! Receiving webhooks with axum: a complete router, and an extractor for your own router.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::SystemTime;
//! use stablelink::testing::TestDelivery;
//! use stablelink::webhook::{
//!     Acknowledgement, EventPayload, MemoryDeduplicator, WebhookEvent, WebhookVerifier,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sign_key = "unit-test-sign-key-not-real-0001"; // from a vault or the environment
//!
//! async fn handle(event: WebhookEvent) -> Result<(), stablelink::Error> {
//!     if let EventPayload::AbnormalPayment(payment) = event.payload()? {
//!         println!("check order {:?}", payment.order_no);
//!     }
//!     Ok(())
//! }
//!
//! let verifier = WebhookVerifier::new(&sign_key.into())?;
//! let app = axum::Router::new().nest(
//!     "/webhooks/stablelink",
//!     stablelink::webhook::axum::router(verifier, Arc::new(MemoryDeduplicator::default()), handle),
//! );
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let url = format!("http://{}/webhooks/stablelink", listener.local_addr()?);
//! tokio::spawn(async move { axum::serve(listener, app).await });
//!
//! // The request that the gateway sends.
//! let sent = TestDelivery::new("ABNORMAL_PAYMENT")
//!     .id("evt_1")
//!     .data(r#"{"orderNo":"WCHK7"}"#)
//!     .signed(&sign_key.into(), SystemTime::now())?;
//! let response = reqwest::Client::builder().no_proxy().build()?
//!     .post(&url)
//!     .headers(sent.headers)
//!     .body(sent.body)
//!     .send()
//!     .await?;
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.text().await?, Acknowledgement.to_string());
//! # Ok(())
//! # }
//! ```
//!
//! | Response | When |
//! |---|---|
//! | 200, [`Acknowledgement`] | the event was handled now or before |
//! | 400 | the body is not an event, or is incomplete |
//! | 401 | a header is missing, or the signature is wrong, too old or too new |
//! | 408 | the body was not received in time |
//! | 409 | another receiver is handling the same event |
//! | 413 | the body is too large |
//! | 500 | the handler failed or panicked |
//! | 503 | the deduplicator failed, or the handler timed out |
//!
//! After every response except 200 the gateway delivers again. The response bodies are constant texts: they reveal
//! neither keys nor the content of the delivery nor the error of a handler.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::axum::Router;
use ::axum::body::Bytes;
use ::axum::extract::{DefaultBodyLimit, FromRef, FromRequest, Request};
use ::axum::http::{StatusCode, header};
use ::axum::response::{IntoResponse, Response};
use ::axum::routing::post;

use super::{
    Acknowledgement, Deduplicator, HandleError, HandleOutcome, VerifiedDelivery, WebhookEvent,
    WebhookVerifier, handle,
};
use crate::clock::{Clock, SystemClock};
use crate::{Error, ErrorKind};

/// The timeout for receiving the body of a delivery.
const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// The configuration of a receiver: the verifier, the clock and the limits.
///
/// It is the state that [`VerifiedEvent`] needs, and [`router`] accepts it instead of a [`WebhookVerifier`].
#[derive(Clone)]
pub struct DeliveryReceiver {
    verifier: WebhookVerifier,
    clock: Arc<dyn Clock>,
    body_limit: usize,
    handler_timeout: Duration,
}

impl DeliveryReceiver {
    /// Creates a receiver with the system clock and the default limits.
    #[must_use]
    pub fn new(verifier: WebhookVerifier) -> Self {
        Self {
            verifier,
            clock: Arc::new(SystemClock::default()),
            body_limit: 1 << 20,
            handler_timeout: Duration::from_secs(10),
        }
    }

    /// Sets the clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the maximum size of a body in bytes. Default: 1 MiB.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets the timeout of the handler of [`router`]. Default: 10 s. The sum of this and the 3 s for receiving the body must be
    /// less than the 15 s that the gateway waits, and less than the claim TTL of the deduplicator.
    #[must_use]
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.handler_timeout = timeout;
        self
    }

    async fn receive(&self, mut request: Request) -> Result<VerifiedDelivery, DeliveryRejection> {
        // If the announced length exceeds the limit, the body is not read.
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > self.body_limit as u64) {
            return Err(DeliveryRejection::TooLarge);
        }
        DefaultBodyLimit::max(self.body_limit).apply(&mut request);
        let headers = std::mem::take(request.headers_mut());
        let body = tokio::select! {
            body = Bytes::from_request(request, &()) => body,
            () = self.clock.alarm(READ_TIMEOUT) => return Err(DeliveryRejection::TooSlow),
        };
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => DeliveryRejection::TooLarge,
            _ => DeliveryRejection::Incomplete,
        })?;
        // The age is measured when the body is complete.
        let now = self.clock.now();
        self.verifier
            .verify(&headers, body, now)
            .map_err(DeliveryRejection::from_error)
    }
}

impl From<WebhookVerifier> for DeliveryReceiver {
    fn from(verifier: WebhookVerifier) -> Self {
        Self::new(verifier)
    }
}

impl fmt::Debug for DeliveryReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryReceiver")
            .field("verifier", &self.verifier)
            .field("clock", &self.clock)
            .field("body_limit", &self.body_limit)
            .field("handler_timeout", &self.handler_timeout)
            .finish()
    }
}

/// An extractor for a verified delivery and its event. The body is not parsed before the signature is verified.
///
/// The extractor does not detect duplicates: use [`handle`], or [`router`]. It needs a
/// [`DeliveryReceiver`] in the state. axum drops a handler whose client disconnects: run work that must finish in a task.
///
/// ```
/// use axum::{Router, routing::post};
/// use stablelink::webhook::axum::{VerifiedEvent, DeliveryReceiver};
/// use stablelink::webhook::{Acknowledgement, WebhookVerifier};
///
/// async fn receive(delivery: VerifiedEvent) -> Acknowledgement {
///     println!("{:?}", delivery.event.event_type());
///     Acknowledgement
/// }
///
/// # fn main() -> Result<(), stablelink::Error> {
/// let verifier = WebhookVerifier::new(&"unit-test-sign-key-not-real-0001".into())?;
/// let app: Router = Router::new()
///     .route("/hook", post(receive))
///     .with_state(DeliveryReceiver::new(verifier));
/// # let _ = app;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedEvent {
    /// The delivery.
    pub verified: VerifiedDelivery,
    /// The event in the delivery.
    pub event: WebhookEvent,
}

impl<S> FromRequest<S> for VerifiedEvent
where
    S: Send + Sync,
    DeliveryReceiver: FromRef<S>,
{
    /// A response with a status other than 2xx and a constant text: the gateway delivers again.
    type Rejection = DeliveryRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, DeliveryRejection> {
        let verified = DeliveryReceiver::from_ref(state).receive(request).await?;
        let event = verified.parse().map_err(DeliveryRejection::from_error)?;
        Ok(Self { verified, event })
    }
}

/// The reason for rejecting a delivery. It converts to a response with a status and a constant message.
#[derive(Debug)]
#[non_exhaustive]
pub enum DeliveryRejection {
    /// The verification failed: 401. The error has the reason, which is not part of the response.
    Unverified(Error),
    /// The delivery was verified, but its body is not an event. The response status is 400.
    Malformed(Error),
    /// The body is larger than allowed: 413.
    TooLarge,
    /// The body is incomplete: 400.
    Incomplete,
    /// The body was not received in time: 408.
    TooSlow,
}

impl DeliveryRejection {
    fn from_error(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Decode(_) => Self::Malformed(error),
            _ => Self::Unverified(error),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unverified(_) => StatusCode::UNAUTHORIZED,
            Self::Malformed(_) | Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    fn public_text(&self) -> &'static str {
        match self {
            Self::Unverified(_) => "the signature is missing, invalid, too old or too new",
            Self::Malformed(_) => "the body is not a JSON object",
            Self::Incomplete => "the body is incomplete",
            Self::TooLarge => "the body is too large",
            Self::TooSlow => "the body was not received in time",
        }
    }
}

impl fmt::Display for DeliveryRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unverified(error) | Self::Malformed(error) => write!(f, "{error}"),
            other => f.write_str(other.public_text()),
        }
    }
}

impl std::error::Error for DeliveryRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unverified(error) | Self::Malformed(error) => Some(error),
            _ => None,
        }
    }
}

impl IntoResponse for DeliveryRejection {
    fn into_response(self) -> Response {
        tracing::warn!(status = self.status().as_u16(), reason = %self, "webhook delivery rejected");
        (self.status(), self.public_text()).into_response()
    }
}

impl IntoResponse for Acknowledgement {
    fn into_response(self) -> Response {
        let content_type = [(header::CONTENT_TYPE, Self::CONTENT_TYPE)];
        (content_type, Self::BODY).into_response()
    }
}

/// Returns a router that receives deliveries at `/`: it verifies them, runs the handler once per event, and responds.
///
/// Nest it at the path of the webhook URL in the dashboard: `Router::new().nest("/webhooks/stablelink", router)`. That URL must
/// not end with a slash, because the path of `nest` does not. Pass a [`WebhookVerifier`], or a [`DeliveryReceiver`] to change
/// limits. Any number of routers can share a deduplicator. The response to methods other than POST is 405.
///
/// The handler runs in its own task, which continues when the client disconnects, so that a finished event is always recorded.
/// After the [`handler_timeout`](DeliveryReceiver::handler_timeout) the handler is dropped at its current `await`, and the claim
/// of the event is released. The error of the handler is neither part of the response nor logged: log it in the handler.
pub fn router<D, H, A, E>(
    receiver: impl Into<DeliveryReceiver>,
    deduplicator: Arc<D>,
    handler: H,
) -> Router
where
    D: Deduplicator + ?Sized,
    H: Fn(WebhookEvent) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<(), E>> + Send + 'static,
    E: Send + 'static,
{
    let receiver = receiver.into();
    let receive = move |request: Request| {
        let (receiver, deduplicator, handler) =
            (receiver.clone(), deduplicator.clone(), handler.clone());
        async move {
            let delivery = match receiver.receive(request).await {
                Ok(delivery) => delivery,
                Err(rejection) => return rejection.into_response(),
            };
            let task = tokio::spawn(respond(delivery, receiver, deduplicator, handler));
            task.await.unwrap_or_else(|_| {
                // The runtime may also be shutting down, but then no client reads the response.
                tracing::error!("a webhook handler panicked; the claim of its event was released");
                (StatusCode::INTERNAL_SERVER_ERROR, "the handler failed").into_response()
            })
        }
    };
    Router::new().route("/", post(receive))
}

/// The reason why the handler did not succeed.
enum HandlerFailure {
    Failed,
    TimedOut,
}

async fn respond<D, H, A, E>(
    delivery: VerifiedDelivery,
    receiver: DeliveryReceiver,
    deduplicator: Arc<D>,
    handler: H,
) -> Response
where
    D: Deduplicator + ?Sized,
    H: Fn(WebhookEvent) -> A,
    A: Future<Output = Result<(), E>>,
{
    // The timeout limits only the handler: recording a finished event has no time limit.
    let with_timeout = async |event: WebhookEvent| {
        tokio::select! {
            result = handler(event) => result.map_err(|_| HandlerFailure::Failed),
            () = receiver.clock.alarm(receiver.handler_timeout) => Err(HandlerFailure::TimedOut),
        }
    };
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    match handle(&delivery, &deduplicator, with_timeout).await {
        Ok(HandleOutcome::Handled(()) | HandleOutcome::Duplicate) => {
            Acknowledgement.into_response()
        }
        Ok(HandleOutcome::NotRecorded((), error)) => {
            tracing::error!(%error, "a webhook event was handled but could not be recorded");
            Acknowledgement.into_response()
        }
        Ok(HandleOutcome::InProgress) => {
            (StatusCode::CONFLICT, "the event is being handled").into_response()
        }
        Err(HandleError::Malformed(error)) => DeliveryRejection::from_error(error).into_response(),
        Err(HandleError::Deduplicator(error)) => {
            tracing::error!(%error, "a webhook event could not be claimed");
            (unavailable, "the event could not be claimed").into_response()
        }
        Err(HandleError::Handler(HandlerFailure::TimedOut)) => {
            tracing::error!("a webhook handler timed out; the claim of its event was released");
            (unavailable, "the handler timed out").into_response()
        }
        Err(HandleError::Handler(HandlerFailure::Failed)) => {
            tracing::error!("a webhook handler failed; the claim of its event was released");
            (StatusCode::INTERNAL_SERVER_ERROR, "the handler failed").into_response()
        }
    }
}
