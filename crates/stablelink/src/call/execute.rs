//! Stage 1: runs a call within its deadline, and decides what its failure means.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use stablelink_api as api;
use stablelink_api::hooks::{Transport, downcast_error, wrap_error};
use stablelink_api::operations::{EvidenceLevel, OperationInfo, RetrySafety};
use tracing::Instrument;

use super::RequestFactory;
use super::retry_policy::{AttemptError, Effect};
use super::timeouts::Timeouts;
use crate::client::ClientInner;
use crate::clock::BoxFuture;
use crate::error::{Ambiguous, CallPhase, DecodeError, Error, ErrorKind};
use crate::lenient::{self, LenientRecord};
use crate::observe;
use crate::raw_object::borrowed_fields;
use crate::response::{RawResponse, Response};

type GeneratedResult<T> = Result<api::ResponseValue<T>, api::Error<api::types::ErrorEnvelope>>;

/// The options of a call that are known before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct CallOptions {
    pub(crate) operation: Cow<'static, str>,
    pub(crate) retry: RetrySafety,
    /// Query parameters in addition to those of the operation.
    pub(crate) query: Vec<(String, String)>,
    /// The idempotency key that the request contains.
    pub(crate) key: Option<String>,
    /// The fields that identify the requested record, and their values: a response with other values is about another record.
    pub(crate) identity: Vec<(&'static str, String)>,
    /// The fields of the record that the document describes: see [`OperationInfo::record_fields`].
    pub(crate) record_fields: &'static [&'static str],
    /// Whether the whole page of the operation is known.
    pub(crate) is_documented: bool,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) deadline: Duration,
}

impl CallOptions {
    /// Options of an operation without an idempotency key.
    pub(crate) fn of(operation: &'static OperationInfo, deadline: Duration) -> Self {
        Self {
            operation: operation.id.into(),
            retry: operation.retry,
            query: Vec::new(),
            key: None,
            identity: Vec::new(),
            record_fields: operation.record_fields,
            is_documented: operation.evidence == EvidenceLevel::Documented,
            max_attempts: None,
            attempt_timeout: None,
            deadline,
        }
    }

    /// Returns the first field of `retdata` that belongs to another record than the requested one, or that the record must have
    /// but lacks: the idempotency key, and in the record of a documented read, the number that identifies the record.
    ///
    /// A response may reach the wrong call, for example if a proxy confuses two connections, or if a server sends a second
    /// response on a connection that is kept alive. A field that need not be there is not compared if it is missing, null or an
    /// object, nor if it is a number and the requested value is a text such as `A1`: it is another identifier. Only fields in
    /// [`record_fields`](Self::record_fields) must be there. If the idempotency key is one of them, `retdata` must be an object:
    /// a response without one may be that of a cancellation. Any other response without a record cannot be compared.
    pub(super) fn find_mismatch(&self, response: &RawResponse) -> Option<DecodeError> {
        if self.identity.is_empty() && self.key.is_none() {
            return None;
        }
        let key_field = match self.retry {
            RetrySafety::Keyed { field } => Some(field),
            _ => None,
        };
        let key = key_field.zip(self.key.as_deref());
        let identity = self.identity.iter();
        let identity = identity.map(|(field, value)| (*field, &**value));
        let record = response.retdata().map(borrowed_fields);
        let Some(Ok(fields)) = record else {
            let (field, _) = key?;
            return self.record_fields.contains(&field).then(|| {
                let problem = format!("it is not an object with the `{field}` of the request");
                DecodeError::new("retdata", problem)
            });
        };
        let any_value = |field: &str, is_match: &dyn Fn(&str) -> bool| {
            let mut values = fields.iter().filter(|(name, _)| name == field);
            values.any(|(_, json)| is_match(json.get()))
        };
        let is_foreign =
            |&(field, value): &(&str, &str)| any_value(field, &|json| is_other(field, json, value));
        // A record that is only read may have its number in another form. A create is certain only if it has the requested key.
        let may_differ = |json: &str| key.is_none() && json.parse::<i128>().is_ok();
        let is_missing = |&(field, value): &(&str, &str)| {
            self.record_fields.contains(&field)
                && !any_value(field, &|json| {
                    may_differ(json) || is_same(field, json, value)
                })
        };
        // It is unknown which version of a quote is live, so its currencies and its customer may be missing.
        let is_required = |(field, _): &(&str, &str)| {
            self.is_documented && self.retry == RetrySafety::Safe && field.ends_with("No")
        };
        let mut required = key.into_iter().chain(identity.clone().filter(is_required));
        let (field, problem) = match key.into_iter().chain(identity).find(is_foreign) {
            Some((field, _)) => (field, "it belongs to another record than the requested one"),
            None => (
                required.find(is_missing)?.0,
                "it is missing or has another type than the requested value: the record may be another one than the \
                 requested one",
            ),
        };
        Some(DecodeError::new(format!("retdata.{field}"), problem))
    }
}

