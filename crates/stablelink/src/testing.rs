//! Support for the tests of programs that use this crate: a clock that tests control, and signed deliveries.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use secrecy::SecretString;
use serde_json::value::RawValue;
use stablelink_signature::{MessageKind, SIGNATURE, SigningKey, TIMESTAMP, Timestamp};

use crate::Error;
use crate::clock::{BoxFuture, Clock};

/// A clock that advances when a test calls [`advance`](Self::advance), and by the duration of each pause between attempts, which
/// returns immediately.
///
/// Timeouts end only through [`advance`](Self::advance). Clones share the time.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use stablelink::{Clock, testing::ManualClock};
///
/// let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
/// clock.advance(Duration::from_secs(7));
/// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(7));
/// ```
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<ManualTime>>);

struct ManualTime {
    start: SystemTime,
    /// Seconds added to the time of day, but not to the monotonic time.
    jump: i64,
    elapsed: Duration,
    pauses: Vec<Duration>,
    wakers: Vec<Waker>,
}

impl ManualClock {
    /// Creates a clock that shows this time.
    #[must_use]
    pub fn new(start: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(ManualTime {
            start,
            jump: 0,
            elapsed: Duration::ZERO,
            pauses: Vec::new(),
            wakers: Vec::new(),
        })))
    }

    /// Advances the time.
    pub fn advance(&self, by: Duration) {
        let wakers = self.with_time(|time| {
            time.elapsed = time.elapsed.saturating_add(by);
            std::mem::take(&mut time.wakers)
        });
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Sets the time of day forward or back by this many seconds, without a change of the monotonic time. A time that the
    /// system cannot represent is replaced by the start time.
    pub fn jump(&self, seconds: i64) {
        self.with_time(|time| time.jump = time.jump.saturating_add(seconds));
    }

    /// Returns all previous pauses between attempts, the oldest first.
    #[must_use]
    pub fn pauses(&self) -> Vec<Duration> {
        self.with_time(|time| time.pauses.clone())
    }

    fn with_time<T>(&self, act: impl FnOnce(&mut ManualTime) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.with_time(|time| {
            let jump = Duration::from_secs(time.jump.unsigned_abs());
            let now = time.start.checked_add(time.elapsed).and_then(|now| {
                if time.jump < 0 {
                    now.checked_sub(jump)
                } else {
                    now.checked_add(jump)
                }
            });
            now.unwrap_or(time.start)
        })
    }

    fn monotonic(&self) -> Duration {
        self.with_time(|time| time.elapsed)
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        self.with_time(|time| time.pauses.push(pause));
        self.advance(pause);
        // Other tasks get a turn, as during the sleep of a real clock.
        Box::pin(tokio::task::yield_now())
    }

    fn alarm(&self, limit: Duration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        let end = self.monotonic().saturating_add(limit);
        Box::pin(poll_fn(move |context| {
            clock.with_time(|time| {
                if time.elapsed >= end {
                    return Poll::Ready(());
                }
                time.wakers.push(context.waker().clone());
                Poll::Pending
            })
        }))
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ManualClock({:?})", self.monotonic())
    }
}

/// Builds a delivery as the gateway sends it, to test a receiver.
///
/// ```
/// use std::time::SystemTime;
/// use stablelink::testing::TestDelivery;
///
/// let sent = TestDelivery::new("ABNORMAL_PAYMENT")
///     .id("evt_1")
///     .timestamp(1_758_701_681)
///     .data(r#"{"amount":"818.89"}"#)
///     .signed(&"unit-test-sign-key-not-real-0001".into(), SystemTime::now())?;
/// assert_eq!(
///     sent.body,
///     r#"{"eventId":"evt_1","eventType":"ABNORMAL_PAYMENT","timestamp":1758701681,"data":{"amount":"818.89"}}"#
/// );
/// # Ok::<(), stablelink::Error>(())
/// ```
#[derive(Clone)]
pub struct TestDelivery(DeliveryBody);

#[derive(Clone)]
enum DeliveryBody {
    Event(EventFields),
    Raw(Bytes),
}

#[derive(Clone)]
struct EventFields {
    id: Option<String>,
    event_type: String,
    timestamp: Option<i64>,
    data: Option<String>,
}

/// The headers and the body of a delivery.
///
/// `Debug` shows the length of the body only.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignedDelivery {
    /// `SIGNATURE`, `TIMESTAMP` and `Content-Type`.
    pub headers: HeaderMap,
    /// The raw body.
    pub body: Bytes,
}

impl TestDelivery {
    /// Creates a delivery of this event type in the W Checkout format. It has no ID, no timestamp and no data.
    #[must_use]
    pub fn new(event_type: impl Into<String>) -> Self {
        Self(DeliveryBody::Event(EventFields {
            id: None,
            event_type: event_type.into(),
            timestamp: None,
            data: None,
        }))
    }

    /// Creates a delivery with these bytes as its body; the methods that set fields have no effect on it.
    #[must_use]
    pub fn raw(body: impl Into<Bytes>) -> Self {
        Self(DeliveryBody::Raw(body.into()))
    }

    /// Sets the field `eventId`.
    #[must_use]
    pub fn id(self, id: impl Into<String>) -> Self {
        self.with_fields(|fields| fields.id = Some(id.into()))
    }

