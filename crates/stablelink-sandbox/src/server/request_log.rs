//! The log of received requests, and the outermost stage of every request, which writes it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::DATE;
use http::{HeaderMap, HeaderValue, Method};
use http_body_util::BodyExt as _;

use super::fault_injection::DateSkew;
use crate::api_error::ApiError;
use crate::clock::http_date;
use crate::envelope::{ResponseRetcode, seal};
use crate::faults::FaultId;
use crate::gateway::GatewayState;
use crate::settings::SandboxSettings;
use crate::{SandboxOperation, auth, lock};

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
    pub operation: Option<SandboxOperation>,
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
    latest: VecDeque<RequestRecord>,
    /// Length of the heads and bodies of `latest`.
    bytes: usize,
}

/// Request extension: the number in the log, the body and the operation.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedRequest {
    pub(crate) number: u64,
    /// The whole body, or its start if the request had no valid token when it arrived.
    pub(crate) body: Bytes,
    pub(crate) body_length: usize,
    pub(crate) operation: Option<SandboxOperation>,
}

impl RequestRecord {
    /// Returns the length of head and body in bytes.
    fn bytes(&self) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.as_str().len() + value.len());
        self.path.len() + self.query.len() + self.body.len() + headers.sum::<usize>()
    }
}

impl RequestLog {
    fn entries(&self) -> MutexGuard<'_, LogEntries> {
        lock(&self.entries)
    }

    /// Adds a request, drops the oldest ones beyond the limits, and returns its number.
    fn add(&self, mut record: RequestRecord, settings: &SandboxSettings) -> u64 {
        let mut entries = self.entries();
        let number = entries.received;
        record.number = number;
        entries.received += 1;
        entries.bytes += record.bytes();
        entries.latest.push_back(record);
        while entries.latest.len() > settings.request_log_size
            || entries.bytes > settings.request_log_bytes
        {
            let oldest = entries.latest.pop_front();
            entries.bytes -= oldest.map_or(0, |oldest| oldest.bytes());
        }
        number
    }

    /// Changes the record of a request, unless it was dropped. Head and body must not change.
    pub(crate) fn update(&self, number: u64, change: impl FnOnce(&mut RequestRecord)) {
        let mut entries = self.entries();
        let oldest = entries.received - entries.latest.len() as u64;
        let index = number.checked_sub(oldest);
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some(record) = index.and_then(|index| entries.latest.get_mut(index)) {
            change(record);
        }
    }

    /// Returns the latest requests, the oldest first.
    pub(crate) fn latest(&self, count: usize) -> Vec<RequestRecord> {
        let entries = self.entries();
        let skipped = entries.latest.len().saturating_sub(count);
        entries.latest.iter().skip(skipped).cloned().collect()
    }

    /// Returns the number of all requests, including those that were dropped.
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
    let operation = SandboxOperation::find(&parts.method, parts.uri.path());
    // Only the body of a call with a valid token is needed as a whole.
    let prefix_length = if operation.is_some() && auth::has_valid_token(&gateway, &parts) {
        usize::MAX
    } else {
        settings.logged_body_bytes
    };
    let mut reader = BodyReader::new(&gateway, &settings, prefix_length);
    let result = tokio::time::timeout(settings.body_timeout, reader.read(body)).await;
    let result = result.unwrap_or(Err(ApiError::TooSlow));
    let logged = reader.buffer.get(..settings.logged_body_bytes);
    let record = RequestRecord {
        number: 0,
        at: gateway.clock.now_millis(),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: copy_headers(&parts.headers),
        body: Bytes::copy_from_slice(logged.unwrap_or(&reader.buffer)),
        body_length: reader.length,
        operation,
        client: None,
        token_generation: None,
        status: None,
        retcode: None,
        faults: Vec::new(),
    };
    let number = gateway.requests.add(record, &settings);
    let mut response = match result {
        Err(error) => seal(error.into_response(), operation, &settings),
        Ok(()) => {
            let body = Bytes::from(std::mem::take(&mut reader.buffer));
            parts.extensions.insert(ReceivedRequest {
                number,
                body: body.clone(),
                body_length: reader.length,
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

/// Copies headers, because a value of hyper is a part of the buffer of the whole head.
fn copy_headers(headers: &HeaderMap) -> HeaderMap {
    let copy = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).ok();
    let headers = headers.iter();
    headers
        .filter_map(|(name, value)| Some((name.clone(), copy(value)?)))
        .collect()
}

/// Reads a body within the limits of the settings. The buffered bytes count as an open body of
/// the sandbox until the reader is dropped.
struct BodyReader<'a> {
    gateway: &'a GatewayState,
    settings: &'a SandboxSettings,
    /// The number of bytes to buffer. The rest is read and dropped.
    prefix_length: usize,
    buffer: Vec<u8>,
    /// The number of bytes that were counted as open.
    counted: usize,
    length: usize,
}

impl<'a> BodyReader<'a> {
    fn new(gateway: &'a GatewayState, settings: &'a SandboxSettings, prefix_length: usize) -> Self {
        Self {
            gateway,
            settings,
            prefix_length,
            buffer: Vec::new(),
            counted: 0,
            length: 0,
        }
    }

    async fn read(&mut self, mut body: Body) -> Result<(), ApiError> {
        let limit = self.settings.body_limit;
        // A body with a `Content-Length` above the limit is not read at all.
        if body.size_hint().lower() > limit as u64 {
            return Err(ApiError::TooLarge(limit));
        }
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| ApiError::TooLarge(limit))?;
            let data = frame.into_data().unwrap_or_default();
            self.length += data.len();
            if self.length > limit {
                return Err(ApiError::TooLarge(limit));
            }
            let space = self.prefix_length - self.buffer.len();
            let data = &data[..data.len().min(space)];
            self.counted += data.len();
            let open = self
                .gateway
                .open_body_bytes
                .fetch_add(data.len(), Ordering::Relaxed);
            if open + data.len() > self.settings.total_body_limit {
                return Err(ApiError::Overloaded(self.settings.total_body_limit));
            }
            self.buffer.extend_from_slice(data);
        }
        Ok(())
    }
}

