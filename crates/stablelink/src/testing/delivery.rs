//! Deliveries as the gateway would sign them.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use secrecy::SecretString;
use serde_json::value::RawValue;
use stablelink_signature::{MessageKind, SIGNATURE, SigningKey, TIMESTAMP, Timestamp};

use crate::Error;

/// A delivery in the making, to test a receiver with.
///
/// ```
/// use std::time::SystemTime;
/// use stablelink::testing::TestDelivery;
///
/// let sent = TestDelivery::of("ABNORMAL_PAYMENT")
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
pub struct TestDelivery(Form);

#[derive(Clone)]
enum Form {
    Event(Parts),
    Raw(Bytes),
}

#[derive(Clone)]
struct Parts {
    id: Option<String>,
    kind_member: String,
    kind: String,
    timestamp: Option<i64>,
    data: Option<String>,
    data_in_string: bool,
}

/// Headers and body of a delivery, as they come in.
///
/// `Debug` shows the length of the body alone.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignedDelivery {
    /// `SIGNATURE`, `TIMESTAMP` and `Content-Type`.
    pub headers: HeaderMap,
    /// The raw body.
    pub body: Bytes,
}

impl TestDelivery {
    /// A delivery of this type, in the form of W Checkout, with no id, time or data yet.
    #[must_use]
    pub fn of(kind: impl Into<String>) -> Self {
        Self(Form::Event(Parts {
            id: None,
            kind_member: "eventType".to_owned(),
            kind: kind.into(),
            timestamp: None,
            data: None,
            data_in_string: false,
        }))
    }

    /// A delivery of exactly these bytes, whatever they are; the other methods don't change it.
    #[must_use]
    pub fn raw(body: impl Into<Bytes>) -> Self {
        Self(Form::Raw(body.into()))
    }

    /// Its `eventId`.
    #[must_use]
    pub fn id(self, id: impl Into<String>) -> Self {
        self.with(|parts| parts.id = Some(id.into()))
    }

    /// Its `timestamp` member, in seconds since the epoch.
    #[must_use]
    pub fn timestamp(self, seconds: i64) -> Self {
        self.with(|parts| parts.timestamp = Some(seconds))
    }

    /// Its `data`, as JSON text that goes out as it is.
    #[must_use]
    pub fn data(self, json: impl Into<String>) -> Self {
        self.with(|parts| parts.data = Some(json.into()))
    }

    /// Writes the data as JSON text inside of a string, as some of the vendor's products do.
    #[must_use]
    pub fn data_in_string(self) -> Self {
        self.with(|parts| parts.data_in_string = true)
    }

    /// Calls the type otherwise than `eventType`: `event` and `type` are in use.
    #[must_use]
    pub fn kind_member(self, name: impl Into<String>) -> Self {
        self.with(|parts| parts.kind_member = name.into())
    }

    /// Signs it with this key at this time, a [`SystemTime`](std::time::SystemTime) or a [`Timestamp`].
    ///
    /// # Errors
    ///
    /// An empty key, data that is not JSON, a time before 1970.
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
            Form::Raw(body) => body.clone(),
            Form::Event(parts) => parts.body()?.into(),
        };
        let signature = key.sign(MessageKind::Webhook, at, [&body]).to_base64();
        let value = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|error| Error::invalid("at", "makes no header").because(error))
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

    fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        if let Form::Event(parts) = &mut self.0 {
            change(parts);
        }
        self
    }
}

impl Parts {
    fn body(&self) -> Result<String, Error> {
        let mut members = Vec::new();
        if let Some(id) = &self.id {
            members.push(format!(r#""eventId":{}"#, quoted(id)));
        }
        members.push(format!(
            "{}:{}",
            quoted(&self.kind_member),
            quoted(&self.kind)
        ));
        if let Some(seconds) = self.timestamp {
            members.push(format!(r#""timestamp":{seconds}"#));
        }
        if let Some(data) = &self.data {
            serde_json::from_str::<&RawValue>(data)
                .map_err(|error| Error::invalid("data", "is not JSON").because(error))?;
            let data = if self.data_in_string {
                quoted(data)
            } else {
                data.clone()
            };
            members.push(format!(r#""data":{data}"#));
        }
        Ok(format!("{{{}}}", members.join(",")))
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
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
    use super::*;

    #[test]
    fn bodies_have_each_form() {
        let data = r#"{"amount":0.10,"name":"\"ü\""}"#;
        let event = TestDelivery::of("A");
        for (delivery, body) in [
            (event.clone(), r#"{"eventType":"A"}"#),
            (
                event.clone().kind_member("type").id("\"1\""),
                r#"{"eventId":"\"1\"","type":"A"}"#,
            ),
            (
                event.clone().data(data),
                r#"{"eventType":"A","data":{"amount":0.10,"name":"\"ü\""}}"#,
            ),
            (
                event.data(data).data_in_string(),
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
    fn what_can_not_be_signed_is_told() {
        let at = Timestamp::from_millis(17);
        let (key, none) = ("unit-test-key".into(), "".into());
        let delivery = TestDelivery::of("A");
        assert!(delivery.signed(&none, at).is_err());
        let error = delivery.data("{").signed(&key, at).unwrap_err();
        assert_eq!(error.to_string(), "`data`: is not JSON");
    }
}
