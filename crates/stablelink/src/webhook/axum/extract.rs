//! The extractor.

use ::axum::body::Bytes;
use ::axum::extract::{DefaultBodyLimit, FromRef, FromRequest, Request};
use ::axum::http::StatusCode;

use super::{Receiver, Rejection};
use crate::webhook::{Event, Verified};

/// A delivery that was proved to come from the gateway, and the event in it. Nothing is parsed before it is proved.
///
/// It does not look whether the event was handled before: that is [`handle`](crate::webhook::handle)'s, or the ready
/// [`router`](super::router)'s. Needs a [`Receiver`] in the state. axum drops a handler whose sender hangs up: do what must come to
/// its end in a task.
///
/// ```
/// use axum::{Router, routing::post};
/// use stablelink::webhook::axum::{Receiver, VerifiedEvent};
/// use stablelink::webhook::{Acknowledgement, Webhooks};
///
/// async fn receive(delivery: VerifiedEvent) -> Acknowledgement {
///     println!("{:?}", delivery.event.kind());
///     Acknowledgement
/// }
///
/// # fn main() -> Result<(), stablelink::Error> {
/// let receiver = Receiver::new(Webhooks::new(&"unit-test-sign-key-not-real-0001".into())?);
/// let app: Router = Router::new().route("/hook", post(receive)).with_state(receiver);
/// # let _ = app;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedEvent {
    /// The delivery as it came.
    pub verified: Verified,
    /// The event.
    pub event: Event,
}

impl<S> FromRequest<S> for VerifiedEvent
where
    S: Send + Sync,
    Receiver: FromRef<S>,
{
    /// A status that is not 2xx, and fixed words: the gateway delivers again.
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let receiver = Receiver::from_ref(state);
        let verified = verified(request, &receiver).await?;
        let event = verified.parse().map_err(Rejection::of)?;
        Ok(Self { verified, event })
    }
}

pub(super) async fn verified(
    mut request: Request,
    receiver: &Receiver,
) -> Result<Verified, Rejection> {
    DefaultBodyLimit::max(receiver.body_limit).apply(&mut request);
    let headers = std::mem::take(request.headers_mut());
    let body = tokio::select! {
        body = Bytes::from_request(request, &()) => body,
        () = receiver.clock.alarm(receiver.read_limit) => return Err(Rejection::TooSlow),
    };
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Rejection::TooLarge,
        _ => Rejection::Incomplete,
    })?;
    // The time at which it has come whole.
    let now = receiver.clock.now();
    receiver
        .webhooks
        .verify(&headers, body, now)
        .map_err(Rejection::of)
}