impl Drop for BodyReader<'_> {
    fn drop(&mut self) {
        self.gateway
            .open_body_bytes
            .fetch_sub(self.counted, Ordering::Relaxed);
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
        let settings = SandboxSettings {
            request_log_size: 2,
            ..SandboxSettings::default()
        };
        let numbers = [(); 3].map(|()| log.add(record(), &settings));
        assert_eq!(numbers, [0, 1, 2]);
        for number in 0..4 {
            log.update(number, |record| record.status = Some(200));
        }
        let latest = log.latest(usize::MAX);
        let latest: Vec<_> = latest.iter().map(|r| (r.number, r.status)).collect();
        assert_eq!(latest, [(1, Some(200)), (2, Some(200))]);
        assert_eq!(log.count(), 3);
    }

    #[test]
    fn log_is_limited_by_the_bytes_of_heads_and_bodies() {
        let log = RequestLog::default();
        let mut settings = SandboxSettings::default();
        let mut with_header = record();
        with_header.headers.insert("x-a", "12345".parse().unwrap());
        let [small, large] = [record().bytes(), with_header.bytes()];
        assert_eq!([small, large], [2 + 18 + 7, 2 + 18 + 7 + 3 + 5]);
        settings.request_log_bytes = large + small;
        for added in [record(), record(), with_header] {
            log.add(added, &settings);
        }
        let numbers = |log: &RequestLog| -> Vec<_> {
            log.latest(9).iter().map(|record| record.number).collect()
        };
        assert_eq!(numbers(&log), [1, 2]);
        settings.request_log_bytes = small - 1;
        log.add(record(), &settings);
        assert_eq!((numbers(&log), log.entries().bytes), (vec![], 0));
        // The record of a dropped request is not updated.
        log.update(3, |record| record.status = Some(200));
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