/// Returns whether the JSON value of a field is the requested value, as a string or an integer.
fn is_same(field: &str, json: &str, requested: &str) -> bool {
    match serde_json::from_str::<String>(json) {
        Ok(_) => !is_other(field, json, requested),
        Err(_) => json
            .parse::<i128>()
            .is_ok_and(|number| requested.parse() == Ok(number)),
    }
}

/// Returns whether the JSON value of a field differs from the requested value. Names of currencies and networks and addresses
/// that start with `0x` may differ in case.
pub(crate) fn is_other(field: &str, json: &str, requested: &str) -> bool {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(json).is_ok_and(|received| {
            let is_hexadecimal = field == "address" && requested.starts_with("0x");
            if field.ends_with("urrency") || field == "network" || is_hexadecimal {
                !received.eq_ignore_ascii_case(requested)
            } else {
                received != requested
            }
        }),
        Some(b'-' | b'0'..=b'9') => {
            let (received, requested) = (json.parse::<i128>(), requested.parse::<i128>());
            received.is_ok() && requested.is_ok() && received != requested
        }
        _ => false,
    }
}

/// Rejects an idempotency key that is empty or too long: without a valid key, a repeated request is another payment.
pub(crate) fn check_key(retry: RetrySafety, key: Option<&str>) -> Result<(), Error> {
    let (RetrySafety::Keyed { field }, Some(key)) = (retry, key) else {
        return Ok(());
    };
    let problem = if key.trim().is_empty() {
        "is empty: without a unique key, a repeated request would count twice"
    } else if field == "requestId" && key.chars().count() > MAX_REQUEST_ID {
        "has more than 64 characters, the maximum that the gateway accepts"
    } else {
        return Ok(());
    };
    Err(Error::invalid(field, problem))
}

/// The maximum number of characters of a `requestId`.
const MAX_REQUEST_ID: usize = 64;

/// A call in progress: its options and the state of its attempts.
pub(crate) struct CallContext {
    pub(crate) client: Arc<ClientInner>,
    pub(super) options: CallOptions,
    pub(super) timeouts: Timeouts,
    attempts: AtomicU32,
    in_flight: AtomicBool,
    /// Whether the request was sent.
    sent: AtomicBool,
    /// Whether an attempt may have taken effect. No later attempt clears this flag.
    ambiguous: AtomicBool,
    /// The response of the last attempt, if it was a success.
    response: Mutex<Option<RawResponse>>,
    /// The error of the call while its record is looked up.
    failure: Mutex<Option<Error>>,
}

/// Marks a request as in flight until it is dropped.
pub(super) struct InFlight<'a>(&'a CallContext);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.store(false, Ordering::Release);
        self.0.timeouts.end_attempt();
    }
}

impl CallContext {
    pub(crate) fn new(client: Arc<ClientInner>, options: CallOptions) -> Arc<Self> {
        let attempt = options.attempt_timeout.unwrap_or(client.attempt_timeout);
        let timeouts = Timeouts::start(Arc::clone(&client.clock), options.deadline, attempt);
        Arc::new(Self {
            client,
            options,
            timeouts,
            attempts: AtomicU32::new(0),
            in_flight: AtomicBool::new(false),
            sent: AtomicBool::new(false),
            ambiguous: AtomicBool::new(false),
            response: Mutex::new(None),
            failure: Mutex::new(None),
        })
    }

    /// Returns the generated client, whose requests are sent through this call.
    pub(crate) fn api(self: &Arc<Self>) -> api::Client {
        let transport: Arc<dyn Transport> = Arc::clone(self) as _;
        api::Client::new_with_client(self.client.origin.as_str(), self.http().clone(), transport)
    }

