//! The ready router.

use std::sync::Arc;

use ::axum::Router;
use ::axum::extract::Request;
use ::axum::http::StatusCode;
use ::axum::response::{IntoResponse, Response};
use ::axum::routing::post;

use super::extract::verified;
use super::{Receiver, Rejection};
use crate::webhook::{Acknowledgement, Event, HandleError, Outcome, ReplayGuard, Verified, handle};

/// Takes deliveries at `/`: checks them, runs the handler once for each event, and answers.
///
/// Put it where the dashboard's webhook URL points to: `Router::new().nest("/webhooks/stablelink", router)`. Take
/// [`Webhooks`](crate::webhook::Webhooks), or a [`Receiver`] with other limits. The guard is shared with as many
/// routers as you like. Other methods than POST are answered with 405; the URL in the dashboard ends without a slash, as the path
/// of `nest` does.
///
/// A handler runs in a task of its own, which a sender that hangs up does not end: what was begun is finished and
/// remembered. When the [time limit](Receiver::time_limit) is up it is dropped at the point where it waits, and the
/// event is given back. What its error says is neither answered nor logged here: log in the handler what you need.
pub fn router<G, H, A, E>(receiver: impl Into<Receiver>, guard: Arc<G>, handler: H) -> Router
where
    G: ReplayGuard + ?Sized,
    H: Fn(Event) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<(), E>> + Send + 'static,
    E: Send + 'static,
{
    let receiver = receiver.into();
    let receive = move |request: Request| {
        let (receiver, guard, handler) = (receiver.clone(), guard.clone(), handler.clone());
        async move {
            let verified = match verified(request, &receiver).await {
                Ok(verified) => verified,
                Err(rejection) => return rejection.into_response(),
            };
            let task = tokio::spawn(run(verified, receiver, guard, handler));
            task.await.unwrap_or_else(|_| {
                // Or the runtime is being shut down, when nobody reads the answer.
                tracing::error!("a webhook handler panicked; its event was given back");
                failed("the handler failed")
            })
        }
    };
    Router::new().route("/", post(receive))
}

/// Why a handler did not come to a good end.
enum Unhandled {
    Failed,
    TimeIsUp,
}

async fn run<G, H, A, E>(
    verified: Verified,
    receiver: Receiver,
    guard: Arc<G>,
    handler: H,
) -> Response
where
    G: ReplayGuard + ?Sized,
    H: Fn(Event) -> A,
    A: Future<Output = Result<(), E>>,
{
    // Around the handler alone: what it has done must be remembered however late it is.
    let limited = async |event: Event| {
        tokio::select! {
            result = handler(event) => result.map_err(|_| Unhandled::Failed),
            () = receiver.clock.alarm(receiver.time_limit) => Err(Unhandled::TimeIsUp),
        }
    };
    match handle(&verified, &guard, limited).await {
        Ok(Outcome::Handled(()) | Outcome::Duplicate) => Acknowledgement.into_response(),
        Ok(Outcome::Unremembered((), error)) => {
            tracing::error!(%error, "a webhook event was handled but could not be remembered");
            Acknowledgement.into_response()
        }
        Ok(Outcome::InProgress) => {
            (StatusCode::CONFLICT, "the event is being handled").into_response()
        }
        Err(HandleError::Unreadable(error)) => Rejection::of(error).into_response(),
        Err(HandleError::Guard(error)) => {
            tracing::error!(%error, "a webhook event could not be claimed");
            later("no place to remember the event")
        }
        Err(HandleError::Handler(Unhandled::TimeIsUp)) => {
            tracing::error!("the time of a webhook handler was up; its event was given back");
            later("the handler took too long")
        }
        Err(HandleError::Handler(Unhandled::Failed)) => {
            tracing::error!("a webhook handler failed; its event was given back");
            failed("the handler failed")
        }
    }
}

fn later(words: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
}

fn failed(words: &'static str) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, words).into_response()
}
