//! A value of the gateway, together with the answer that it came in.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::raw_response::RawResponse;

/// A value of the gateway, together with the answer that it came in.
///
/// It derefs to the value: its fields are read as if it were one. The envelope is gone; what it said is at
/// [`raw`](Self::raw_response). `Debug` does not show the value, which may hold personal data: print what you need of it.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    raw: RawResponse,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, raw: RawResponse) -> Self {
        Self { value, raw }
    }

    pub(crate) fn into_parts(self) -> (T, RawResponse) {
        (self.value, self.raw)
    }

    /// The value alone.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }

    /// The answer as it came: status, headers, retcode, body.
    #[must_use]
    pub const fn raw_response(&self) -> &RawResponse {
        &self.raw
    }

    /// A member of `retdata` as it came, exact to the digit, whether its type knows it or not. Reads the body anew each time.
    #[must_use]
    pub fn raw_field(&self, name: &str) -> Option<&RawValue> {
        self.raw_fields().remove(name)
    }

    /// The members of `retdata` as they came, exact to the digit; none if it is no object. Of a doubled one the last.
    #[must_use]
    pub fn raw_fields(&self) -> BTreeMap<Cow<'_, str>, &RawValue> {
        serde_json::from_slice::<Envelope<'_>>(self.raw.body())
            .ok()
            .and_then(|envelope| envelope.retdata)
            .and_then(|data| serde_json::from_str::<Members<'_>>(data.get()).ok())
            .map(|members| members.0)
            .unwrap_or_default()
    }

    /// The members of `retdata` that the type does not know, as they came: the gateway may send more than its
    /// pages show.
    #[must_use]
    pub fn unknown_fields(&self) -> BTreeMap<Cow<'_, str>, &RawValue>
    where
        T: DeserializeOwned,
    {
        let mut members = self.raw_fields();
        let Some(data) = serde_json::from_slice::<Envelope<'_>>(self.raw.body())
            .ok()
            .and_then(|envelope| envelope.retdata)
        else {
            return members;
        };
        let mut unknown = Vec::new();
        let json = &mut serde_json::Deserializer::from_str(data.get());
        // The value was read from it once: this only asks which members were passed over.
        let _: Result<T, _> =
            serde_ignored::deserialize(json, |path| unknown.push(path.to_string()));
        members.retain(|name, _| unknown.iter().any(|path| path == name));
        members
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    retdata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Members<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, &'a RawValue>);

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
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use stablelink_api::types::{CheckoutOrder, CheckoutOrderEnvelope};

    use super::*;

    fn answer(body: &'static str) -> Response<CheckoutOrder> {
        let envelope: CheckoutOrderEnvelope = serde_json::from_str(body).unwrap();
        let raw = RawResponse::new(
            StatusCode::OK,
            HeaderMap::new(),
            Bytes::from_static(body.as_bytes()),
        );
        Response::new(envelope.retdata.unwrap(), raw)
    }

    #[test]
    fn what_the_type_does_not_know_is_kept_to_the_digit() {
        let answer = answer(
            r#"{"retcode":"200","retdata":{"orderNo":"7","orderAmount":123.45,"new":12345678901234567890.120,"deep":{"a": 1.0},"esc\u0061ped":[]}}"#,
        );
        assert_eq!(answer.order_no.as_deref(), Some("7"));
        let unknown: Vec<(String, &str)> = answer
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
        assert_eq!(answer.raw_field("orderAmount").unwrap().get(), "123.45");
        assert!(answer.raw_field("nothing").is_none());
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let shown = format!(
            "{:?}",
            answer(r#"{"retcode":"200","retdata":{"orderNo":"hidden"}}"#)
        );
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
