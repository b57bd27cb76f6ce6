//! The log of received requests.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard};

use axum::body::Bytes;
use http::{HeaderMap, Method};

use crate::SandboxOperation;
use crate::faults::FaultId;
use crate::settings::{SandboxQueryForm, SandboxSettings};
use crate::sync::lock;

/// A received request and its response.
///
/// Query, headers and bodies contain secrets and personal data. `Debug` omits them.
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
    /// Whether the signature matches the sign key of the client, or `None` if it was not checked.
    pub is_signature_valid: Option<bool>,
    /// The form of the query in the signed message.
    pub(crate) query_form: SandboxQueryForm,
    /// The HTTP status of the response, or `None` if no response was sent.
    pub status: Option<u16>,
    /// The headers of the response.
    pub response_headers: HeaderMap,
    /// The first [`logged_body_bytes`](crate::SandboxSettings::logged_body_bytes) bytes of the body
    /// of the response. It is empty if a fault truncated the response.
    pub response_body: Bytes,
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
            .field("is_signature_valid", &self.is_signature_valid)
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

impl RequestRecord {
    /// Returns the length of heads and bodies in bytes.
    fn bytes(&self) -> usize {
        let headers = self.headers.iter().chain(&self.response_headers);
        let headers = headers.map(|(name, value)| name.as_str().len() + value.len());
        let bodies = self.body.len() + self.response_body.len();
        self.path.len() + self.query.len() + bodies + headers.sum::<usize>()
    }
}

impl LogEntries {
    /// Returns the index of a request in `latest`.
    fn index(&self, number: u64) -> Option<usize> {
        let oldest = self.received - self.latest.len() as u64;
        usize::try_from(number.checked_sub(oldest)?).ok()
    }
}

impl RequestLog {
    fn entries(&self) -> MutexGuard<'_, LogEntries> {
        lock(&self.entries)
    }

    /// Adds a request, drops the oldest ones beyond the limits, and returns its number.
    pub(crate) fn add(&self, mut record: RequestRecord, settings: &SandboxSettings) -> u64 {
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

    /// Changes the record of a request, unless it was dropped.
    pub(crate) fn update(&self, number: u64, change: impl FnOnce(&mut RequestRecord)) {
        let mut entries = self.entries();
        let entries = &mut *entries;
        if let Some(record) = entries
            .index(number)
            .and_then(|it| entries.latest.get_mut(it))
        {
            entries.bytes -= record.bytes();
            change(record);
            entries.bytes += record.bytes();
        }
    }

    /// Returns the record of a request, unless it was dropped.
    pub(crate) fn get(&self, number: u64) -> Option<RequestRecord> {
        let entries = self.entries();
        entries.latest.get(entries.index(number)?).cloned()
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
            is_signature_valid: None,
            query_form: SandboxQueryForm::Decoded,
            status: None,
            response_headers: HeaderMap::new(),
            response_body: Bytes::from_static(b"planted"),
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
        assert_eq!([small, large], [2 + 18 + 14, 2 + 18 + 14 + 3 + 5]);
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
        // A response counts when it is added.
        settings.request_log_bytes = large + small;
        let number = log.add(record(), &settings);
        log.update(number, |it| it.response_body = Bytes::new());
        assert_eq!(log.entries().bytes, small - 7);
        assert!(log.get(number).is_some() && log.get(number + 1).is_none());
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
