//! Responses of the gateway: [`RawResponse`] is the unparsed response, and [`Response`] adds the parsed value.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use stablelink_api::operations::{OperationInfo, RetrySafety};

use crate::error::{CallPhase, DecodeError, Error, ErrorKind};
use crate::lenient::LenientRecord;
use crate::raw_object::borrowed_fields;

/// The retcode of a success, an integer on some pages and a string on others.
pub(crate) const SUCCESS: &str = "200";

/// An unparsed response: the status, the headers and the bytes of the body.
///
/// Clones are cheap. `Debug` shows only the status and the length, because headers and bodies contain tokens and personal
/// data.
#[derive(Clone)]
pub struct RawResponse(Arc<RawParts>);

#[derive(Clone)]
struct RawParts {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    retcode: Option<String>,
    /// The range of `retdata` within [`RawResponse::json`].
    retdata: Option<Range<usize>>,
}

impl RawResponse {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self(Arc::new(RawParts {
            status,
            headers,
            body,
            retcode: None,
            retdata: None,
        }))
    }

    /// Sets what the envelope contains. `retdata` is a range of [`json`](Self::json).
    pub(crate) fn with_envelope(
        mut self,
        retcode: Option<String>,
        retdata: Option<Range<usize>>,
    ) -> Self {
        let parts = Arc::make_mut(&mut self.0);
        parts.retcode = retcode;
        parts.retdata = retdata;
        self
    }

    pub(crate) fn without_body(mut self) -> Self {
        let parts = Arc::make_mut(&mut self.0);
        parts.body = Bytes::new();
        parts.retdata = None;
        self
    }

    /// Returns the HTTP status. A rejection may have the status 200.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Returns the headers, including the signature of the gateway if it sent one.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Returns the body as received, without its transfer encoding. If an error response was interrupted or too long, this
    /// is the part that was read. It may contain personal data: do not log it.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// Returns the body without the byte order mark that some servers send before JSON.
    pub(crate) fn json(&self) -> &[u8] {
        let body: &[u8] = &self.0.body;
        body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
    }

    /// Returns the `retcode` of the envelope as a string, regardless of its JSON type; `None` if the body is not an
    /// envelope.
    #[must_use]
    pub fn retcode(&self) -> Option<&str> {
        self.0.retcode.as_deref()
    }

    /// Returns the JSON text of `retdata`; `None` if it is missing or null.
    pub(crate) fn retdata(&self) -> Option<&str> {
        let json = self.json().get(self.0.retdata.clone()?)?;
        std::str::from_utf8(json).ok()
    }

    pub(crate) fn is_success(&self) -> bool {
        self.retcode() == Some(SUCCESS)
    }

    /// Returns the ID that the gateway, or a proxy in front of it, assigned to the request, for questions to the vendor's
    /// support. Inferred: no such header is documented.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        REQUEST_ID_HEADERS
            .iter()
            .find_map(|name| self.0.headers.get(*name))
            .and_then(|value| value.to_str().ok())
    }
}

/// The usual headers for the ID of a request.
const REQUEST_ID_HEADERS: [&str; 4] =
    ["x-request-id", "x-trace-id", "trace-id", "x-correlation-id"];

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse")
            .field("status", &self.0.status.as_u16())
            .field("bytes", &self.0.body.len())
            .finish_non_exhaustive()
    }
}

/// A value of the gateway with the response that contained it.
///
/// It dereferences to the value, so that the fields of the value can be read directly. The envelope is removed; its parts
/// are in [`raw_response`](Self::raw_response). `Debug` omits the value, which may contain personal data.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    unreadable: Vec<String>,
    raw: RawResponse,
    /// The JSON of a record that is an element of a list; `None` if the record is `retdata`.
    record: Option<Box<RawValue>>,
    /// Whether an earlier call created the record.
    is_existing: bool,
}

impl<T> Response<T> {
    pub(crate) fn new(record: impl Into<LenientRecord<T>>, raw: RawResponse) -> Self {
        let LenientRecord { value, unreadable } = record.into();
        Self {
            value,
            unreadable,
            raw,
            record: None,
            is_existing: false,
        }
    }

    /// Marks the record as one that an earlier call created.
    pub(crate) fn existing(mut self) -> Self {
        self.is_existing = true;
        self
    }

    pub(crate) const fn is_existing(&self) -> bool {
        self.is_existing
    }

    /// Sets the record whose fields [`raw_field`](Self::raw_field) returns, if it is a part of `retdata`.
    #[cfg(feature = "provisional")]
    pub(crate) fn with_record(mut self, record: Box<RawValue>) -> Self {
        self.record = Some(record);
        self
    }

    /// Returns the value without the response.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }

    /// Returns the response as received: status, headers, retcode and body.
    #[must_use]
    pub const fn raw_response(&self) -> &RawResponse {
        &self.raw
    }

    /// Returns the paths of the fields that the response has, but not in their documented form, such as
    /// `retdata.createdTime`. They are `None` in the value, like missing fields; [`raw_field`](Self::raw_field) returns them
    /// as received. If the requested amount cannot be read, the call fails instead. Check that a status that you need is not
    /// one of them.
    #[must_use]
    pub fn unreadable_fields(&self) -> &[String] {
        &self.unreadable
    }

