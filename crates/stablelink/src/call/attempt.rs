//! Stages 3 to 5 of one attempt: gets the token, signs the request and sends it.

use std::error::Error as StdError;

use bytes::{Bytes, BytesMut};
use tracing::Instrument;

use super::classify::into_attempt_error;
use super::request_factory::{ensure_same_origin, sign};
use super::{AttemptError, CallContext, RequestFactory, ResponseClass, classify};
use crate::error::{Error, ErrorKind};
use crate::observe::AttemptSpan;
use crate::response::RawResponse;

/// A response that was read completely.
pub(crate) struct CompletedAttempt {
    pub(crate) response: RawResponse,
    /// The response without its headers and body, as the generated client expects one.
    pub(crate) drained: reqwest::Response,
}

impl CallContext {
    /// Sends the request once. It is sent again only if the gateway rejected its token or its timestamp, at most once for
    /// each: a rejected request has no effect.
    pub(super) async fn attempt(
        &self,
        http: &reqwest::Client,
        requests: &mut RequestFactory,
    ) -> Result<CompletedAttempt, AttemptError> {
        let client = &self.client;
        // Token requests have separate retries and a cooldown, which another attempt would defeat.
        let (mut bearer, mut credentials) = client
            .bearer_and_credentials()
            .await
            .map_err(AttemptError::not_sent)?;
        let mut token_refreshed = false;
        let mut clock_corrected = false;
        loop {
            let skew = client.clock_skew.millis();
            let (span, sending) = {
                let mut request = requests.next().await.map_err(AttemptError::not_sent)?;
                let now = client.clock.now();
                ensure_same_origin(&client.origin, &request)
                    .and_then(|()| {
                        let key = &credentials.signing_key;
                        sign(&mut request, &bearer, key, client, now, skew)
                    })
                    .map_err(AttemptError::not_sent)?;
                let span = self.attempt_span(request.method());
                let timed_out = self.timeouts.attempt_timed_out();
                (
                    span,
                    send(http, request, client.max_response_size, timed_out),
                )
            };
            let in_flight = self.start_sending();
            let sent = sending.instrument(span.span()).await;
            drop(in_flight);
            let (completed, class) = match sent {
                Ok(completed) => self.classify_attempt(completed, span, skew),
                Err(failure) => {
                    span.fail(&failure.error);
                    return Err(failure);
                }
            };
            match &class {
                // The timestamp is checked before the token, because its rejection may have the status 401 as well: a new
                // token does not correct the clock, and would invalidate the token that others use.
                ResponseClass::Rejected(error) | ResponseClass::Unauthorized(error)
                    if !clock_corrected
                        && error.is_about_timestamp()
                        && client.clock_skew.has_alternative_to(skew) =>
                {
                    clock_corrected = true;
                }
                ResponseClass::Unauthorized(_) if !token_refreshed => {
                    token_refreshed = true;
                    drop((completed, class));
                    bearer = client
                        .tokens
                        .refresh_rejected(&bearer)
                        .await
                        .map_err(AttemptError::not_sent)?;
                    credentials = client
                        .credentials_of(&bearer)
                        .await
                        .map_err(AttemptError::not_sent)?;
                }
                ResponseClass::Rejected(error)
                    if !token_refreshed && client.is_token_rejection(error) =>
                {
                    token_refreshed = true;
                    // Boxed: this path is rare, and storing the response inline would enlarge the future of every call.
                    let rejected = Box::new((completed, class));
                    let refreshed = client
                        .tokens
                        .refresh_ambiguous(&bearer)
                        .await
                        .map_err(AttemptError::not_sent)?;
                    let Some(refreshed) = refreshed else {
                        return conclude(rejected.0, rejected.1);
                    };
                    credentials = client
                        .credentials_of(&refreshed)
                        .await
                        .map_err(AttemptError::not_sent)?;
                    bearer = refreshed;
                }
                _ => return conclude(completed, class),
            }
            self.count_attempt();
        }
    }

    fn attempt_span(&self, method: &http::Method) -> AttemptSpan {
        let clock = self.client.clock.clone();
        AttemptSpan::start(&self.options.operation, method, self.attempts(), clock)
    }

