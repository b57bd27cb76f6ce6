//! The log of received requests, and the outermost stage of every request, which writes it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::DATE;
use http::{HeaderMap, HeaderValue, Method};

use super::fault_injection::DateSkew;
use crate::api_error::ApiError;
use crate::clock::http_date;
use crate::envelope::{ResponseRetcode, seal};
use crate::faults::FaultId;
use crate::gateway::GatewayState;
use crate::settings::SandboxSettings;
use crate::{Operation, lock};

/// A received request and its response.
///
/// Query, headers and body contain secrets and personal data. `Debug` omits them.
#[derive(Clone)]
#[non_exhaustive]
pub struct RequestRecord {
    /// Number of the request. The first request of the sandbox has number 0.
    pub number: u64,
    /// Arrival by the sandbox's clock, in milliseconds since the epoch.
    pub at: i64,
    /// The method.
    pub method: Method,
    /// The path, as it was received.
    pub path: String,
    /// The query, as it was received, without `?`. Empty for a request without a query.
    pub query: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The first [`logged_body_bytes`](crate::SandboxSettings::logged_body_bytes) bytes of the
    /// body.
    pub body: Bytes,
    /// The length of the body in bytes.
    pub body_length: usize,
    /// The operation, or `None` if no operation has this method and path.
    pub operation: Option<Operation>,
    /// The client, by its index in the builder. It is set when the token is valid or, for a token
    /// request, when the token is issued.
    pub client: Option<usize>,
    /// The generation of the client's token, counted from 1. For a token request, the generation
    /// of the new token.
    pub token_generation: Option<u64>,
    /// The HTTP status of the response, or `None` if no response was sent.
    pub status: Option<u16>,
    /// The retcode of the operation, or `None` if a fault replaced the response.
    pub retcode: Option<&'static str>,
    /// The faults that were injected.
    pub faults: Vec<FaultId>,
}

impl fmt::Debug for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestRecord")
            .field("number", &self.number)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("body_length", &self.body_length)
            .field("operation", &self.operation)
            .field("client", &self.client)
            .field("token_generation", &self.token_generation)
            .field("status", &self.status)
            .field("retcode", &self.retcode)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// The latest requests.
#[derive(Default)]
pub(crate) struct RequestLog {
    entries: Mutex<LogEntries>,
}

#[derive(Default)]
struct LogEntries {
    received: u64,
    kept: VecDeque<RequestRecord>,
}

/// Request extension: the number in the log, the body and the operation.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedRequest {
    pub(crate) number: u64,
    pub(crate) body: Bytes,
    pub(crate) operation: Option<Operation>,
}

impl RequestLog {
    fn entries(&self) -> MutexGuard<'_, LogEntries> {
        lock(&self.entries)
    }

    /// Adds a request, drops the oldest ones beyond `limit`, and returns its number.
    fn add(&self, mut record: RequestRecord, limit: usize) -> u64 {
        let mut entries = self.entries();
        let number = entries.received;
        record.number = number;
        entries.received += 1;
        entries.kept.push_back(record);
        let excess = entries.kept.len().saturating_sub(limit);
        entries.kept.drain(..excess);
        number
    }

    /// Changes the record of a request, if it is still kept.
    pub(crate) fn update(&self, number: u64, change: impl FnOnce(&mut RequestRecord)) {
        let mut entries = self.entries();
        let oldest = entries.received - entries.kept.len() as u64;
        let index = number.checked_sub(oldest);
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some(record) = index.and_then(|index| entries.kept.get_mut(index)) {
            change(record);
        }
    }

    /// Returns the latest requests, the oldest first.
    pub(crate) fn latest(&self, count: usize) -> Vec<RequestRecord> {
        let entries = self.entries();
        let skipped = entries.kept.len().saturating_sub(count);
        entries.kept.iter().skip(skipped).cloned().collect()
    }

    /// Returns the number of all requests, including those that are no longer kept.
    pub(crate) fn count(&self) -> u64 {
        self.entries().received
    }
}

/// Reads the body, logs the request, and adds `Date` to the response.
pub(super) async fn log_request(
    State(gateway): State<Arc<GatewayState>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let settings = gateway.settings();
    let body = read_body(body, &settings).await;
    let operation = Operation::find(&parts.method, parts.uri.path());
    let logged = body.as_ref().ok();
    let record = RequestRecord {
        number: 0,
        at: gateway.clock.now_millis(),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.clone(),
        body: logged
            .map(|body| prefix(body, settings.logged_body_bytes))
            .unwrap_or_default(),
        body_length: logged.map_or(0, Bytes::len),
        operation,
        client: None,
        token_generation: None,
        status: None,
        retcode: None,
        faults: Vec::new(),
    };
    let number = gateway.requests.add(record, settings.request_log_size);
    let mut response = match body {
        Err(error) => seal(error.into_response(), operation, &settings),
        Ok(body) => {
            parts.extensions.insert(ReceivedRequest {
                number,
                body: body.clone(),
                operation,
            });
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
    };
    let skew = response.extensions_mut().remove::<DateSkew>();
    let now = gateway.clock.now_millis();
    let date = http_date(now.saturating_add(skew.map_or(0, |DateSkew(millis)| millis)));
    // A fault can set its own `Date`.
    if let (false, Ok(date)) = (
        response.headers().contains_key(DATE),
        HeaderValue::try_from(date),
    ) {
        response.headers_mut().insert(DATE, date);
    }
    let status = response.status().as_u16();
    let retcode = response.extensions_mut().remove::<ResponseRetcode>();
    gateway.requests.update(number, |record| {
        record.status = Some(status);
        record.retcode = retcode.map(|ResponseRetcode(code)| code);
    });
    response
}

/// Reads a body within the limit and the timeout of the settings.
async fn read_body(body: Body, settings: &SandboxSettings) -> Result<Bytes, ApiError> {
    let limit = settings.body_limit;
    let too_large = || ApiError::too_large(limit);
    // A body with a `Content-Length` above the limit is not read at all.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let read = tokio::time::timeout(settings.body_timeout, to_bytes(body, limit)).await;
    let read = read.map_err(|_| ApiError::too_slow())?;
    read.map_err(|_| too_large())
}

/// Returns the first bytes of a body. They are copied, so that the log does not keep the whole
/// body in memory.
fn prefix(body: &Bytes, limit: usize) -> Bytes {
    match body.get(..limit) {
        Some(prefix) if prefix.len() < body.len() => Bytes::copy_from_slice(prefix),
        _ => body.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> RequestRecord {
        RequestRecord {
            number: 0,
            at: 0,
            method: Method::GET,
            path: "/p".into(),
            query: "api_secret=planted".into(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(b"planted"),
            body_length: 7,
            operation: None,
            client: None,
            token_generation: None,
            status: None,
            retcode: None,
            faults: Vec::new(),
        }
    }

    #[test]
    fn log_keeps_the_latest_requests() {
        let log = RequestLog::default();
        let numbers = [(); 3].map(|()| log.add(record(), 2));
        assert_eq!(numbers, [0, 1, 2]);
        for number in 0..4 {
            log.update(number, |record| record.status = Some(200));
        }
        let kept = log.latest(usize::MAX);
        let kept: Vec<_> = kept.iter().map(|r| (r.number, r.status)).collect();
        assert_eq!(kept, [(1, Some(200)), (2, Some(200))]);
        assert_eq!(log.count(), 3);
    }

    #[test]
    fn debug_output_omits_secrets() {
        let debug = format!("{:?}", record());
        assert!(
            debug.contains("/p") && !debug.contains("planted"),
            "{debug}"
        );
    }
}
