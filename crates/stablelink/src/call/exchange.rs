//! Sends the bytes of one request and reads those of the answer.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::Failure;
use crate::error::{Error, ErrorKind};
use crate::reply::RawReply;

/// What one exchange may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) time: Duration,
    /// Bytes of an answer.
    pub(crate) body: usize,
}

/// Of an answer that is no success only the start is kept: it says why, if it says anything.
const ERROR_BODY: usize = 64 * 1024;

/// Sends one request, once, and reads the answer whole, of so many bytes at most. Ends when `time_is_up` does.
pub(crate) async fn exchange(
    http: &reqwest::Client,
    request: reqwest::Request,
    body: usize,
    time_is_up: impl Future<Output = ()>,
) -> Result<RawReply, Failure> {
    tokio::select! {
        biased;
        outcome = send_and_read(http, request, body) => outcome,
        () = time_is_up => Err(Failure::lost(Error::new(ErrorKind::Timeout))),
    }
}

async fn send_and_read(
    http: &reqwest::Client,
    request: reqwest::Request,
    limit: usize,
) -> Result<RawReply, Failure> {
    let mut response = http.execute(request).await.map_err(not_answered)?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let limit = if status.is_success() {
        limit
    } else {
        ERROR_BODY
    };
    let read = read(&mut response, limit).await;
    let (body, error, again) = match read {
        Ok(body) => return Ok(RawReply::new(status, headers, body)),
        // What is wrong is said at its start.
        Err((body, ReadError::TooLong)) if !status.is_success() => {
            return Ok(RawReply::new(status, headers, body));
        }
        Err((body, ReadError::TooLong)) => {
            let problem = format!("the answer is longer than {limit} bytes").into();
            (body, Error::new(ErrorKind::Transport { problem }), false)
        }
        Err((body, ReadError::Cut(error))) => {
            (body, transport("the answer was cut off", error), true)
        }
    };
    Err(Failure {
        again,
        ..Failure::lost(error.answered(RawReply::new(status, headers, body)))
    })
}

enum ReadError {
    TooLong,
    Cut(reqwest::Error),
}

/// The body, or what came of it.
async fn read(response: &mut reqwest::Response, limit: usize) -> Result<Bytes, (Bytes, ReadError)> {
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            // Most answers are one chunk: it is not copied.
            Ok(None) => {
                return Ok(match first {
                    Some(first) if rest.is_empty() => first,
                    _ => rest.freeze(),
                });
            }
            Err(error) => {
                let body = first.filter(|_| rest.is_empty());
                let body = body.unwrap_or_else(|| rest.freeze());
                return Err((body, ReadError::Cut(error)));
            }
        };
        let held = first.as_ref().map_or(0, Bytes::len).max(rest.len());
        if held + chunk.len() > limit {
            if rest.is_empty() {
                rest.extend_from_slice(first.as_deref().unwrap_or_default());
            }
            rest.extend_from_slice(&chunk[..limit - held]);
            return Err((rest.freeze(), ReadError::TooLong));
        }
        match &first {
            None => first = Some(chunk),
            Some(start) => {
                if rest.is_empty() {
                    rest.extend_from_slice(start);
                }
                rest.extend_from_slice(&chunk);
            }
        }
    }
}

/// No answer came at all.
fn not_answered(error: reqwest::Error) -> Failure {
    if error.is_builder() {
        return Failure::final_(
            Error::invalid("request", "can't be sent as it is").because(error.without_url()),
        );
    }
    if error.is_connect() {
        return Failure::passing(transport("no connection to the gateway", error));
    }
    if error.is_timeout() {
        return Failure::lost(Error::new(ErrorKind::Timeout).because(error.without_url()));
    }
    Failure::lost(transport(
        "the connection broke before an answer came",
        error,
    ))
}

fn transport(what: &'static str, error: reqwest::Error) -> Error {
    // The address of a token request holds the secrets.
    let error = error.without_url();
    let cause = innermost(&error).to_string();
    Error::new(ErrorKind::Transport {
        problem: format!("{what}: {cause}").into(),
    })
    .because(error)
}

/// The cause that says most: the outer ones only name the layers.
fn innermost(error: &dyn StdError) -> &dyn StdError {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}
