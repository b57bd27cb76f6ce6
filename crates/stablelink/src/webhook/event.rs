//! What a delivery tells.

use std::fmt;
use std::sync::Arc;

use super::data::Data;
use super::guard::EventKey;
use super::members::Members;
use super::payload::{self, Payload};
use crate::Error;

/// What a delivery tells, of a type that this crate knows or not.
///
/// Read without judging: whatever is a JSON object is an event, and [`payload`](Self::payload) makes a type of it. All
/// members, known or not, are views of the bytes that came, exact to the digit: [`member`](Self::member).
///
/// `Debug` shows type and id, and no member.
#[derive(Clone)]
pub struct Event {
    members: Members,
    kind: Option<Box<str>>,
    id: Option<Box<str>>,
    data: Option<Data>,
    scope: Arc<str>,
}

/// What products of the vendor call the type of an event; the first that is there is taken.
const KIND: [&str; 3] = ["eventType", "event", "type"];

impl Event {
    pub(super) fn read(body: &[u8], scope: Arc<str>) -> Result<Self, Error> {
        let members = Members::read(body)?;
        Ok(Self {
            kind: KIND.iter().find_map(|name| members.word(name)),
            id: id(&members),
            data: Data::read(&members),
            members,
            scope,
        })
    }

    /// What identifies the event: its `eventId`, a text or a number. The same one may come twice.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The type as it came, such as `ABNORMAL_PAYMENT`; `None` where nothing says it.
    ///
    /// The vendor's products call it `eventType`, `event` or `type`. The first of these, in this order, that is a text
    /// and not empty counts, also where another says something else: `eventType` is the only one that a page with a
    /// body shows, and a `type` beside it may mean something else. The others are still [members](Self::member).
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// The `timestamp` member. In deliveries of W Checkout **seconds** since the epoch (and not milliseconds, as the
    /// header has it); of other products no body was seen, and so no unit. `None` of what is no integer.
    ///
    /// When the delivery was signed, which is a time to trust, is [`Verified::signed_at`](super::Verified::signed_at).
    #[must_use]
    pub fn timestamp(&self) -> Option<i64> {
        let digits = match self.members.word("timestamp") {
            Some(text) => text,
            None => self.members.get("timestamp")?.into(),
        };
        digits.parse().ok()
    }

    /// The `data` as JSON text, exact to the digit; `None` where it is missing or null.
    ///
    /// Some products write it as JSON inside of a string: where that string holds a JSON object or array, this is
    /// what it holds.
    #[must_use]
    pub fn data(&self) -> Option<&str> {
        self.data.as_ref()?.text(&self.members)
    }

    /// The JSON text of any member, known or not, as it came.
    ///
    /// ```
    /// # use stablelink::{testing::TestDelivery, webhook::Webhooks};
    /// # use std::time::SystemTime;
    /// # let (key, now) = ("unit-test-key".into(), SystemTime::now());
    /// # let sent = TestDelivery::raw(r#"{"event":"new","fee":0.10}"#).signed(&key, now)?;
    /// # let event = Webhooks::new(&key)?.verify(&sent.headers, sent.body, now)?.parse()?;
    /// assert_eq!(event.member("fee"), Some("0.10"));
    /// # Ok::<(), stablelink::Error>(())
    /// ```
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&str> {
        self.members.get(name)
    }

    /// Names and JSON texts of all members, in the order in which they came.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter()
    }

    /// The whole body as it came. It may hold personal data: keep it out of logs.
    #[must_use]
    pub fn text(&self) -> &str {
        self.members.text()
    }

    /// The data as the type that belongs to the [kind](Self::kind); [`Payload::Other`] for a kind that is not known.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode), with the path, where the data of a known kind does not have
    /// its form. The event is still whole: [`data`](Self::data) has what came.
    pub fn payload(&self) -> Result<Payload, Error> {
        payload::read(self)
    }

    /// What this event is remembered by in a [`ReplayGuard`](super::ReplayGuard).
    #[must_use]
    pub fn key(&self) -> EventKey {
        match self.id() {
            Some(id) => EventKey::of_id(&self.scope, id),
            None => EventKey::of_body(&self.scope, self.text().as_bytes()),
        }
    }
}

/// An id is a text; a number does as well, and is the same as its digits in a text.
fn id(members: &Members) -> Option<Box<str>> {
    members.word("eventId").or_else(|| {
        let text = members.get("eventId")?;
        text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
            .then(|| text.into())
    })
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(body: &str) -> Event {
        Event::read(body.as_bytes(), "".into()).unwrap()
    }

    #[test]
    fn the_type_is_found_whatever_it_is_called() {
        for (body, kind) in [
            (r#"{"eventType":"A"}"#, Some("A")),
            (r#"{"event":"B"}"#, Some("B")),
            (r#"{"type":"C"}"#, Some("C")),
            // They differ: the order decides, not the place.
            (r#"{"type":"C","event":"B","eventType":"A"}"#, Some("A")),
            (r#"{"type":"C","event":"B"}"#, Some("B")),
            // What is no word says nothing.
            (r#"{"type":"C","event":"","eventType":7}"#, Some("C")),
            (r#"{"type":{"a":1},"eventType":null}"#, None),
            (r#"{"eventType":"\u0041"}"#, Some("A")),
            (r#"{"eventType":"\ud800","type":"C"}"#, Some("C")),
            ("{}", None),
        ] {
            assert_eq!(event(body).kind(), kind, "{body}");
        }
    }

    #[test]
    fn ids_and_times_are_texts_or_numbers() {
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
    fn the_key_is_the_id_or_else_the_body() {
        let key =
            |scope: &str, body: &str| Event::read(body.as_bytes(), scope.into()).unwrap().key();
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
    fn debug_shows_no_member() {
        let shown = format!("{:?}", event(r#"{"eventId":"1","data":{"name":"Leo"}}"#));
        assert!(shown.contains("\"1\"") && !shown.contains("Leo"), "{shown}");
    }
}
