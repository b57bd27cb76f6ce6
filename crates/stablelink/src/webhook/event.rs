//! The event in a delivery.

use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::deduplicator::EventKey;
use super::payload::{self, EventPayload};
use crate::error::{DecodeError, Error, ErrorKind};
use crate::raw_object::RawObject;

/// The event in a delivery, of a known or an unknown type.
///
/// Every JSON object is an event; [`payload`](Self::payload) converts its data to a type. All fields, known or not, are parts of
/// the received body, exact to the digit: [`field`](Self::field).
///
/// `Debug` shows the type and the id only.
#[derive(Clone)]
pub struct WebhookEvent {
    fields: RawObject,
    event_type: Option<Box<str>>,
    id: Option<Box<str>>,
    data: Option<EventData>,
    scope: Arc<str>,
}

/// The location of the `data` of an event.
#[derive(Clone)]
enum EventData {
    /// The field itself.
    Field,
    /// JSON in a string, whose escapes are decoded here.
    InString(Box<str>),
}

/// The fields that may hold the type of an event, in order of precedence.
const EVENT_TYPE: [&str; 3] = ["eventType", "event", "type"];

const DATA: &str = "data";

impl WebhookEvent {
    pub(super) fn read(body: &[u8], scope: Arc<str>) -> Result<Self, Error> {
        let fields = RawObject::parse(body).map_err(decode_error)?;
        let data = fields
            .get(DATA)
            .filter(|json| *json != "null")
            .map(|json| json_in_string(json).map_or(EventData::Field, EventData::InString));
        Ok(Self {
            event_type: EVENT_TYPE
                .iter()
                .find_map(|name| fields.non_empty_string(name)),
            id: id(&fields),
            data,
            fields,
            scope,
        })
    }

    /// Returns the `eventId`, a string or a number. Several deliveries may have the same one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the type, such as `ABNORMAL_PAYMENT`; `None` if no field holds it.
    ///
    /// The products of the vendor use the names `eventType`, `event` and `type`. The first of them, in this order, that is
    /// a non-empty string is used, even if the others have different values: `eventType` is the only one in a documented body,
    /// and a `type` next to it may mean something else. All of them are available as [fields](Self::field).
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        self.event_type.as_deref()
    }

    /// Returns the field `timestamp`; `None` if it is not an integer. In deliveries of W Checkout it is in **seconds** since
    /// 1970, unlike the header, which is in milliseconds. The unit for other products is unknown: no body is documented.
    ///
    /// The trusted time of signing is [`VerifiedDelivery::signed_at`](super::VerifiedDelivery::signed_at).
    #[must_use]
    pub fn timestamp(&self) -> Option<i64> {
        let digits = match self.fields.non_empty_string("timestamp") {
            Some(text) => text,
            None => self.fields.get("timestamp")?.into(),
        };
        digits.parse().ok()
    }

    /// Returns the field `data` as JSON, exact to the digit; `None` if it is missing or null.
    ///
    /// Some products send JSON inside a string. If that string holds a JSON object or array, this is its content.
    #[must_use]
    pub fn data(&self) -> Option<&str> {
        match self.data.as_ref()? {
            EventData::Field => self.fields.get(DATA),
            EventData::InString(json) => Some(json),
        }
    }

    /// Returns the JSON of any field, known or not, as received.
    ///
    /// ```
    /// # use stablelink::{testing::TestDelivery, webhook::WebhookVerifier};
    /// # use std::time::SystemTime;
    /// # let (key, now) = ("unit-test-key".into(), SystemTime::now());
    /// # let sent = TestDelivery::raw(r#"{"event":"new","fee":0.10}"#).signed(&key, now)?;
    /// # let event = WebhookVerifier::new(&key)?.verify(&sent.headers, sent.body, now)?.parse()?;
    /// assert_eq!(event.field("fee"), Some("0.10"));
    /// # Ok::<(), stablelink::Error>(())
    /// ```
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }

    /// Returns the names and the JSON of all fields, in the order of the body.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter()
    }

    /// Returns the body. It may contain personal data: do not log it.
    #[must_use]
    pub fn text(&self) -> &str {
        self.fields.text()
    }

    /// Converts the data to the type of the [event type](Self::event_type); [`EventPayload::Other`] for an unknown event type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode), with the path, if the data of a known type does not have the
    /// documented form. [`data`](Self::data) still returns it.
    pub fn payload(&self) -> Result<EventPayload, Error> {
        payload::read(self)
    }

    /// Returns the key of this event in a [`Deduplicator`](super::Deduplicator).
    #[must_use]
    pub fn key(&self) -> EventKey {
        match self.id() {
            Some(id) => EventKey::from_id(&self.scope, id),
            None => EventKey::from_body(&self.scope, self.text().as_bytes()),
        }
    }
}

pub(super) fn decode_error(error: DecodeError) -> Error {
    Error::new(ErrorKind::Decode(error.of_delivery()))
}

/// Reads the id. A number equals the string with the same digits.
fn id(fields: &RawObject) -> Option<Box<str>> {
    fields.non_empty_string("eventId").or_else(|| {
        let text = fields.get("eventId")?;
        text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
            .then(|| text.into())
    })
}