    /// Classifies the response, ends the span and updates the clock skew.
    fn classify_attempt(
        &self,
        completed: CompletedAttempt,
        span: AttemptSpan,
        skew: i64,
    ) -> (CompletedAttempt, ResponseClass) {
        let received = self.client.clock.now();
        let (response, class) = classify(completed.response, received, &self.client.secrets);
        let class = match class {
            ResponseClass::Success => match self.options.find_mismatch(&response) {
                Some(error) => ResponseClass::Malformed(error),
                None => ResponseClass::Success,
            },
            class => class,
        };
        span.finish(&response, class.error_type());
        let accepted = matches!(class, ResponseClass::Success).then_some(skew);
        self.client
            .clock_skew
            .update(response.headers(), received, accepted);
        let completed = CompletedAttempt {
            response,
            ..completed
        };
        (completed, class)
    }
}

fn conclude(
    completed: CompletedAttempt,
    class: ResponseClass,
) -> Result<CompletedAttempt, AttemptError> {
    match into_attempt_error(class, completed.response) {
        Ok(response) => Ok(CompletedAttempt {
            response,
            ..completed
        }),
        Err(failure) => Err(failure),
    }
}

/// The part of the body that is kept of a response that is not a success.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// Sends one request once and reads the response completely, up to `max_size` bytes. Fails when `timed_out` completes.
pub(crate) fn send(
    http: &reqwest::Client,
    request: reqwest::Request,
    max_size: usize,
    timed_out: impl Future<Output = ()>,
) -> impl Future<Output = Result<CompletedAttempt, AttemptError>> {
    // Nothing is sent before this future is polled. It is created outside of the future below, which would otherwise store
    // the large request once for each layer.
    let response = http.execute(request);
    async move {
        tokio::select! {
            biased;
            result = receive(response, max_size) => result,
            () = timed_out => Err(AttemptError::ambiguous(Error::new(ErrorKind::Timeout))),
        }
    }
}

async fn receive(
    response: impl Future<Output = reqwest::Result<reqwest::Response>>,
    max_size: usize,
) -> Result<CompletedAttempt, AttemptError> {
    let mut drained = response.await.map_err(send_error)?;
    let status = drained.status();
    let headers = std::mem::take(drained.headers_mut());
    let limit = if status.is_success() {
        max_size
    } else {
        MAX_ERROR_BODY
    };
    let (body, problem) = read_body(&mut drained, limit).await;
    let response = RawResponse::new(status, headers, body);
    let (error, retry) = match problem {
        Some(BodyError::Interrupted(error)) => {
            (transport("the response was interrupted", error), true)
        }
        Some(BodyError::TooLong) if status.is_success() => {
            let problem = format!("the response is longer than {limit} bytes").into();
            (Error::new(ErrorKind::Transport { problem }), false)
        }
        // The start of an error page is enough to diagnose the error.
        Some(BodyError::TooLong) | None => return Ok(CompletedAttempt { response, drained }),
    };
    Err(AttemptError {
        retry,
        ..AttemptError::ambiguous(error.with_response(response))
    })
}

enum BodyError {
    TooLong,
    Interrupted(reqwest::Error),
}

/// Reads the body, or the part of it that was received.
async fn read_body(response: &mut reqwest::Response, limit: usize) -> (Bytes, Option<BodyError>) {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let problem = loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break None,
            Err(error) => break Some(BodyError::Interrupted(error)),
        };
        // Most bodies are one chunk, which is not copied.
        if first.is_empty() && chunk.len() <= limit {
            first = chunk;
            continue;
        }
        if rest.is_empty() {
            rest.extend_from_slice(&first);
        }
        let room = limit - rest.len();
        rest.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            break Some(BodyError::TooLong);
        }
    };
    let body = if rest.is_empty() {
        first
    } else {
        rest.freeze()
    };
    (body, problem)
}

/// Maps an error without a response.
fn send_error(error: reqwest::Error) -> AttemptError {
    if error.is_builder() {
        let invalid = Error::invalid("request", "cannot be sent: invalid header or URL");
        return AttemptError::not_sent(invalid.because(error.without_url()));
    }
    if error.is_connect() {
        return AttemptError::no_effect(transport("cannot connect to the gateway", error));
    }
    if error.is_timeout() {
        let timeout = Error::new(ErrorKind::Timeout).because(error.without_url());
        return AttemptError::ambiguous(timeout);
    }
    AttemptError::ambiguous(transport(
        "the connection was closed before a response",
        error,
    ))
}

fn transport(what: &'static str, error: reqwest::Error) -> Error {
    // The URL of a token request contains secrets.
    let error = error.without_url();
    let cause = innermost(&error).to_string();
    Error::new(ErrorKind::Transport {
        problem: format!("{what}: {cause}").into(),
    })
    .because(error)
}

/// Returns the innermost source: the outer ones only name the layers.
fn innermost(error: &dyn StdError) -> &dyn StdError {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}
