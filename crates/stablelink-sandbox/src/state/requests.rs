//! The log of what arrived.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard};

use axum::body::Bytes;
use http::{HeaderMap, Method};

use crate::faults::FaultId;
use crate::{Operation, lock};

/// A request as it arrived, and what became of it.
///
/// Query, headers and body hold secrets and personal data: `Debug` shows none of them.
#[derive(Clone)]
#[non_exhaustive]
pub struct RequestRecord {
    /// Counts from 0 over the whole life of the sandbox.
    pub number: u64,
    /// When it arrived by the sandbox's clock, in milliseconds since the epoch.
    pub at: i64,
    /// Its method.
    pub method: Method,
    /// Its path, as on the wire.
    pub path: String,
    /// Its query, as on the wire, without `?`; empty if there was none.
    pub query: String,
    /// All of its headers.
    pub headers: HeaderMap,
    /// The bytes of its body: the first
    /// [`logged_body_bytes`](crate::SandboxSettings::logged_body_bytes) of them.
    pub body: Bytes,
    /// The length of its body in bytes.
    pub body_length: usize,
    /// What it asked for; `None`: the gateway has no such operation.
    pub operation: Option<Operation>,
    /// The client that it came from, counted in the order of the builder. Known once its token
    /// was found to live, and of a token request that was granted.
    pub client: Option<usize>,
    /// Which of its client's tokens it carried, counted from 1; of a token request the one it
    /// was given.
    pub token_generation: Option<u64>,
    /// The status that was sent; `None`: none yet, or none ever.
    pub status: Option<u16>,
    /// The retcode that the operation was answered with; `None`: a fault answered, or nobody yet.
    pub retcode: Option<&'static str>,
    /// The faults that it met.
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
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    arrived: u64,
    kept: VecDeque<RequestRecord>,
}

/// In the extensions of a request: its number in the log, its body, and what it asks for.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) number: u64,
    pub(crate) body: Bytes,
    pub(crate) operation: Option<Operation>,
}

impl RequestLog {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        lock(&self.entries)
    }

    /// Takes a request in, gives it its number, and forgets the oldest beyond `limit`.
    pub(crate) fn arrived(&self, mut record: RequestRecord, limit: usize) -> u64 {
        let mut entries = self.entries();
        let number = entries.arrived;
        record.number = number;
        entries.arrived += 1;
        entries.kept.push_back(record);
        let excess = entries.kept.len().saturating_sub(limit);
        entries.kept.drain(..excess);
        number
    }

    /// Changes the record of a request, if it is still kept.
    pub(crate) fn update(&self, number: u64, change: impl FnOnce(&mut RequestRecord)) {
        let mut entries = self.entries();
        let oldest = entries.arrived - entries.kept.len() as u64;
        let index = number
            .checked_sub(oldest)
            .and_then(|at| usize::try_from(at).ok());
        if let Some(record) = index.and_then(|index| entries.kept.get_mut(index)) {
            change(record);
        }
    }

    pub(crate) fn kept(&self) -> Vec<RequestRecord> {
        self.entries().kept.iter().cloned().collect()
    }

    /// The latest of them, the oldest first.
    pub(crate) fn latest(&self, count: usize) -> Vec<RequestRecord> {
        let entries = self.entries();
        let skipped = entries.kept.len().saturating_sub(count);
        entries.kept.iter().skip(skipped).cloned().collect()
    }

    pub(crate) fn arrived_so_far(&self) -> u64 {
        self.entries().arrived
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
    fn keeps_the_latest() {
        let log = RequestLog::default();
        let numbers = [(); 3].map(|()| log.arrived(record(), 2));
        assert_eq!(numbers, [0, 1, 2]);
        for number in 0..4 {
            log.update(number, |record| record.status = Some(200));
        }
        let kept: Vec<_> = log.kept().iter().map(|r| (r.number, r.status)).collect();
        assert_eq!(kept, [(1, Some(200)), (2, Some(200))]);
        assert_eq!(log.arrived_so_far(), 3);
    }

    #[test]
    fn shows_no_secret() {
        let shown = format!("{:?}", record());
        assert!(
            shown.contains("/p") && !shown.contains("planted"),
            "{shown}"
        );
    }
}