    /// Returns the value of a field that the caller needs, or an error with the path of the field.
    pub(crate) fn need<V>(
        &self,
        operation: &'static OperationInfo,
        field: &str,
        value: Option<V>,
    ) -> Result<V, Error> {
        value.ok_or_else(|| {
            let suffix = format!(".{field}");
            let unreadable = self.unreadable.iter().find(|path| path.ends_with(&suffix));
            let error = match unreadable {
                Some(path) => {
                    DecodeError::new(path.as_str(), "it does not have its documented form")
                }
                None => DecodeError::new(format!("retdata{suffix}"), "it is missing"),
            };
            let phase = match operation.retry {
                RetrySafety::Safe => CallPhase::Read,
                _ => CallPhase::Write,
            };
            Error::new(ErrorKind::Decode(error))
                .during(operation.id, 1)
                .in_phase(phase)
                .with_response(self.raw.clone())
        })
    }

    /// Returns a field of `retdata`, or of the record of a list, as received, with all digits, even if the type of the value
    /// does not have it. If a name occurs twice, the last field wins. Each call parses the record again.
    #[must_use]
    pub fn raw_field(&self, name: &str) -> Option<&RawValue> {
        self.raw_fields().remove(name)
    }

    fn raw_fields(&self) -> BTreeMap<Cow<'_, str>, &RawValue> {
        self.data()
            .and_then(|data| borrowed_fields(data).ok())
            .into_iter()
            .flatten()
            .collect()
    }

    fn data(&self) -> Option<&str> {
        match &self.record {
            Some(record) => Some(record.get()),
            None => self.raw.retdata(),
        }
    }

    /// Returns the fields of `retdata` that the type of the value does not have: the gateway may send more than its pages
    /// show.
    #[must_use]
    pub fn unknown_fields(&self) -> BTreeMap<Cow<'_, str>, &RawValue>
    where
        T: DeserializeOwned,
    {
        let mut fields = self.raw_fields();
        // Each field is parsed on its own: parsing the record would end at the first unreadable field.
        fields.retain(|name, value| {
            let json = format!("{{{}:{value}}}", serde_json::Value::from(&**name));
            let mut is_unknown = false;
            // The result does not matter: required fields are missing.
            let _: Result<T, _> = serde_ignored::deserialize(
                &mut serde_json::Deserializer::from_str(&json),
                |path| is_unknown |= path.to_string() == *name,
            );
            is_unknown
        });
        fields
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("raw", &self.raw)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use stablelink_api::types::{CheckoutOrder, CheckoutOrderEnvelope};

    use super::*;
    use crate::account::KnownSecrets;
    use crate::call::classify;

    impl RawResponse {
        /// Returns a response with the status 200 and this body, classified.
        pub(crate) fn classified(body: impl Into<Bytes>) -> Self {
            let raw = Self::new(StatusCode::OK, HeaderMap::new(), body.into());
            let (raw, _) = classify(raw, SystemTime::UNIX_EPOCH, &KnownSecrets::default());
            raw
        }
    }

    fn response(body: &'static str) -> Response<CheckoutOrder> {
        let envelope: CheckoutOrderEnvelope = serde_json::from_str(body).unwrap();
        Response::new(envelope.retdata.unwrap(), RawResponse::classified(body))
    }

    #[test]
    fn unknown_fields_keep_all_digits() {
        let response = response(
            r#"{"retcode":"200","retdata":{"orderNo":"7","orderAmount":123.45,"new":12345678901234567890.120,"deep":{"a": 1.0},"esc\u0061ped":[]}}"#,
        );
        assert_eq!(response.order_no.as_deref(), Some("7"));
        let unknown: Vec<(String, &str)> = response
            .unknown_fields()
            .into_iter()
            .map(|(name, value)| (name.into_owned(), value.get()))
            .collect();
        assert_eq!(
            unknown,
            [
                ("deep".to_owned(), r#"{"a": 1.0}"#),
                ("escaped".to_owned(), "[]"),
                ("new".to_owned(), "12345678901234567890.120"),
            ]
        );
        assert_eq!(response.raw_field("orderAmount").unwrap().get(), "123.45");
        assert!(response.raw_field("nothing").is_none());
    }

    #[test]
    fn unreadable_field_does_not_hide_unknown_fields() {
        let json = r#"{"retcode":"200","retdata":{"createdTime":7,"ne\u0022w":1.0,"orderNo":"7"}}"#;
        let response = Response::new(CheckoutOrder::default(), RawResponse::classified(json));
        let unknown = response.unknown_fields();
        let names: Vec<_> = unknown.keys().collect();
        assert_eq!(names, ["ne\"w"]);
    }

    #[test]
    fn debug_hides_value() {
        let response = response(r#"{"retcode":"200","retdata":{"orderNo":"hidden"}}"#);
        let debug = format!("{response:?}");
        assert!(!debug.contains("hidden"), "{debug}");
    }
}
