//! Sends the bytes of one request and reads those of the answer.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::Failure;
use crate::error::{Error, ErrorKind};
use crate::raw_response::RawResponse;

/// What one exchange may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) time: Duration,
    /// Bytes of an answer.
    pub(crate) body: usize,
}

/// Of an answer that is no success only the start is kept: it says why, if it says anything.
const ERROR_BODY: usize = 64 * 1024;

/// An answer that was read to its end, and the response that it was read from: an empty shell.
pub(crate) struct Exchanged {
    pub(crate) reply: RawResponse,
    pub(crate) shell: reqwest::Response,
}

/// Sends one request, once, and reads the answer whole, of so many bytes at most. Ends when `time_is_up` does.
pub(crate) fn exchange(
    http: &reqwest::Client,
    request: reqwest::Request,
    body: usize,
    time_is_up: impl Future<Output = ()>,
) -> impl Future<Output = Result<Exchanged, Failure>> {
    // Nothing is sent before it is polled. A request is large: in the future below it would stand once for each layer.
    let response = http.execute(request);
    async move {
        tokio::select! {
            biased;
            outcome = read_whole(response, body) => outcome,
            () = time_is_up => Err(Failure::lost(Error::new(ErrorKind::Timeout))),
        }
    }
}

async fn read_whole(
    response: impl Future<Output = reqwest::Result<reqwest::Response>>,
    limit: usize,
) -> Result<Exchanged, Failure> {
    let mut response = response.await.map_err(not_answered)?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let limit = if status.is_success() {
        limit
    } else {
        ERROR_BODY
    };
    let (body, problem) = read(&mut response, limit).await;
    let reply = RawResponse::new(status, headers, body);
    let (error, again) = match problem {
        Some(ReadError::Cut(error)) => (transport("the answer was cut off", error), true),
        Some(ReadError::TooLong) if status.is_success() => {
            let problem = format!("the answer is longer than {limit} bytes").into();
            (Error::new(ErrorKind::Transport { problem }), false)
        }
        // Of what is no success the start says what is wrong.
        Some(ReadError::TooLong) | None => {
            let shell = response;
            return Ok(Exchanged { reply, shell });
        }
    };
    Err(Failure {
        again,
        ..Failure::lost(error.answered(reply))
    })
}

enum ReadError {
    TooLong,
    Cut(reqwest::Error),
}

/// The body, or as much of it as came.
async fn read(response: &mut reqwest::Response, limit: usize) -> (Bytes, Option<ReadError>) {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let problem = loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break None,
            Err(error) => break Some(ReadError::Cut(error)),
        };
        // Most answers are one chunk: it is not copied.
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
            break Some(ReadError::TooLong);
        }
    };
    let body = if rest.is_empty() {
        first
    } else {
        rest.freeze()
    };
    (body, problem)
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