/// Returns the JSON object or array in a JSON string; `None` for a string with other content.
pub(super) fn json_in_string(json: &str) -> Option<Box<str>> {
    let inner: String = serde_json::from_str(json).ok()?;
    let inner = inner.trim_matches([' ', '\t', '\r', '\n']);
    let is_json = inner.starts_with(['{', '[']) && serde_json::from_str::<&RawValue>(inner).is_ok();
    is_json.then(|| inner.into())
}

impl fmt::Debug for WebhookEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookEvent")
            .field("event_type", &self.event_type)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(body: &str) -> WebhookEvent {
        WebhookEvent::read(body.as_bytes(), "".into()).unwrap()
    }

    #[test]
    fn event_type_is_read_from_each_known_field() {
        for (body, kind) in [
            (r#"{"eventType":"A"}"#, Some("A")),
            (r#"{"event":"B"}"#, Some("B")),
            (r#"{"type":"C"}"#, Some("C")),
            // Different values: the order of the names decides, not the order in the body.
            (r#"{"type":"C","event":"B","eventType":"A"}"#, Some("A")),
            (r#"{"type":"C","event":"B"}"#, Some("B")),
            // A value that is not a non-empty string is ignored.
            (r#"{"type":"C","event":"","eventType":7}"#, Some("C")),
            (r#"{"type":{"a":1},"eventType":null}"#, None),
            (r#"{"eventType":"\u0041"}"#, Some("A")),
            (r#"{"eventType":"\ud800","type":"C"}"#, Some("C")),
            ("{}", None),
        ] {
            assert_eq!(event(body).event_type(), kind, "{body}");
        }
    }

    #[test]
    fn id_and_timestamp_are_strings_or_numbers() {
        for (body, id, time) in [
            (
                r#"{"eventId":"evt_1","timestamp":1758701681}"#,
                Some("evt_1"),
                Some(1_758_701_681),
            ),
            (r#"{"eventId":7,"timestamp":"17"}"#, Some("7"), Some(17)),
            (r#"{"eventId":"","timestamp":1.5}"#, None, None),
            (r#"{"eventId":null,"timestamp":null}"#, None, None),
            (r#"{"eventId":{},"timestamp":[]}"#, None, None),
            (r#"{"eventId":true,"timestamp":"soon"}"#, None, None),
            (
                r#"{"eventId":12345678901234567890123,"timestamp":99999999999999999999}"#,
                Some("12345678901234567890123"),
                None,
            ),
        ] {
            let event = event(body);
            assert_eq!((event.id(), event.timestamp()), (id, time), "{body}");
        }
    }

    #[test]
    fn key_is_the_id_or_else_the_body() {
        let key = |scope: &str, body: &str| {
            WebhookEvent::read(body.as_bytes(), scope.into())
                .unwrap()
                .key()
        };
        let one = r#"{"eventId":"1","data":1}"#;
        assert_eq!(key("", one), key("", r#"{"eventId":"1","data":2}"#));
        assert_eq!(key("", one), key("", r#"{"eventId":1}"#));
        let others = [
            key("", one),
            key("sandbox", one),
            key("", r#"{"eventId":"2"}"#),
            key("", r#"{"data":1}"#),
            key("", r#"{"data":1} "#),
            key("sandbox", r#"{"data":1}"#),
        ];
        for (index, key) in others.iter().enumerate() {
            assert_eq!(others.iter().position(|other| other == key), Some(index));
        }
    }

    #[test]
    fn debug_shows_no_data() {
        let shown = format!("{:?}", event(r#"{"eventId":"1","data":{"name":"Leo"}}"#));
        assert!(shown.contains("\"1\"") && !shown.contains("Leo"), "{shown}");
    }

    #[test]
    fn json_in_a_string_is_decoded_once_and_exactly() {
        for (member, data) in [
            (r#"{"a":0.10}"#, Some(r#"{"a":0.10}"#)),
            (r#""{\"a\":0.10}""#, Some(r#"{"a":0.10}"#)),
            (
                r#""{\"a\":12345678901234567890.12}""#,
                Some(r#"{"a":12345678901234567890.12}"#),
            ),
            (r#"" [1e400]\n""#, Some("[1e400]")),
            (r#""\u007b\u007d""#, Some("{}")),
            // Only the outer string is decoded.
            (r#""\"{}\"""#, Some(r#""\"{}\"""#)),
            (r#""SUCCESS""#, Some(r#""SUCCESS""#)),
            (r#""7""#, Some(r#""7""#)),
            (r#""{\"cut\"""#, Some(r#""{\"cut\"""#)),
            (r#""{} {}""#, Some(r#""{} {}""#)),
            (r#""\ud800""#, Some(r#""\ud800""#)),
            (r#""""#, Some(r#""""#)),
            ("7", Some("7")),
            ("null", None),
        ] {
            let body = format!(r#"{{"data":{member}}}"#);
            assert_eq!(event(&body).data(), data, "{member}");
        }
    }
}
