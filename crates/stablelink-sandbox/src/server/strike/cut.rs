//! A body that has less than its head promises.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_LENGTH;
use hyper::body::Frame;

/// What comes after the part that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The connection ends.
    Close,
    /// Nothing, for good.
    Stall,
}

/// Sends one half of the body under a head that promises the whole.
pub(crate) fn cut(mut response: Response, body: &Bytes, then: Then) -> Response {
    // An empty answer has nothing to cut: it promises one byte that does not come.
    let promised = HeaderValue::from(body.len().max(1));
    response.headers_mut().insert(CONTENT_LENGTH, promised);
    let half = Half {
        part: Some(body.slice(..body.len() / 2)),
        flushed: false,
        then,
    };
    response.map(|_| Body::new(half))
}

struct Half {
    part: Option<Bytes>,
    flushed: bool,
    then: Then,
}

/// Ends the connection when a body fails with it.
#[derive(Debug)]
struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sandbox was asked to cut this answer")
    }
}

impl std::error::Error for CutOff {}

impl From<Infallible> for CutOff {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl HttpBody for Half {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if let Some(part) = self.part.take() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if self.then == Then::Stall {
            return Poll::Pending;
        }
        if !self.flushed {
            // The server writes out what it has when a body makes it wait; an error would throw
            // that away.
            self.flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(CutOff)))
    }
}