    /// Returns the HTTP client of this call. A call that is never retried uses only connections that were idle for at most a
    /// few seconds: if the server is closing the connection, the outcome of the call is unknown.
    fn http(&self) -> &reqwest::Client {
        match self.options.retry {
            RetrySafety::Never => &self.client.fresh_http,
            _ => &self.client.http,
        }
    }

    /// Returns the context of a call that looks up the record with the idempotency key of this call. It runs within the deadline
    /// of this call.
    pub(crate) fn lookup(&self, operation: &'static OperationInfo) -> Arc<Self> {
        let mut options = CallOptions::of(operation, self.client.deadline);
        if let (RetrySafety::Keyed { field }, Some(key)) = (self.options.retry, &self.options.key) {
            options.identity.push((field, key.clone()));
        }
        Self::new(Arc::clone(&self.client), options)
    }

    /// Runs the call until it is done or its deadline passes.
    pub(crate) async fn execute<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let clock = Arc::clone(&self.client.clock);
        let span = observe::CallSpan::start(self.options.operation.clone(), clock);
        let result = async {
            check_key(self.options.retry, self.options.key.as_deref())
                .map_err(|error| self.annotate(error))?;
            if self.options.deadline.is_zero() {
                return Err(self.deadline_error());
            }
            tokio::pin!(call);
            tokio::select! {
                biased;
                result = &mut call => result,
                () = self.timeouts.run() => Err(self.deadline_error()),
            }
        }
        .instrument(span.span())
        .await;
        match &result {
            Ok(_) => span.succeed(self.attempts(), self.response().as_ref()),
            Err(error) => span.fail(self.attempts(), error),
        }
        result
    }

    /// Runs a call whose request is not created by the generated client.
    pub(crate) async fn execute_request<T>(
        &self,
        requests: Result<RequestFactory, Error>,
        parse: impl FnOnce(&RawResponse) -> Result<LenientRecord<T>, DecodeError>,
    ) -> Result<Response<T>, Error> {
        self.execute(async {
            let requests = requests.map_err(|error| self.annotate(error))?;
            self.send_with_retries(self.http(), requests).await?;
            self.parse_response(parse)
        })
        .await
    }

    /// Reads `retdata` of an operation whose response must have it.
    pub(crate) fn required<E, T: DeserializeOwned>(
        &self,
        result: GeneratedResult<E>,
    ) -> Result<Response<T>, Error> {
        self.read(result, required_retdata)
    }

    /// Reads `retdata` of an operation whose response may lack it.
    pub(crate) fn optional<E, T: DeserializeOwned>(
        &self,
        result: GeneratedResult<E>,
    ) -> Result<Response<Option<T>>, Error> {
        self.read(result, optional_retdata)
    }

    /// Reads the response with `parse`, which may accept a missing `retdata` only if the document describes no record. The
    /// envelope that the generated client would parse is not used: only `retdata` may make a response unreadable.
    pub(crate) fn read<E, T>(
        &self,
        result: GeneratedResult<E>,
        parse: impl FnOnce(&RawResponse) -> Result<LenientRecord<T>, DecodeError>,
    ) -> Result<Response<T>, Error> {
        let error = match result.map_err(downcast_error::<Error, _>) {
            // This transport consumes responses, so the generated client ends with this error.
            Err(Err(api::Error::Custom(_))) => return self.parse_response(parse),
            Err(Ok(error)) => error,
            // The texts of the generated client's errors may contain the URL and the request.
            Err(Err(api::Error::InvalidRequest(_))) => self.annotate(Error::invalid(
                "request",
                "cannot be sent: invalid header or URL",
            )),
            Err(Err(_)) | Ok(_) => self.unexplained(Error::new(ErrorKind::Transport {
                problem: "the generated client failed with an unexpected error".into(),
            })),
        };
        Err(error)
    }

    fn parse_response<T>(
        &self,
        parse: impl FnOnce(&RawResponse) -> Result<LenientRecord<T>, DecodeError>,
    ) -> Result<Response<T>, Error> {
        let Some(response) = self.response() else {
            let error = DecodeError::new(".", "there is no response to read");
            return Err(self.unexplained(Error::new(ErrorKind::Decode(error))));
        };
        let record = match response.retdata() {
            _ if self.options.record_fields.is_empty() => parse(&response),
            None => Err(missing_retdata()),
            // A list can be read as a record, without any of the fields that would show that it belongs to another call.
            Some(json) if !json.trim_start().starts_with('{') => {
                Err(DecodeError::new("retdata", "it is not an object"))
            }
            Some(_) => parse(&response),
        };
        let record = record.map_err(|error| {
            let error = error.without(&self.client.secrets);
            self.annotate(Error::new(ErrorKind::Decode(error)))
        })?;
        for path in &record.unreadable {
            let path = self.client.secrets.redact(path);
            observe::unreadable_field(&self.options.operation, &path);
        }
        Ok(Response::new(record, response))
    }

    /// Returns the number of times that the request was sent or was about to be sent.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(super) fn count_attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn start_sending(&self) -> InFlight<'_> {
        self.in_flight.store(true, Ordering::Release);
        self.sent.store(true, Ordering::Release);
        self.timeouts.start_attempt();
        InFlight(self)
    }

    fn response(&self) -> Option<RawResponse> {
        self.response
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn store_response(&self, response: RawResponse) {
        *self.response.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
    }

    /// Sets the error of the call in case its deadline passes while its record is looked up.
    pub(crate) fn set_failure(&self, error: &Error) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.copy());
    }

    /// Records an attempt that may have taken effect. Operations that only read have no effect.
    pub(super) fn record_effect(&self, failure: &AttemptError) {
        if failure.effect == Effect::Ambiguous && self.options.retry != RetrySafety::Safe {
            self.ambiguous.store(true, Ordering::Release);
        }
    }

    /// Returns the error of a call that failed without a response and for no known reason: it is ambiguous if the request
    /// was sent.
    fn unexplained(&self, error: Error) -> Error {
        let failure = match self.attempts() {
            0 => AttemptError::not_sent(error),
            _ => AttemptError {
                retry: false,
                ..AttemptError::ambiguous(error)
            },
        };
        self.record_effect(&failure);
        self.conclude(failure)
    }

    /// Returns the current phase of the call.
    fn phase(&self) -> CallPhase {
        match self.options.retry {
            _ if !self.sent.load(Ordering::Acquire) => CallPhase::Preparing,
            RetrySafety::Safe => CallPhase::Read,
            _ => CallPhase::Write,
        }
    }

    /// Adds the operation, the number of attempts and the phase to an error.
    fn locate(&self, error: Error) -> Error {
        let error = error.during(self.options.operation.clone(), self.attempts());
        match self.sent.load(Ordering::Acquire) {
            // Also if a later attempt failed to get a token.
            true => error.after_sending(self.phase()),
            false => error.in_phase(self.phase()),
        }
    }

    /// Returns the error of the call after its last attempt failed.
    pub(super) fn conclude(&self, failure: AttemptError) -> Error {
        let error = self.locate(failure.error);
        if self.ambiguous.load(Ordering::Acquire) {
            return self.ambiguous_error(error);
        }
        let safe = failure.retry && self.options.retry == RetrySafety::Safe;
        let retryable = error.is_retryable() || safe;
        error.retryable(retryable)
    }

    fn ambiguous_error(&self, cause: Error) -> Error {
        let field = match self.options.retry {
            RetrySafety::Keyed { field } => Some(field),
            _ => None,
        };
        let ambiguous = Ambiguous::new(field, self.options.key.clone(), cause);
        self.locate(Error::new(ErrorKind::Ambiguous(ambiguous)))
    }

    /// Returns the error of a call whose deadline passed. Must be called before the future of the call is dropped.
    fn deadline_error(&self) -> Error {
        let error = self.locate(Error::new(ErrorKind::Timeout));
        let failure = self
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(failure) = failure {
            return failure.with_lookup_error(error);
        }
        // A response that was not read completely counts like one that was not received.
        let sent = self.in_flight.load(Ordering::Acquire) || self.response().is_some();
        let effect = sent && self.options.retry != RetrySafety::Safe;
        if effect || self.ambiguous.load(Ordering::Acquire) {
            self.ambiguous_error(error)
        } else {
            error.retryable(true)
        }
    }

    /// Adds the operation, the number of attempts, the phase and the response to an error that was found outside of an attempt.
    pub(crate) fn annotate(&self, error: Error) -> Error {
        let error = self.locate(error);
        match self.response() {
            Some(response) if error.raw_response().is_none() => error.with_response(response),
            _ => error,
        }
    }
}