    /// Sets the field `timestamp`, in seconds since 1970.
    #[must_use]
    pub fn timestamp(self, seconds: i64) -> Self {
        self.with_fields(|fields| fields.timestamp = Some(seconds))
    }

    /// Sets the field `data` to this JSON, without changing its text. Some products of the vendor send JSON inside a string:
    /// pass it as a JSON string.
    #[must_use]
    pub fn data(self, json: impl Into<String>) -> Self {
        self.with_fields(|fields| fields.data = Some(json.into()))
    }

    /// Signs the delivery with this key at this time, a [`SystemTime`] or a [`Timestamp`].
    ///
    /// # Errors
    ///
    /// Fails for an empty key, data that is not JSON, and a time before 1970.
    pub fn signed(
        &self,
        sign_key: &SecretString,
        at: impl TryInto<Timestamp>,
    ) -> Result<SignedDelivery, Error> {
        let key = SigningKey::new(sign_key)
            .map_err(|error| Error::configuration("the sign key is empty").because(error))?;
        let at = at
            .try_into()
            .map_err(|_| Error::invalid("at", "is before 1970 or too far in the future"))?;
        let body = match &self.0 {
            DeliveryBody::Raw(body) => body.clone(),
            DeliveryBody::Event(fields) => fields.to_json()?.into(),
        };
        let signature = key.sign(MessageKind::Webhook, at, [&body]).to_base64();
        let value = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|error| Error::invalid("at", "is not a header value").because(error))
        };
        let mut headers = HeaderMap::new();
        headers.insert(SIGNATURE, value(&signature)?);
        headers.insert(TIMESTAMP, value(&at.to_string())?);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        Ok(SignedDelivery { headers, body })
    }

    fn with_fields(mut self, change: impl FnOnce(&mut EventFields)) -> Self {
        if let DeliveryBody::Event(fields) = &mut self.0 {
            change(fields);
        }
        self
    }
}

impl EventFields {
    fn to_json(&self) -> Result<String, Error> {
        let mut fields = Vec::new();
        if let Some(id) = &self.id {
            fields.push(format!(r#""eventId":{}"#, json_string(id)));
        }
        fields.push(format!(r#""eventType":{}"#, json_string(&self.event_type)));
        if let Some(seconds) = self.timestamp {
            fields.push(format!(r#""timestamp":{seconds}"#));
        }
        if let Some(data) = &self.data {
            serde_json::from_str::<&RawValue>(data)
                .map_err(|error| Error::invalid("data", "is not JSON").because(error))?;
            fields.push(format!(r#""data":{data}"#));
        }
        Ok(format!("{{{}}}", fields.join(",")))
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl fmt::Debug for TestDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDelivery").finish_non_exhaustive()
    }
}

impl fmt::Debug for SignedDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedDelivery")
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn body_has_the_requested_form() {
        let data = r#"{"amount":0.10,"name":"\"ü\""}"#;
        let event = TestDelivery::new("A");
        for (delivery, body) in [
            (event.clone(), r#"{"eventType":"A"}"#),
            (
                event.clone().id("\"1\""),
                r#"{"eventId":"\"1\"","eventType":"A"}"#,
            ),
            (
                event.clone().data(data),
                r#"{"eventType":"A","data":{"amount":0.10,"name":"\"ü\""}}"#,
            ),
            (
                event.data(json_string(data)),
                r#"{"eventType":"A","data":"{\"amount\":0.10,\"name\":\"\\\"ü\\\"\"}"}"#,
            ),
            (TestDelivery::raw("no JSON").id("1"), "no JSON"),
        ] {
            let sent = delivery
                .signed(&"unit-test-key".into(), Timestamp::from_millis(17))
                .unwrap();
            assert_eq!(sent.body, body);
            assert_eq!(sent.headers[TIMESTAMP], "17");
        }
    }

    #[test]
    fn invalid_deliveries_are_not_signed() {
        let at = Timestamp::from_millis(17);
        let (key, none) = ("unit-test-key".into(), "".into());
        let delivery = TestDelivery::new("A");
        assert!(delivery.signed(&none, at).is_err());
        let error = delivery.data("{").signed(&key, at).unwrap_err();
        assert_eq!(error.to_string(), "`data`: is not JSON");
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let day = Duration::from_secs(86_400);
        let start = UNIX_EPOCH + 20_000 * day;
        // `None`: the result depends on the range of the system clock.
        for (jumps, by, expected) in [
            (
                &[3_600][..],
                day,
                Some(start + day + Duration::from_secs(3_600)),
            ),
            (
                &[-3_600],
                day,
                Some(start + day - Duration::from_secs(3_600)),
            ),
            (&[i64::MAX, i64::MAX], day, None),
            (&[i64::MIN, i64::MIN], day, None),
            (&[], Duration::MAX, Some(start)),
        ] {
            let clock = ManualClock::new(start);
            jumps.iter().for_each(|seconds| clock.jump(*seconds));
            clock.advance(by);
            let now = clock.now();
            assert!(
                expected.is_none_or(|expected| now == expected),
                "{jumps:?}: {now:?}"
            );
            assert_eq!(clock.monotonic(), by, "{jumps:?}");
            clock.advance(day);
            assert!(clock.monotonic() >= by);
        }
    }
}