impl Transport for CallContext {
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        request: reqwest::Request,
        _: &'static str,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        let requests = RequestFactory::generated(request, &self.options.query);
        Box::pin(async move {
            let sent = self.send_with_retries(http, requests).await;
            Ok(sent.unwrap_or_else(wrap_error))
        })
    }

    /// Returns `true`: the response is stored in the context, and [`parse_response`](Self::parse_response) parses it from
    /// there.
    fn consumes_responses(&self) -> bool {
        true
    }
}

/// Parses `retdata`; `None` if it is missing or null.
fn parse_retdata<T: DeserializeOwned>(
    response: &RawResponse,
) -> Result<Option<LenientRecord<T>>, DecodeError> {
    response
        .retdata()
        .map(|json| lenient::parse("retdata", json, lenient::is_requested_amount))
        .transpose()
}

/// Parses `retdata`, which must not be missing unless the type accepts null, such as an `Option`.
pub(crate) fn required_retdata<T: DeserializeOwned>(
    response: &RawResponse,
) -> Result<LenientRecord<T>, DecodeError> {
    if let Some(record) = parse_retdata(response)? {
        return Ok(record);
    }
    let null = serde_json::from_str::<T>("null").map(LenientRecord::from);
    null.map_err(|_| missing_retdata())
}

fn missing_retdata() -> DecodeError {
    DecodeError::new("retdata", "it is missing, although the retcode is 200")
}

/// Parses `retdata`, which may be missing or null.
pub(crate) fn optional_retdata<T: DeserializeOwned>(
    response: &RawResponse,
) -> Result<LenientRecord<Option<T>>, DecodeError> {
    Ok(match parse_retdata(response)? {
        Some(record) => record.map(Some),
        None => None.into(),
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::{Client, Credentials, Environment};

    const KEYED: RetrySafety = RetrySafety::Keyed { field: "orderNo" };

    fn context(retry: RetrySafety) -> Arc<CallContext> {
        let client = Client::builder()
            .environment(Environment::Sandbox)
            .credentials(Credentials::new("key", "secret", "sign"))
            .build()
            .unwrap();
        let options = CallOptions {
            operation: "pay".into(),
            retry,
            query: Vec::new(),
            key: Some("A7".to_owned()),
            identity: Vec::new(),
            record_fields: &[],
            is_documented: false,
            max_attempts: None,
            attempt_timeout: None,
            deadline: Duration::from_secs(60),
        };
        CallContext::new(client.inner(), options)
    }

    #[test]
    fn interrupted_call_reports_ambiguous_unless_safe() {
        for (retry, known) in [
            (RetrySafety::Safe, true),
            (KEYED, false),
            (RetrySafety::Never, false),
        ] {
            let idle = context(retry);
            assert_eq!(idle.deadline_error().kind().name(), "timeout");

            let sending = context(retry);
            let in_flight = sending.start_sending();
            assert_eq!(sending.deadline_error().is_retryable(), known);
            drop(in_flight);
            // The attempt ended, for example with a rejection, and the next one has not started.
            assert!(sending.deadline_error().is_retryable());

            let lost = context(retry);
            lost.count_attempt();
            lost.record_effect(&AttemptError::ambiguous(Error::new(ErrorKind::Timeout)));
            assert_eq!(lost.deadline_error().is_retryable(), known);

            let rejected = context(retry);
            rejected.count_attempt();
            rejected.record_effect(&AttemptError::no_effect(Error::new(ErrorKind::Timeout)));
            assert!(rejected.deadline_error().is_retryable());

            let responded = context(retry);
            responded.count_attempt();
            responded.store_response(RawResponse::new(
                StatusCode::OK,
                HeaderMap::new(),
                Bytes::new(),
            ));
            let error = responded.deadline_error();
            assert_eq!(error.is_ambiguous(), !known, "{error:?}");
            if !known {
                assert_eq!(error.idempotency_key(), Some("A7"));
            }
        }
    }

    #[test]
    fn unexplained_failure_is_ambiguous_only_after_sending() {
        for (retry, sent, ambiguous) in [
            (RetrySafety::Never, false, false),
            (RetrySafety::Never, true, true),
            (KEYED, true, true),
            (RetrySafety::Safe, true, false),
        ] {
            let context = context(retry);
            if sent {
                context.count_attempt();
            }
            let error = context.parse_response(|_| Ok(().into())).unwrap_err();
            assert_eq!(error.is_ambiguous(), ambiguous, "{retry:?} {sent}");
            assert!(!error.is_retryable());
        }
    }
}
